"""The WSGI layer before moto: account, counting, latency, faults, CloudWatch's protocol.

Moto has no locks of its own. Every call into it runs under one lock, so that a call's effect is
atomic (S3's conditional writes, Route 53's batches); injected waits happen outside.
"""

import io
import socket
import struct
import threading
import time
import traceback
from typing import Any

from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

from . import cbor
from .account import account_of
from .calls import CallLog
from .control import Control
from .errors import ApiError, protocol_of, render, throttle
from .faults import Faults, Rule
from .naming import name_request


class Middleware:
    """Wraps moto's WSGI application."""

    def __init__(self, app: Any, calls: CallLog, faults: Faults, control: Control, lock: threading.RLock) -> None:
        self.app, self.calls, self.faults, self.control, self.lock = app, calls, faults, control, lock

    def __call__(self, environ: dict, start_response: Any) -> Any:
        body = get_input_stream(environ).read()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("wsgi.input_terminated", None)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if environ["PATH_INFO"].startswith("/_sandbox/"):
            return self.control.answer(environ, body)(environ, start_response)
        return self._aws(environ, body)(environ, start_response)

    def _aws(self, environ: dict, body: bytes) -> Response:
        account = account_of(environ.get("HTTP_AUTHORIZATION"))
        if account:
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        service, operation = name_request(environ, body)
        call = self.calls.begin(service, operation, account)
        protocol = protocol_of(environ, service)
        rule = self.faults.hit(service, operation)
        time.sleep(self.faults.latency(service, operation))
        try:
            if rule:
                call.fault = rule.kind
            if rule and rule.when == "before":
                response = _inject(rule, environ, service, protocol)
            else:
                response = self._moto(environ, service, protocol)
                if rule:
                    response = _inject(rule, environ, service, protocol)
            call.status = response.status_code
            return response
        finally:
            call.end = time.monotonic()

    def _moto(self, environ: dict, service: str, protocol: str) -> Response:
        try:
            with self.lock:
                if protocol == "cbor":
                    return cbor.forward(self.app, environ)
                return Response.from_app(self.app, environ, buffered=True)
        except ApiError as error:
            return _error(error, service, protocol)
        except NotImplementedError as error:  # not worth a retry
            code = "UnknownOperationException" if protocol == "json" else "InvalidAction"
            return _error(ApiError(code, f"the sandbox doesn't have this call: {error}"), service, protocol)
        except Exception as error:  # a gap in moto or here: the log has the trace, the caller the reason
            traceback.print_exc()
            return _error(ApiError("InternalFailure", f"sandbox: {error!r}", 500), service, protocol)


def _error(error: ApiError, service: str, protocol: str) -> Response:
    status, headers, body = render(error, protocol, service)
    return Response(body, status=status, headers=headers)


def _inject(rule: Rule, environ: dict, service: str, protocol: str) -> Response:
    if rule.kind == "timeout":
        time.sleep(rule.seconds)
    if rule.kind in ("reset", "timeout", "lost_reply"):
        connection = environ["werkzeug.socket"]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        raise ConnectionResetError("the sandbox dropped this connection on purpose")
    errors = {
        "500": ApiError("InternalFailure", rule.message, 500),
        "503": ApiError("ServiceUnavailable", rule.message, 503),
        "error": ApiError(rule.code, rule.message, rule.status),
    }
    return _error(errors.get(rule.kind) or throttle(service, protocol), service, protocol)
