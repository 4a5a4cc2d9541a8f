"""`GET /_sandbox/reach` and `GET /_sandbox/web`: what users get, and what one server answers."""

from typing import Any

from . import web
from .control import Control, route
from .route53_answers import INSYNC, Answer, Resolver, changes, plain

KINDS = ("A", "AAAA", "HTTPS")
NAMED = ("A", "AAAA", "CNAME")  # the records whose names are asked for when no host is given
NOWHERE = {"type": "A", "share": 1.0, "leads_to": "nowhere", "status": None, "error": "no such name"}


def install(_clock: Any) -> None:
    route("GET", "reach")(reach)
    route("GET", "web")(ask_web)


def reach(control: Control, asked: dict[str, str]) -> dict[str, Any]:
    """{"host"?, "path"?, "cached"?}: what who asks for https://HOST/PATH gets, for every answer that DNS may give.
    With `cached`, also for those that it no longer gives and that resolvers may still have: `stale` seconds old."""
    now, resolver, path = control.clock.now(), Resolver(), asked.get("path") or "/"
    past = [(now - moment, Resolver(moment)) for moment in changes(now)] if asked.get("cached") == "true" else []

    def of(host: str) -> list[dict[str, Any]]:
        found, after = answers(control, resolver, host, path) or [NOWHERE], resolver.records(host)
        for age, then in past:
            before = then.records(host)
            same, after = before is not None and before == after, before
            if same:  # the change was of another name
                continue
            told = [_told(one) for one in found]
            found += [{**one, "stale": round(age, 1)} for one in answers(control, then, host, path, age)
                      if _told(one) not in told]
        return found

    if host := asked.get("host"):
        return {"host": plain(host), "path": path, "answers": of(plain(host))}
    names = sorted({
        name for one in [resolver, *(then for _, then in past)] for zone in one.zones for name, kind in zone.records
        if kind in NAMED and not any(label.startswith("_") for label in name.split("."))
    })
    return {"path": path, "hosts": [{"host": name, "answers": of(name.replace("*", "any"))} for name in names]}


def answers(control: Control, resolver: Resolver, host: str, path: str, age: float | None = None) -> list[dict[str, Any]]:
    """The shares of each type of record add up to 1: which type is asked depends on the user. None if there is no such
    name; with `age` only those that resolvers may have that long after they ceased to be given."""
    return [
        {"type": kind, "share": round(answer.share * share, 6), **_where(control, answer), **outcome}
        for kind in KINDS for answer in resolver.ask(host, kind)
        if (kind == "A" or answer.elsewhere != host) and (age is None or age < INSYNC + answer.ttl)
        for share, outcome in web.follow(answer, 443, True, host, path)
    ]


def _told(answer: dict[str, Any]) -> tuple:
    return tuple(answer.get(name) for name in ("type", "address", "name", "leads_to"))


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
