"""What the web server in a task answers: the health paths that its image knows, the hosts that it lets in, and that it
needs a password of its database that is still the right one."""

import re
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from .patching import on_reset

_URL = re.compile(r"https?://[^/\s\"']+(/[^\s\"'|;&?#]*)?")
# Hosts that an image answers to, whatever its environment says: planted by a seed, by reference.
IMAGES: dict[str, list[str]] = {}
on_reset(IMAGES.clear)


def remember(definition: Any, before: Any | None) -> None:
    """A new revision answers the path that its container's health check asks, and those that the revision before it
    did: an image that learns a new path doesn't forget the old one. Without such a check it answers every path."""
    own = {
        found[1] or "/" for container in definition.container_definitions
        for word in (container.get("healthCheck") or {}).get("command", []) for found in _URL.finditer(word)
    }
    definition.health_paths = own | (getattr(before, "health_paths", None) or set()) if own else None


def knows(task: Any, path: str) -> bool:
    paths = task.definition.health_paths
    return paths is None or path.partition("?")[0] in paths


def injected(task: Any) -> dict[str, str]:
    """The versions of RDS's managed secrets that a task gets when it starts, by ARN: it keeps them for its life."""
    named = [secret["valueFrom"] for one in task.definition.container_definitions for secret in one.get("secrets") or []]
    arns = {":".join(text.split(":")[:7]) for text in named if text.startswith("arn:") and ":secret:" in text}
    return {arn: found.default_version_id for arn in sorted(arns) if (found := _managed(arn)) is not None}


def _managed(arn: str) -> Any | None:
    secret = secretsmanager_backends[arn.split(":")[4]][arn.split(":")[3]].secrets.get(arn)
    return secret if secret is not None and secret.owning_service == "rds" else None


def _locked_out(task: Any) -> bool:
    """RDS has rotated a password since the task started."""
    return any((now := _managed(arn)) is not None and now.default_version_id != version
               for arn, version in task.injected.items())


def answer(task: Any, host: str, path: str, checked: str) -> int:
    """The status of a user's request. `checked` is the path that the target group asks: an image that doesn't have it
    answers 404 to users too; it has every other path, and needs its database for all but the health paths."""
    hosts = _hosts(task)
    if hosts and not any(_lets_in(one, host.lower().rstrip(".")) for one in hosts):
        return 400
    plain = path.partition("?")[0]
    if plain == checked.partition("?")[0] or plain in (task.definition.health_paths or ()):
        return 200 if knows(task, path) else 404
    return 500 if _locked_out(task) else 200


def _hosts(task: Any) -> list[str]:
    """ALLOWED_HOSTS as Django reads it; nothing: all of them."""
    containers = task.definition.container_definitions
    named = [one["value"] for container in containers for one in container["environment"] if one["name"] == "ALLOWED_HOSTS"]
    planted = [host for container in containers for host in IMAGES.get(container["image"], [])]
    return [host.strip().lower() for text in named for host in text.split(",") if host.strip()] or planted


def _lets_in(allowed: str, host: str) -> bool:
    return allowed in ("*", host) or (allowed.startswith(".") and (host == allowed[1:] or host.endswith(allowed)))
