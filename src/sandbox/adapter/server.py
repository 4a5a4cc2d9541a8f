"""Builds the application and serves it on loopback."""

import datetime
import fcntl
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from . import services
from .calls import CallLog
from .clock import Clock
from .control import Control
from .db_fleet import FLEET
from .faults import Faults
from .middleware import Middleware


class Handler(MotoRequestHandler):
    """HTTP/1.1, and no line in the log for every call."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    clock: Clock

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The header `Date` is by AWS's clock."""
        return super().date_time_string(self.clock.date().timestamp() if timestamp is None else timestamp)

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """The call log of the control address has it."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """A connection dropped on purpose isn't read from again."""
        self.close_connection = True


def serve(
    port: int, home: Path, speed: float, name: str, ready: Callable[[], None], databases: str, megabytes: int,
) -> None:
    """Runs until it is told to stop. `home/endpoint.json` is there while calls are answered.

    `home/lock` is held for as long as the process lives: whoever gets it knows that it is gone.
    """
    home.mkdir(parents=True, exist_ok=True)
    held = (home / "lock").open("w")
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    clock, calls, faults, lock = Clock(speed), CallLog(), Faults(), threading.RLock()
    Handler.clock = clock
    clock.show()
    FLEET.configure(databases, home, megabytes)
    services.install_all(clock)
    app = DomainDispatcherApplication(create_backend_app)
    app.debug = True  # moto's errors reach the middleware, which logs them
    control = Control(clock, calls, faults, lock, app)
    server = make_server(
        "127.0.0.1", port, Middleware(app, calls, faults, control, lock), threaded=True, request_handler=Handler
    )
    server.daemon_threads = True
    control.endpoint = {
        "endpoint": f"http://127.0.0.1:{server.port}",
        "port": server.port,
        "version": name,
        "started_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }
    control.stop = lambda: threading.Thread(target=server.shutdown).start()
    _announce(home, {"pid": os.getpid(), "speed": speed, **control.endpoint})
    ready()
    try:
        server.serve_forever()
    finally:
        (home / "endpoint.json").unlink(missing_ok=True)
        FLEET.close()


def _announce(home: Path, endpoint: dict[str, Any]) -> None:
    draft = home / f".endpoint.{os.getpid()}"
    draft.write_text(json.dumps(endpoint))
    draft.replace(home / "endpoint.json")
