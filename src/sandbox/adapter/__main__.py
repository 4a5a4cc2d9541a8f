"""`python -m adapter --port 0 --home DIR --speed 60 [--detach]`"""

import argparse
import os
import signal
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="adapter", description="A local AWS on loopback")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--home", type=Path, required=True, help="folder for endpoint.json")
    parser.add_argument("--speed", type=float, default=60.0, help="AWS's seconds per real second")
    parser.add_argument("--name", default="source", help="what status gives as the version")
    parser.add_argument("--detach", action="store_true", help="go on in the background, return when ready")
    parser.add_argument("--databases", choices=["off", "auto", "on"], default="off",
                        help="real servers behind databases: auto starts those that are installed")
    parser.add_argument("--megabytes", type=int, default=20, help="size of a city's legacy database")
    arguments = parser.parse_args()
    ready = _detach() if arguments.detach else (lambda: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Nothing in this process may ever reach a real account.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    from .server import serve  # moto reads the environment when it is imported

    try:
        serve(arguments.port, arguments.home, arguments.speed, arguments.name, ready, arguments.databases,
              arguments.megabytes)
    except SystemExit:  # SIGTERM
        pass
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # without taking moto's millions of objects apart, which takes seconds


def _detach():
    """Leaves the caller's session; returns the function that lets the caller go on.

    The caller's process ends with 0 when that function is called, and with 1 if this one dies
    before: it waits at the other end of a pipe.
    """
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os._exit(0 if os.read(reader, 1) else 1)
    os.close(reader)
    os.setsid()

    def ready() -> None:
        os.write(writer, b"1")
        os.close(writer)

    return ready


if __name__ == "__main__":
    main()
