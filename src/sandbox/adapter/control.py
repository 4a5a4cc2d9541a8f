"""The control address `/_sandbox/`: status, calls, reset, latency, faults, speed, advance, clock, quirks, seed,
databases, crash, stop-server, start-server, stop. Other files add theirs with `route`."""

import json
import os
import threading
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from werkzeug.wrappers import Response

from . import patching, quirks, seed, seed_client
from .calls import CallLog
from .clock import Clock
from .db_fleet import FLEET
from .ecs_agenda import agenda
from .faults import Faults

_MORE: dict[tuple[str, str], Callable[["Control", dict], Any]] = {}


def route(method: str, name: str) -> Callable[[Callable], Callable]:
    """Decorator: answers `method /_sandbox/name` by `f(control, asked)`, `asked` being the body or the query.

    It runs like a call to AWS: alone, and with the world as it is by now.
    """

    def decorate(function: Callable[["Control", dict], Any]) -> Callable:
        _MORE[method, name] = function
        return function

    return decorate


class Control:
    """Answers requests whose path begins with `/_sandbox/`, in JSON."""

    def __init__(self, clock: Clock, calls: CallLog, faults: Faults, lock: threading.RLock, app: Any) -> None:
        self.clock, self.calls, self.faults, self.lock = clock, calls, faults, lock
        self.endpoint: dict[str, Any] = {}
        self.stop: Callable[[], None] = lambda: None
        self.seeds = seed.Seeds(seed_client.clients(app))
        self._routes: dict[tuple[str, str], Callable[[dict], Any]] = {
            ("GET", "status"): lambda _: self._status(),
            ("GET", "calls"): lambda _: {"calls": self.calls.calls()},
            ("POST", "reset-calls"): lambda _: self.calls.reset(),
            ("POST", "reset"): lambda _: self._reset(),
            ("POST", "latency"): self._latency,
            ("POST", "faults"): lambda body: self.faults.add(body["rules"] if "rules" in body else [body]),
            ("DELETE", "faults"): lambda _: self.faults.clear(),
            ("POST", "speed"): lambda body: self.clock.set_speed(float(body["speed"])),
            ("POST", "advance"): self._advance,
            ("POST", "clock"): lambda body: self.clock.set_ahead(body["ahead"]),
            ("POST", "seed"): self._seed,
            ("POST", "databases"): lambda body: FLEET.settle(float(body.get("seconds", 0))),
            ("POST", "crash"): lambda body: FLEET.crash(body["city"], body["role"]),
            ("POST", "quirks"): quirks.put,
            ("POST", "stop-server"): lambda body: FLEET.halt(body["city"], body["role"]),
            ("POST", "start-server"): lambda body: FLEET.resume(body["city"], body["role"]),
            ("POST", "stop"): lambda _: None,
        }

    def answer(self, environ: dict, body: bytes) -> Response:
        name = environ["PATH_INFO"].removeprefix("/_sandbox/").strip("/")
        key = (environ["REQUEST_METHOD"], name)
        if key not in self._routes and key not in _MORE:
            known = ", ".join(f"{method} {path}" for method, path in [*self._routes, *_MORE])
            return _json({"error": f"no such control; there are: {known}"}, 404)
        try:
            asked = json.loads(body) if body else dict(parse_qsl(environ.get("QUERY_STRING", "")))
            result = self._routes[key](asked) if key in self._routes else self._more(key, asked)
        except (KeyError, TypeError, ValueError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 400)
        except Exception as error:  # the log has the trace
            traceback.print_exc()
            return _json({"error": f"{type(error).__name__}: {error}"}, 500)
        response = _json({"ok": True} if result is None else result)
        if name == "stop":
            response.call_on_close(self.stop)  # not before the answer is on its way
        return response

    def _more(self, key: tuple[str, str], asked: dict) -> Any:
        with self.lock:
            agenda.run()
            return _MORE[key](self, asked)

    def _status(self) -> dict[str, Any]:
        counts = self.calls.counts()
        return {
            **self.endpoint,
            "pid": os.getpid(),
            "speed": self.clock.speed,
            "clock": {"ahead": self.clock.ahead, "date": self.clock.date().isoformat(timespec="milliseconds")},
            "calls": {"total": sum(counts.values()), "by_operation": counts},
            "latency": self.faults.latencies(),
            "rules": self.faults.rules(),
            "quirks": dict(quirks.QUIRKS),
            "cities": self.seeds.status(),
            "databases": FLEET.status(),
        }

    def _advance(self, body: dict) -> None:
        with self.lock:
            self.clock.advance(float(body["seconds"]))
            agenda.run()

    def _latency(self, body: dict) -> None:
        self.faults.set_latency(float(body["seconds"]), body.get("service"), body.get("operation"))

    def _seed(self, body: dict) -> dict[str, Any]:
        with self.lock:
            return self.seeds.plant(body)

    def _reset(self) -> None:
        with self.lock:
            BackendDict.reset()
            reset_model_data()
            patching.run_resets()
            self.seeds.forget()
            self.faults.reset()
            self.calls.reset()
            self.clock.set_ahead(0)


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, mimetype="application/json")
