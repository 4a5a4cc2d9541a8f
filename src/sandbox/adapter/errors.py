"""Errors in the shape that each of AWS's wire protocols gives them."""

import json
from functools import lru_cache
from xml.sax.saxutils import escape

from botocore.session import get_session

from . import cbor

REQUEST_ID = "00000000-0000-4000-8000-5a4e0b070000"
# What a service answers when it is asked too often: (code, status); the rest by protocol.
_THROTTLES = {
    "ec2": ("RequestLimitExceeded", 503),
    "s3": ("SlowDown", 503),
    "cloudwatch": ("Throttling", 400),
}


class ApiError(Exception):
    """An answer that isn't a success: raised anywhere below the middleware."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def throttle(service: str, protocol: str) -> ApiError:
    """The error with which `service` refuses a call that came too fast."""
    default = "ThrottlingException" if protocol.startswith("json") else "Throttling"
    code, status = _THROTTLES.get(service, (default, 400))
    return ApiError(code, "Rate exceeded", status)


@lru_cache
def _model_protocol(service: str) -> str:
    try:
        return get_session().get_service_model(service).metadata["protocol"]
    except Exception:  # a service that botocore doesn't know
        return "query"


def protocol_of(environ: dict, service: str) -> str:
    """cbor, json, ec2, query, rest-xml or rest-json: what this request speaks."""
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return "cbor"
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    if "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        return "ec2" if service == "ec2" else "query"
    return _model_protocol(service)


def render(error: ApiError, protocol: str, service: str) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of an error."""
    kind = "Sender" if error.status < 500 else "Receiver"
    if protocol == "cbor":
        body = cbor.encode({"__type": f"com.amazonaws.{service}#{error.code}", "message": error.message})
        return error.status, {
            "Content-Type": "application/cbor",
            "smithy-protocol": "rpc-v2-cbor",
            "x-amzn-query-error": f"{error.code};{kind}",
            "x-amzn-RequestId": REQUEST_ID,
        }, body
    if protocol in ("json", "rest-json"):
        body = json.dumps({"__type": error.code, "message": error.message}).encode()
        return error.status, {
            "Content-Type": "application/x-amz-json-1.1",
            "x-amzn-ErrorType": error.code,
            "x-amzn-RequestId": REQUEST_ID,
        }, body
    code, message = escape(error.code), escape(error.message)
    if protocol == "ec2":
        text = (f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>"
                f"</Errors><RequestID>{REQUEST_ID}</RequestID></Response>")
    elif service == "s3":
        text = (f"<Error><Code>{code}</Code><Message>{message}</Message>"
                f"<RequestId>{REQUEST_ID}</RequestId></Error>")
    else:
        text = (f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code>"
                f"<Message>{message}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>")
    return error.status, {"Content-Type": "text/xml", "x-amzn-RequestId": REQUEST_ID}, \
        b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()
