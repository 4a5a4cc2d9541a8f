"""`GET /_sandbox/reach` and `GET /_sandbox/web`: what users get, and what one server answers."""

from typing import Any

from . import web
from .control import Control, route
from .route53_answers import Answer, Resolver, plain

KINDS = ("A", "AAAA", "HTTPS")
NAMED = ("A", "AAAA", "CNAME")  # the records whose names are asked for when no host is given


def install(_clock: Any) -> None:
    route("GET", "reach")(reach)
    route("GET", "web")(ask_web)


def reach(control: Control, asked: dict[str, str]) -> dict[str, Any]:
    """{"host"?, "path"?}: what who asks for https://HOST/PATH gets, for every answer that DNS may give."""
    resolver, path = Resolver(), asked.get("path") or "/"
    if host := asked.get("host"):
        return {"host": plain(host), "path": path, "answers": answers(control, resolver, plain(host), path)}
    names = sorted({
        name for zone in resolver.zones for name, kind in zone.records
        if kind in NAMED and not any(label.startswith("_") for label in name.split("."))
    })
    return {"path": path, "hosts": [
        {"host": name, "answers": answers(control, resolver, name.replace("*", "any"), path)} for name in names]}


def answers(control: Control, resolver: Resolver, host: str, path: str) -> list[dict[str, Any]]:
    """The shares of each type of record add up to 1: which type is asked depends on the user."""
    found = [
        {"type": kind, "share": round(answer.share * share, 6), **_where(control, answer), **outcome}
        for kind in KINDS for answer in resolver.ask(host, kind) if kind == "A" or answer.elsewhere != host
        for share, outcome in web.follow(answer, 443, True, host, path)
    ]
    return found or [{"type": "A", "share": 1.0, "leads_to": "nowhere", "status": None, "error": "no such name"}]


def _where(control: Control, answer: Answer) -> dict[str, Any]:
    """What an answer leads to."""
    if answer.elsewhere:
        return {"leads_to": "elsewhere", "name": answer.elsewhere}
    balancer = answer.balancer if answer.balancer is not None else answer.address and web.balancer_at(answer.address)
    if balancer is not None:
        return {"leads_to": "balancer", "balancer": balancer.name, "name": balancer.dns_name}
    if answer.address is None:
        return {"leads_to": "nowhere"}
    return {"leads_to": _side(control, answer.address), "address": answer.address}


def _side(control: Control, address: str) -> str:
    instance = web.instance_at(address)
    if instance is not None:
        return "legacy" if instance.id in web.LEGACY else "elsewhere"
    planted = any(address in city["addresses"] for city in control.seeds.status())
    return "nowhere" if planted else "elsewhere"  # a legacy address that was given up


def ask_web(_control: Control, asked: dict[str, str]) -> dict[str, Any]:
    """{"address", "port"?, "tls"?, "host"?, "path"?, "verify"?}: what that server itself answers, wherever DNS leads."""
    tls, verified = (asked.get(name, "true").lower() in ("true", "1", "yes") for name in ("tls", "verify"))
    port = int(asked.get("port") or (443 if tls else 80))
    host = asked.get("host") or asked["address"]
    outcomes = web.ask(asked["address"], port, tls, host.partition(":")[0], asked.get("path") or "/", verified)
    # Of several that may come, the one that is worst for the user.
    _, worst = max(outcomes, key=lambda outcome: outcome[1]["status"] or 999)
    return {**worst, "outcomes": [{"share": share, **one} for share, one in outcomes]} if len(outcomes) > 1 else worst
