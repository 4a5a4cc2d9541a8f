"""The service files, each with `install(clock)`: they change moto's classes in this process."""

from importlib import import_module
from pkgutil import iter_modules

from .clock import Clock

# Everything in the package that isn't part of the frame is a service file.
FRAME = {
    "__main__", "account", "calls", "cbor", "clock", "control", "errors", "faults",
    "middleware", "naming", "patching", "seed", "seed_client", "seed_data", "seed_database", "seed_legacy", "server",
    "services",
}


def install_all(clock: Clock) -> None:
    """Installs every service file of the package that has an `install`."""
    for module in sorted(iter_modules(import_module(__package__).__path__), key=lambda m: m.name):
        if module.name in FRAME:
            continue
        loaded = import_module(f"{__package__}.{module.name}")
        if hasattr(loaded, "install"):
            loaded.install(clock)
