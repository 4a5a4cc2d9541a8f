"""Security-group rules: a call adds all of its rules or none, and answers with every one it added."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses.security_groups import SecurityGroups

from .clock import Clock


def install(clock: Clock) -> None:
    SecurityGroups.authorize_security_group_ingress = lambda self: _authorize(self, "ingress")
    SecurityGroups.authorize_security_group_egress = lambda self: _authorize(self, "egress")


def _authorize(self: Any, direction: str) -> ActionResult:
    authorize = getattr(self.ec2_backend, f"authorize_security_group_{direction}")
    asked = list(self._process_rules_from_querystring())
    group = self.ec2_backend.get_security_group_by_name_or_id(asked[0]["group_name_or_id"]) if asked else None
    before = list(getattr(group, f"{direction}_rules", []))
    added = []
    try:
        for one in asked:
            added += authorize(**one)[0]
    except Exception:
        if group is not None:
            setattr(group, f"{direction}_rules", before)
        raise
    return ActionResult({"Return": True, "SecurityGroupRules": added})
