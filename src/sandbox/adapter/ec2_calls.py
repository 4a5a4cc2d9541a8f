"""What holds for every EC2 call: dry runs and client tokens."""

import hashlib
import json
from typing import Any

from moto.ec2.exceptions import DryRunClientError, EC2ClientError
from moto.ec2.responses import EC2Response
from moto.core.responses import ActionResult

from . import ec2_nat
from .clock import Clock
from .patching import wrap

TOKENS = {
    "AllocateHosts", "CreateFlowLogs", "CreateLaunchTemplate", "CreateLaunchTemplateVersion", "CreateNatGateway",
    "CreateNetworkInterface", "CreateRouteTable", "CreateVpcEndpoint", "RunInstances",
}


def install(clock: Clock) -> None:
    @wrap(EC2Response, "call_action")
    def call_action(original: Any, self: Any) -> Any:
        ec2_nat.settle(self.ec2_backend)
        action = self._get_action()
        if self._get_param("DryRun", False):
            return self.serialized(ActionResult(DryRunClientError()))
        token = self._get_param("ClientToken")
        if action not in TOKENS or not token:
            return original()
        return _once(original, self, action, token)


def _once(original: Any, self: Any, action: str, token: str) -> Any:
    """The same token gets the same answer; the same token with another request is refused."""
    if not hasattr(self.ec2_backend, "answers"):
        self.ec2_backend.answers = {}
    answers = self.ec2_backend.answers
    asked = sorted((key, value) for key, value in self.querystring.items() if key != "ClientToken")
    digest = hashlib.sha256(json.dumps(asked, default=str).encode()).hexdigest()
    if (action, token) in answers:
        known, answer = answers[(action, token)]
        if known != digest:
            return self.serialized(ActionResult(EC2ClientError(
                "IdempotentParameterMismatch",
                f"The client token '{token}' was used before with other parameters.",
            )))
        status, headers, body = answer
        return status, dict(headers), body
    answer = original()
    if answer[0] < 300:
        answers[(action, token)] = (digest, (answer[0], dict(answer[1]), answer[2]))
    return answer
