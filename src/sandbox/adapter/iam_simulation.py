"""SimulatePrincipalPolicy. The sandbox lets everybody do everything; but whoever has policies is told what these would allow.

The sandbox's calls are made by the user `moto`. As long as the account has no such user, everything is allowed to it; to try a
policy, make the user and give it that.
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse

from .clock import Clock
from .iam_policies import ALLOWED, decide, document

PAGE = 100  # results an answer, as at AWS (D)


def install(clock: Clock) -> None:
    IamResponse.simulate_principal_policy = _simulate


def _simulate(self: Any) -> ActionResult:
    policies = _policies(self.backend, self._get_param("PolicySourceArn"))
    context = {
        entry["ContextKeyName"].lower(): list(entry.get("ContextKeyValues", []))
        for entry in self._get_param("ContextEntries", [])
    }
    results = []
    for action in self._get_param("ActionNames", []):
        for resource in self._get_param("ResourceArns", []) or ["*"]:
            decision, missing = (ALLOWED, []) if policies is None else decide(policies, action, resource, context)
            results.append({
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": decision,
                "MatchedStatements": [],
                "MissingContextValues": missing,
            })
    start = int(self._get_param("Marker") or 0)
    end = start + int(self._get_param("MaxItems") or PAGE)
    answer = {"EvaluationResults": results[start:end], "IsTruncated": end < len(results)}
    if end < len(results):
        answer["Marker"] = str(end)
    return ActionResult(answer)


def _policies(backend: Any, arn: str) -> list[dict] | None:
    """The policies of a user or role; None: everything is allowed."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    name = name.rsplit("/", 1)[-1]
    known = backend.users.values() if kind == "user" else backend.roles.values()
    owner = next((one for one in known if one.name == name), None)
    if owner is None:
        if kind == "user" and name == "moto":
            return None
        raise NotFoundException(f"The {kind} with name {name} cannot be found.")
    managed = [version.document for policy in owner.managed_policies.values() for version in policy.versions
               if version.is_default]
    return [document(text) for text in [*owner.policies.values(), *managed]]
