"""IAM: service-linked roles under their real names."""

from typing import Any

from moto.iam.exceptions import InvalidInput
from moto.iam.models import IAMBackend

from .clock import Clock
from .patching import wrap

# Names as documented by each service (D).
LINKED = {
    "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService",
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
}


def install(clock: Clock) -> None:
    @wrap(IAMBackend, "create_service_linked_role")
    def create(original: Any, self: Any, service_name: str, description: str, suffix: str) -> Any:
        wanted = LINKED.get(service_name)
        if wanted and any(role.name == wanted for role in self.roles.values()):
            raise InvalidInput(
                f"Service role name {wanted} has been taken in this account, please try a different suffix.",
            )
        role = original(service_name, description, suffix)
        if wanted and role.name != wanted:
            self.roles.pop(role.name, None)
            self.roles.pop(role.id, None)
            role.name = wanted
            self.roles[role.id] = role
        return role
