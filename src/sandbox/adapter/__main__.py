"""`python -m adapter --port 0 --home DIR --speed 60`"""

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
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Nothing in this process may ever reach a real account.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    from .server import serve  # moto reads the environment when it is imported

    serve(arguments.port, arguments.home, arguments.speed)


if __name__ == "__main__":
    main()
