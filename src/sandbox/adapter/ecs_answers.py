"""What the web server in a task answers: the health paths that its image knows, the hosts that it lets in."""

import re
from typing import Any

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
    paths = getattr(task.definition, "health_paths", None)
    return paths is None or path.partition("?")[0] in paths


def answer(task: Any, host: str, path: str, checked: str) -> int:
    """The status of a user's request. `checked` is the path that the target group asks: an image that doesn't have it
    answers 404 to users too; it has every other path."""
    hosts = _hosts(task)
    if hosts and not any(_lets_in(one, host.lower().rstrip(".")) for one in hosts):
        return 400
    return 404 if path.partition("?")[0] == checked.partition("?")[0] and not knows(task, path) else 200


def _hosts(task: Any) -> list[str]:
    """ALLOWED_HOSTS as Django reads it; nothing: all of them."""
    containers = task.definition.container_definitions
    named = [one["value"] for container in containers for one in container["environment"] if one["name"] == "ALLOWED_HOSTS"]
    planted = [host for container in containers for host in IMAGES.get(container["image"], [])]
    return [host.strip().lower() for text in named for host in text.split(",") if host.strip()] or planted


def _lets_in(allowed: str, host: str) -> bool:
    return allowed in ("*", host) or (allowed.startswith(".") and (host == allowed[1:] or host.endswith(allowed)))
