"""What a load balancer does with a request: listener, certificate, rule, target group, and what its targets answer."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from moto.acm.models import acm_backends
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends

from . import ecs_answers
from .ecs_agenda import agenda

Outcome = tuple[float, dict[str, Any]]


def named(name: str) -> Any | None:
    """The load balancer with this DNS name, if there is one."""
    wanted = name.lower().rstrip(".").removeprefix("dualstack.")
    for _, _, backend in elbv2_backends.iter_backends():
        for balancer in backend.load_balancers.values():
            if balancer.dns_name.lower() == wanted:
                return balancer
    return None


def active(balancer: Any) -> bool:
    return agenda.now() >= getattr(balancer, "active_at", 0)


def ask(balancer: Any, port: int, tls: bool, host: str, path: str, verified: bool = True) -> list[Outcome]:
    """What a request may come to, each with its share: where it went and `status`, or why there is no answer.
    `verified`: a client that wants a certificate for the host."""
    if not active(balancer):
        return [(1.0, {"status": None, "error": "the load balancer is being made"})]
    listener = next((one for one in balancer.listeners.values() if int(one.port) == port), None)
    if listener is None:
        return [(1.0, {"status": None, "error": "connection refused"})]
    if tls != (listener.protocol in ("HTTPS", "TLS")):
        return [(1.0, {"status": None, "error": "tls handshake failed"} if tls else {"status": 400})]
    seen: dict[str, Any] = {}
    if tls:
        seen["certificate"] = certificate_for(balancer, listener, host)
        if verified and seen["certificate"] is None:
            return [(1.0, {**seen, "status": None, "error": f"no certificate of the listener is for {host}"})]
    rule = matching(listener, host, path)
    seen["rule"] = "default" if rule.is_default else int(rule.priority)
    action = rule.actions[-1].data
    if action["Type"] == "fixed-response":
        return [(1.0, {**seen, "status": int(action["FixedResponseConfig"]["StatusCode"])})]
    if action["Type"] == "redirect":
        return [(1.0, {**seen, "status": int(action["RedirectConfig"]["StatusCode"].removeprefix("HTTP_"))})]
    return [
        (share * part, {**seen, **outcome})
        for share, group in _groups(balancer, action) for part, outcome in _forwarded(group, host, path)
    ]


def certificate_for(balancer: Any, listener: Any, host: str) -> str | None:
    """The certificate of the listener that covers a host; AWS chooses it by the name that the client asks for."""
    account, region = balancer.arn.split(":")[4], balancer.arn.split(":")[3]
    known = acm_backends[account][region]._certificates
    for arn in listener.certificates:
        bundle = known.get(arn)
        domains = getattr(bundle, "domains", None) or [getattr(bundle, "common_name", None) or ""]
        if bundle is not None and any(covers(domain, host) for domain in domains):
            return arn
    return None


def covers(domain: str, host: str) -> bool:
    """A wildcard stands for exactly one label."""
    domain, host = domain.lower().rstrip("."), host.lower().rstrip(".")
    return domain == host or (domain.startswith("*.") and domain[2:] == host.partition(".")[2])


def matching(listener: Any, host: str, path: str) -> Any:
    """The rule that a request meets: by priority, else the default one."""
    rules = sorted((r for r in listener.rules.values() if not r.is_default), key=lambda rule: int(rule.priority))
    default = next(rule for rule in listener.rules.values() if rule.is_default)
    return next((r for r in rules if all(_meets(c, host, path) for c in r.conditions)), default)


def _meets(condition: dict[str, Any], host: str, path: str) -> bool:
    """A plain GET from anywhere, without a query or headers of its own."""
    field = condition.get("Field")
    if field == "host-header":
        return any(_pattern(value.lower()).fullmatch(host.lower().rstrip(".")) for value in condition["Values"])
    if field == "path-pattern":
        return any(_pattern(value).fullmatch(path.partition("?")[0]) for value in condition["Values"])
    if field == "http-request-method":
        return "GET" in condition["HttpRequestMethodConfig"]["Values"]
    if field == "source-ip":
        return "0.0.0.0/0" in condition["SourceIpConfig"]["Values"]
    return False


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in text), re.DOTALL)


def _groups(balancer: Any, action: dict[str, Any]) -> Iterator[tuple[float, Any]]:
    account, region = balancer.arn.split(":")[4], balancer.arn.split(":")[3]
    known = elbv2_backends[account][region].target_groups
    weights = {one["TargetGroupArn"]: int(one.get("Weight", 1)) for one in action["ForwardConfig"]["TargetGroups"]}
    total = sum(weights.values())
    for arn, weight in weights.items():
        if weight and arn in known:
            yield weight / total, known[arn]
    if not total:
        yield 1.0, known[next(iter(weights))]


def _forwarded(group: Any, host: str, path: str) -> list[Outcome]:
    """A group without targets answers 503. When all of them fail their check, AWS asks them all the same (it "fails
    open"): here they then fail the user too, with 504 where nothing answers and 502 otherwise."""
    states = {key: group.state_of(target) for key, target in group.targets.items()}
    healthy = [key for key, (state, _) in states.items() if state == "healthy"]
    failing = [reason for state, reason in states.values() if state in ("unhealthy", "initial")]
    seen = {
        "target_group": group.name, "service": service_of(group), "healthy_targets": len(healthy),
        "registered_targets": len(healthy) + len(failing),
    }
    if healthy:
        statuses = Counter(_answer(group, group.targets[key], host, path) for key in healthy)
        return [(count / len(healthy), {**seen, "status": status}) for status, count in sorted(statuses.items())]
    if not failing:
        return [(1.0, {**seen, "status": 503})]
    dead = all(reason == "Target.Timeout" for reason in failing)
    return [(1.0, {**seen, "fails_open": True, "status": 504 if dead else 502})]


def _answer(group: Any, target: dict[str, Any], host: str, path: str) -> int:
    task = target["task"]
    return ecs_answers.answer(task, host, path, group.health_check_path or "/") if task is not None else 200


def service_of(group: Any) -> str | None:
    """The ECS service that registers its tasks in a group."""
    backend = ecs_backends[group.arn.split(":")[4]][group.arn.split(":")[3]]
    for service in backend.services.values():
        if any(one.get("targetGroupArn") == group.arn for one in service.settings["loadBalancers"] or []):
            return service.name
    return None


def healthy(balancer: Any) -> bool:
    """As Route 53 sees it: every group that it leads to has as many healthy targets as its DNS failover wants.
    A group without targets counts as unhealthy; so does a balancer without groups."""
    backend = elbv2_backends[balancer.arn.split(":")[4]][balancer.arn.split(":")[3]]
    groups = [group for group in backend.target_groups.values() if balancer.arn in group.load_balancer_arns]
    return active(balancer) and bool(groups) and all(_enough(group) for group in groups)


def _enough(group: Any) -> bool:
    states = [group.state_of(target)[0] for target in group.targets.values()]
    good, there = states.count("healthy"), sum(state in ("healthy", "unhealthy", "initial") for state in states)
    prefix = "target_group_health.dns_failover.minimum_healthy_targets"
    count, percentage = (group.attributes.get(f"{prefix}.{name}", "off") for name in ("count", "percentage"))
    least = 1 if count == "off" else int(count)
    return good >= least and (percentage == "off" or good * 100 >= int(percentage) * there)
