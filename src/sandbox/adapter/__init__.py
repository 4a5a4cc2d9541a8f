"""A local AWS for `migrate --sandbox`: moto, with the behaviour that a migration needs and moto leaves out.

The package runs as `python -m adapter`. Every `install(clock)` of a service file changes moto's
classes in this process; the middleware counts calls and injects latency, throttling and faults.
"""
