"""CloudWatch speaks Smithy's RPC v2 CBOR; moto speaks the query protocol. This stands between.

The operation's own model says how its input becomes a form and how the XML becomes CBOR again.
"""

import io
import re
from typing import Any
from urllib.parse import urlencode

import cbor2
from botocore.parsers import QueryParser
from botocore.serialize import QuerySerializer
from botocore.session import get_session
from werkzeug.wrappers import Response

_PATH = re.compile(r"^/service/GraniteServiceVersion20100801/operation/(\w+)$")
_HEADERS = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
_session = get_session()


def encode(value: Any) -> bytes:
    """A Python value as CBOR; a datetime as epoch seconds (tag 1), as the protocol asks for."""
    return cbor2.dumps(value, datetime_as_timestamp=True)


def forward(app: Any, environ: dict) -> Response:
    """Hands an RPC v2 CBOR call to moto as a query call and translates the answer."""
    from .errors import ApiError

    found = _PATH.match(environ["PATH_INFO"])
    model = _session.get_service_model("cloudwatch")
    if not found or found.group(1) not in model.operation_names:
        raise ApiError("UnknownOperationException", f"no such operation: {environ['PATH_INFO']}", 404)
    operation = model.operation_model(found.group(1))
    body = environ["wsgi.input"].read()
    answer = _query(app, environ, operation, cbor2.loads(body) if body else {})
    parsed = QueryParser().parse(
        {"status_code": answer.status_code, "headers": dict(answer.headers), "body": answer.get_data()},
        operation.output_shape,
    )
    if answer.status_code >= 300:
        error = parsed.get("Error", {})
        raise ApiError(error.get("Code", "InternalFailure"), error.get("Message", ""), answer.status_code)
    parsed.pop("ResponseMetadata", None)
    return Response(encode(parsed), headers=_HEADERS)


def _query(app: Any, environ: dict, operation: Any, value: dict) -> Response:
    form = QuerySerializer().serialize_to_request(value, operation)["body"]
    encoded = urlencode(form).encode()
    inner = {key: item for key, item in environ.items() if not key.startswith("HTTP_SMITHY")}
    inner.update({
        "PATH_INFO": "/",
        "REQUEST_URI": "/",
        "RAW_URI": "/",
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
        "CONTENT_LENGTH": str(len(encoded)),
        "wsgi.input": io.BytesIO(encoded),
    })
    inner.pop("HTTP_CONTENT_ENCODING", None)
    return Response.from_app(app, inner, buffered=True)
