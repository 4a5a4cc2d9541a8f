"""Which records may stand beside each other in a zone, and what an alias may lead to: refused in AWS's words."""

from typing import Any

from . import elbv2_routing
from .elbv2_balancer import ZONES
from .patching import on_reset

# What makes a record part of a set -> the word for it in AWS's refusals.
ROUTING = {"weight": "weighted", "region": "latency", "failover": "failover", "geo_location": "geolocation",
           "multi_value_answer": "multivalue answer"}
CLOUDFRONT = "Z2FDTNDATAQYW2"
# Alias targets outside of the sandbox that a seed has planted: they are there.
ELSEWHERE: set[str] = set()
on_reset(ELSEWHERE.clear)


def policy(record: Any) -> str | None:
    """The routing policy's word, None for a simple record."""
    return next((word for name, word in ROUTING.items() if getattr(record, name) is not None), None)


def problems(added: list[Any], records: list[Any], zone_id: str, origin: str) -> list[str]:
    """What is wrong with the records that a batch adds or changes, among all that there would be."""
    found = []
    for record in added:
        found += [*_mixed(record, records), *_cname(record, records, origin), *_alias(record, records, zone_id, origin)]
    return found


def _mixed(record: Any, records: list[Any]) -> list[str]:
    same = [one for one in records if (one.name, one.type) == (record.name, record.type) and one is not record]
    identifier = f", SetIdentifier {record.set_identifier}" if record.set_identifier else ""
    which, mine = f"RRSet with DNS name {record.name}, type {record.type}{identifier} cannot be created", policy(record)
    if mine is None:
        return [f"{which} as other RRSets exist with the same name and type."] if same else []
    if any(policy(one) != mine for one in same):
        return [f"{which} because a non multivalue answer rrset exists with the same name and type."
                if record.multi_value_answer is not None
                else f"{which} as a non-{mine} set exists with the same name and type."]
    times = {int(one.ttl) for one in [record, *same] if one.ttl is not None}
    if mine == "weighted" and len(times) > 1:
        return [f"{which} as weighted sets must contain the same TTL."]
    return []


def _cname(record: Any, records: list[Any], origin: str) -> list[str]:
    others = {one.type for one in records if one.name == record.name and one.type != record.type}
    which = f"RRSet of type {record.type} with DNS name {record.name} is not permitted"
    if record.type == "CNAME" and record.name == origin:
        return [f"{which} at apex in zone {origin}"]
    if record.type == "CNAME" and others:
        return [f"{which} as it conflicts with other records with the same DNS name in zone {origin}"]
    if "CNAME" in others:
        return [f"{which} because a conflicting RRSet of type CNAME with the same DNS name already exists in zone {origin}"]
    return []


def _alias(record: Any, records: list[Any], zone_id: str, origin: str) -> list[str]:
    if not record.alias_target:
        return []
    zone, target = record.alias_target["HostedZoneId"], record.alias_target["DNSName"].lower().rstrip(".") + "."
    which = f"Tried to create an alias that targets {target}, type {record.type} in zone {zone}, but "
    if zone == zone_id:
        inside = target == origin or target.endswith("." + origin)
        there = any((one.name, one.type) == (target, record.type) and one is not record for one in records)
    else:
        balancer = elbv2_routing.named(target)
        own = [f".{region}.elb.amazonaws.com." for region, known in ZONES.items() if known == zone]
        own += [".cloudfront.net."] if zone == CLOUDFRONT else []
        fits = balancer is not None and balancer.canonical_hosted_zone_id == zone
        inside = fits or not own or target.endswith(tuple(own))
        there = balancer is not None or target in ELSEWHERE or not target.endswith(".elb.amazonaws.com.")
    return [*([] if inside else [which + "the alias target name does not lie within the target zone"]),
            *([] if there else [which + "that target was not found"])]
