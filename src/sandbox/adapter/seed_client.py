"""boto3 clients that call moto in this process: nothing is counted, delayed or refused."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

ENDPOINT = "http://127.0.0.1"


def clients(app: DomainDispatcherApplication) -> Callable[[str, str, str], Any]:
    """A function (service, account, region) -> client of the application."""

    def client(service: str, account: str, region: str) -> Any:
        made = boto3.client(
            service, endpoint_url=ENDPOINT, region_name=region, aws_access_key_id=f"SANDBOX{account}",
            aws_secret_access_key="sandbox", config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        )
        made.meta.events.register("before-send", lambda request, **_: _send(app, account, request))
        return made

    return client


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Any:
        yield self.read()


def _send(app: DomainDispatcherApplication, account: str, request: Any) -> AWSResponse:
    url = urlsplit(request.url)
    body = request.body or b""
    headers = {key: value.decode() if isinstance(value, bytes) else str(value)
               for key, value in request.headers.items() if key.lower() != "content-length"}
    environ = EnvironBuilder(
        method=request.method, path=url.path, query_string=url.query, base_url=ENDPOINT,
        headers={**headers, "x-moto-account-id": account},
        data=body.encode() if isinstance(body, str) else bytes(body),
    ).get_environ()
    answer = Response.from_app(app, environ, buffered=True)
    return AWSResponse(request.url, answer.status_code, dict(answer.headers), _Raw(answer.get_data()))
