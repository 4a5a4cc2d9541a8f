"""What Route 53 answers when a resolver asks for a name: every possible answer, with its share.

By the developer guide, "How Amazon Route 53 chooses records when health checking is configured".
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from moto.route53.models import route53_backends

from . import elbv2_routing, route53_conflicts

INSYNC = 30  # until a change is at all of Route 53's servers: facts/aws.md, D
MOST_ANSWERS = 8  # of a multivalue answer
ALIAS_TTL = 60  # of aliases to load balancers
DEEPEST = 10  # aliases and CNAMEs that lead to each other


@dataclass(frozen=True)
class Answer:
    """One thing that a name may lead to: an address, a load balancer, a name outside of the sandbox, or nothing; and for
    how many seconds a resolver may keep it."""

    share: float
    address: str | None = None
    balancer: Any = None
    elsewhere: str | None = None
    ttl: int = ALIAS_TTL


class Zone:
    """A public hosted zone with its records by name and type."""

    def __init__(self, backend: Any, zone: Any, rrsets: list[Any]) -> None:
        self.backend, self.origin = backend, plain(zone.name)
        self.records: dict[tuple[str, str], list[Any]] = defaultdict(list)
        self.by_name: dict[str, list[Any]] = defaultdict(list)
        self.names: set[str] = set()
        for record in rrsets:
            name = plain(record.name)
            self.records[name, record.type].append(record)
            self.by_name[name].append(record)
            while name not in self.names and name.endswith(self.origin):
                self.names.add(name)  # a name exists if one below it does
                name = name.partition(".")[2]

    def owner(self, name: str) -> str | None:
        """The name whose records answer: its own, or the wildcard beneath the closest name that exists."""
        if name in self.names:
            return name
        parent = name.partition(".")[2]
        while parent and parent not in self.names:
            parent = parent.partition(".")[2]
        wildcard = f"*.{parent}"
        return wildcard if wildcard in self.names else None


def _public() -> list[tuple[Any, Any]]:
    return [(backend, zone) for _, _, backend in route53_backends.iter_backends()
            for zone in backend.zones.values() if not zone.private_zone]


def _version(zone: Any, before: float | None) -> list[Any]:
    past = getattr(zone, "past", []) if before is not None else []
    return next((rrsets for ended, rrsets in past if ended >= before), zone.rrsets)


def changes(now: float) -> list[float]:
    """The moments of changes before which something was there that a resolver may still give, the latest first."""
    return sorted({
        ended for _, zone in _public() for ended, rrsets in getattr(zone, "past", [])
        if now - ended < INSYNC + max((int(r.ttl) for r in rrsets if r.ttl and r.type not in ("NS", "SOA")), default=ALIAS_TTL)
    }, reverse=True)


class Resolver:
    """Answers questions about the zones as they are now, or as they were just before a moment (of `changes`)."""

    def __init__(self, before: float | None = None) -> None:
        self.zones = [Zone(backend, zone, _version(zone, before)) for backend, zone in _public()]

    def zone_of(self, name: str) -> Zone | None:
        """The zone that a name lies in; of several with one name the first that was made."""
        found = [zone for zone in self.zones if name == zone.origin or name.endswith("." + zone.origin)]
        return max(found, key=lambda zone: len(zone.origin), default=None)

    def records(self, name: str) -> list[Any] | None:
        """The records that answer for a name; None if some lead to other names of Route 53's."""
        zone = self.zone_of(plain(name))
        owner = zone.owner(plain(name)) if zone else None
        found = zone.by_name.get(owner, []) if zone and owner else []
        onward = [plain(one.alias_target["DNSName"]) for one in found if one.alias_target]
        onward += [plain(text) for one in found if one.type == "CNAME" for text in _texts(one)]
        onward += [plain(text.split()[1]) for one in found if one.type == "HTTPS" for text in _texts(one)]
        return None if any(self.zone_of(one) for one in onward) else found

    def ask(self, name: str, kind: str = "A", depth: int = 0) -> list[Answer]:
        """All answers of a type (A, AAAA, HTTPS); none if the name has none of that type."""
        name = plain(name)
        if depth > DEEPEST:
            return []
        if (balancer := elbv2_routing.named(name)) is not None:
            return self._balancer(balancer, kind)
        zone = self.zone_of(name)
        if zone is None:  # who knows whether there is an HTTPS record
            known = name + "." in route53_conflicts.ELSEWHERE
            gone = (name.endswith(".elb.amazonaws.com") and not known) or kind == "HTTPS"
            return [] if gone else [Answer(1.0, elsewhere=name)]
        owner = zone.owner(name)
        group = zone.records.get((owner, kind), []) if owner else []
        alias = "CNAME" if owner and not group and kind != "CNAME" else None
        found = []
        for share, record in self.choose(zone, group or (zone.records.get((owner, alias), []) if alias else [])):
            found += self._values(zone, share, record, kind, depth)
        return found

    def choose(self, zone: Zone, group: list[Any]) -> list[tuple[float, Any]]:
        """Which of the records of one name and type may answer, each with its share."""
        if not group:
            return []
        healthy = [record for record in group if self.healthy(zone, record)]
        if group[0].weight is not None:
            return _weighted(healthy or group)  # when nothing is healthy, everything counts as if it were
        if group[0].failover:
            first = [record for record in group if record.failover == "PRIMARY"]
            return _evenly([r for r in first if r in healthy] or [r for r in group if r in healthy] or first or group)
        if group[0].multi_value_answer:
            return _evenly((healthy or group)[:MOST_ANSWERS])
        if group[0].set_identifier:  # latency, geolocation: it depends on where the user is
            return _evenly(healthy or group)
        return _evenly(group)

    def healthy(self, zone: Zone, record: Any, depth: int = 0) -> bool:
        """A record without a health check and without an alias that evaluates its target counts as healthy."""
        check = zone.backend.health_checks.get(record.health_check_id) if record.health_check_id else None
        if check is not None and not getattr(check, "passes", True):
            return False
        target = record.alias_target
        if not target or not _true(target.get("EvaluateTargetHealth")):
            return True
        name = plain(target["DNSName"])
        if (balancer := elbv2_routing.named(name)) is not None:
            return elbv2_routing.healthy(balancer)
        if name.endswith(".elb.amazonaws.com"):
            return name + "." in route53_conflicts.ELSEWHERE
        group = zone.records.get((name, record.type))
        return depth < DEEPEST and any(self.healthy(zone, one, depth + 1) for one in group) if group else True

    def _values(self, zone: Zone, share: float, record: Any, kind: str, depth: int) -> list[Answer]:
        if record.alias_target:
            onward = [record.alias_target["DNSName"]]
        elif record.type == "CNAME":
            onward = _texts(record)
        elif record.type == "HTTPS":
            return self._https(share, record, depth)
        else:
            values = _texts(record)
            return [Answer(share / len(values), address=value, ttl=int(record.ttl)) for value in values]
        nothing = [Answer(1.0)] if kind == "A" else []  # without an AAAA record the user takes the A record
        return [
            replace(one, share=share / len(onward) * one.share, ttl=max(one.ttl, int(record.ttl or 0)))
            for name in onward for one in self.ask(name, kind, depth + 1) or nothing
        ]

    def _https(self, share: float, record: Any, depth: int) -> list[Answer]:
        """The addresses that an HTTPS record hints at, and the name that it leads to if that isn't its own."""
        found = []
        for text in _texts(record):
            _, target, *parameters = text.split()
            for parameter in parameters:
                name, _, values = parameter.partition("=")
                if name in ("ipv4hint", "ipv6hint"):
                    found += [Answer(1.0, address=value) for value in values.strip('"').split(",")]
            if target != ".":
                found += self.ask(target, "A", depth + 1) or [Answer(1.0)]
        return [replace(one, share=share / len(found), ttl=int(record.ttl or ALIAS_TTL)) for one in found]

    @staticmethod
    def _balancer(balancer: Any, kind: str) -> list[Answer]:
        if kind == "HTTPS" or (kind == "AAAA" and balancer.ip_address_type == "ipv4"):
            return []
        return [Answer(1.0, balancer=balancer)]


def plain(name: str) -> str:
    """Lower case, without the last dot; Route 53 writes `*` as `\\052` when it lists."""
    return str(name).lower().rstrip(".").replace("\\052", "*")


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _texts(record: Any) -> list[str]:
    return [str(one["Value"] if isinstance(one, dict) else one) for one in record.records or []]


def _evenly(records: list[Any]) -> list[tuple[float, Any]]:
    return [(1 / len(records), record) for record in records]


def _weighted(records: list[Any]) -> list[tuple[float, Any]]:
    """Weight 0 answers when there is no other."""
    total = sum(int(record.weight) for record in records)
    if not total:
        return _evenly(records)
    return [(int(record.weight) / total, record) for record in records if int(record.weight)]
