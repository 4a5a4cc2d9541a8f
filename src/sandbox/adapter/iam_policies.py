"""IAM's decisions: what a list of policies allows. Conditions as far as the policies of a migration use them."""

import json
import re
from functools import lru_cache
from typing import Any

ALLOWED, IMPLICIT, EXPLICIT = "allowed", "implicitDeny", "explicitDeny"


def decide(policies: list[dict], action: str, resource: str, context: dict[str, list[str]]) -> tuple[str, list[str]]:
    """(decision, keys that a condition asks for and the context lacks)."""
    decision, missing = IMPLICIT, set()
    for statement in [one for policy in policies for one in _list(policy["Statement"])]:
        if not _any(statement.get("Action"), action.lower(), str.lower) or not _any(statement.get("Resource"), resource):
            continue
        conditions = statement.get("Condition", {})
        missing |= {
            key for operator, keys in conditions.items() for key in keys if operator != "Null" and key.lower() not in context
        }
        if all(_holds(operator, key, _list(wanted), context) for operator, keys in conditions.items()
               for key, wanted in keys.items()):
            if statement["Effect"] == "Deny":
                return EXPLICIT, []
            decision = ALLOWED
    return decision, [] if decision == ALLOWED else sorted(missing)


def document(text: Any) -> dict:
    return json.loads(text) if isinstance(text, str) else text


def _list(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def _any(patterns: Any, text: str, fold: Any = str) -> bool:
    return any(_like(fold(pattern), text) for pattern in _list(patterns) if pattern is not None)


def _like(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(c, re.escape(c)) for c in pattern), re.DOTALL)


def _holds(operator: str, key: str, wanted: list[str], context: dict[str, list[str]]) -> bool:
    have = context.get(key.lower())
    if operator == "Null":
        return (have is None) == (str(wanted[0]).lower() == "true")
    quantifier, _, plain = operator.rpartition(":")
    if have is None:
        return quantifier == "ForAllValues" or plain.endswith("IfExists")
    plain = plain.removesuffix("IfExists")
    if plain in ("StringLike", "ArnLike", "ArnEquals"):
        fits = lambda one: any(_like(str(pattern), one) for pattern in wanted)
    elif plain in ("StringEquals", "Bool"):
        fits = lambda one: one in [str(value) for value in wanted]
    elif plain == "StringNotEquals":
        fits = lambda one: one not in [str(value) for value in wanted]
    else:
        raise NotImplementedError(f"the condition operator {operator}")
    return all(map(fits, have)) if quantifier == "ForAllValues" else any(map(fits, have))
