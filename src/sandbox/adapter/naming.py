"""Which service and operation an HTTP request is, whatever protocol it speaks."""

import re
from urllib.parse import parse_qs

from moto.core.request import Request
from moto.core.routing import get_service_router

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]*)/([^/]+)/aws4_request")
_RPC = re.compile(r"^/service/([^/]+)/operation/([^/]+)$")
# The name in a signature, where it isn't the name in the models.
_SERVICES = {
    "monitoring": "cloudwatch",
    "elasticloadbalancing": "elbv2",
    "servicequotas": "service-quotas",
    "email": "ses",
}
_TARGETS = {"AnyScaleFrontendService": "application-autoscaling"}


def region_of(environ: dict) -> str | None:
    """The region in the request's signature."""
    found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found.group(1) if found else None


def name_request(environ: dict, body: bytes) -> tuple[str, str]:
    """(service, operation) as botocore spells them, for example ("ec2", "CreateVpc")."""
    service = _service(environ)
    return service, _operation(environ, body, service) or "Unknown"


def _service(environ: dict) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET", "").split(".")[0]
    if target in _TARGETS:
        return _TARGETS[target]
    found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if found:
        name = found.group(2).lower()
        return _SERVICES.get(name, name)
    if _RPC.match(environ.get("PATH_INFO", "")):
        return "cloudwatch"
    return "s3"


def _operation(environ: dict, body: bytes, service: str) -> str | None:
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return target.split(".")[-1]
    rpc = _RPC.match(environ.get("PATH_INFO", ""))
    if rpc:
        return rpc.group(2)
    if "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", "") or body.startswith(b"Action="):
        action = parse_qs(body.decode("utf-8", "replace")).get("Action")
        if action:
            return action[0]
    action = parse_qs(environ.get("QUERY_STRING", "")).get("Action")
    if action:
        return action[0]
    return _rest(environ, service)


def _rest(environ: dict, service: str) -> str | None:
    """REST services: botocore's models say which method and path is which operation."""
    try:
        operation, _ = get_service_router(service).match(Request(environ))
    except Exception:  # an unknown service or path: the call is counted all the same
        return None
    return operation.name
