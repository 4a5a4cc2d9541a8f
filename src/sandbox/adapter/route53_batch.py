"""ChangeResourceRecordSets: a batch is checked as a whole and has its effect as a whole."""

from typing import Any

from moto.route53.exceptions import InvalidInput, NoSuchHealthCheck, Route53ClientError
from moto.route53.models import RecordSet, Route53Backend

from . import route53_conflicts
from .clock import Clock

VERSIONS = 100  # of a zone that are kept
ORDER = {"DELETE": 0, "CREATE": 1, "UPSERT": 2}


def install(clock: Clock) -> None:
    def change(self: Any, zoneid: str, change_list: list[dict[str, Any]]) -> None:
        _change(self, zoneid, change_list, clock.now())

    Route53Backend.change_resource_record_sets = change


def _change(self: Any, zoneid: str, change_list: list[dict[str, Any]], now: float) -> None:
    zone = self.get_hosted_zone(zoneid)
    origin = zone.name.lower().strip(".") + "."
    records, problems = list(zone.rrsets), []
    changes = [(one["Action"], _record(one["ResourceRecordSet"])) for one in change_list]
    for action, record in changes:
        record.born = now
        if record.health_check_id and action != "DELETE" and record.health_check_id not in self.health_checks:
            raise NoSuchHealthCheck(record.health_check_id)
        _shape(action, record)
        if not (record.name == origin or record.name.endswith("." + origin)):
            problems.append(f"RRSet with DNS name {record.name} is not permitted in zone {origin}")
    for action, record in sorted(changes, key=lambda change: ORDER[change[0]]):
        problem = _apply(action, record, records)
        if problem:
            problems.append(problem)
    added = [record for action, record in changes if action != "DELETE"]
    problems += route53_conflicts.problems(added, records, zone.resource_id, origin)
    problems += _apex(records, origin)
    if problems:
        raise Route53ClientError("InvalidChangeBatch", "[" + ", ".join(dict.fromkeys(problems)) + "]")
    # Resolvers may give what was there before for some time: each version with the moment when it ended.
    zone.past = [*getattr(zone, "past", [])[1 - VERSIONS:], (now, zone.rrsets)]
    zone.rrsets = records


def _record(asked: dict[str, Any]) -> RecordSet:
    record = RecordSet({**asked, "ResourceRecords": [one["Value"] for one in asked.get("ResourceRecords") or []]})
    record.name = record.name.lower().rstrip(".") + "."
    return record


def _key(record: RecordSet) -> tuple:
    return record.name, record.type, record.set_identifier


def _called(record: RecordSet) -> str:
    identifier = f", set identifier='{record.set_identifier}'" if record.set_identifier else ""
    return f"[name='{record.name}', type='{record.type}'{identifier}]"


def _shape(action: str, record: RecordSet) -> None:
    where = (f"in Change with [Action={action}, Name={record.name}, Type={record.type}, "
             f"SetIdentifier={record.set_identifier or 'null'}]")
    plain = record.ttl is not None and bool(record.records)
    if plain == bool(record.alias_target):
        found = "more than one" if plain else "none"
        raise InvalidInput(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found {found} {where}")
    routed = route53_conflicts.policy(record) is not None
    if routed and not record.set_identifier:
        raise InvalidInput(f"Invalid request: Missing field 'SetIdentifier' {where}")
    if record.set_identifier and not routed:
        raise InvalidInput(
            "Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, or MultiValueAnswer], "
            f"but found none {where}")
    if record.weight is not None and not 0 <= int(record.weight) <= 255:
        raise InvalidInput(f"Invalid request: Weight must be between 0 and 255 {where}")


def _apply(action: str, record: RecordSet, records: list[RecordSet]) -> str | None:
    """Changes `records`; returns what is wrong, in AWS's words."""
    at = next((n for n, known in enumerate(records) if _key(_normal(known)) == _key(record)), None)
    if action == "DELETE":
        if at is None:
            return f"Tried to delete resource record set {_called(record)} but it was not found"
        if _values(_normal(records[at])) != _values(record):
            return (f"Tried to delete resource record set {_called(record)} "
                    "but the values provided do not match the current values")
        del records[at]
    elif at is None:
        records.append(record)
    elif action == "CREATE":
        return f"Tried to create resource record set {_called(record)} but it already exists"
    else:
        records[at] = record
    return None


def _normal(record: RecordSet) -> RecordSet:
    """Moto makes the records of a new zone in forms of its own."""
    record.name = record.name.lower().rstrip(".") + "."
    record.records = [one["Value"] if isinstance(one, dict) else one for one in record.records or []]
    return record


def _values(record: RecordSet) -> tuple:
    alias = record.alias_target
    return (
        None if record.ttl is None else int(record.ttl),
        sorted(record.records),
        alias and (alias.get("HostedZoneId"), str(alias.get("DNSName")).lower().rstrip("."),
                   bool(alias.get("EvaluateTargetHealth"))),
        None if record.weight is None else int(record.weight),
        record.health_check_id, record.region, record.failover, record.multi_value_answer,
        record.geo_location and dict(record.geo_location),
    )


def _apex(records: list[RecordSet], origin: str) -> list[str]:
    types = [record.type for record in records if record.name.lower().rstrip(".") + "." == origin]
    return ([] if "NS" in types else ["A HostedZone must contain at least one NS record for the zone itself."]) + (
        [] if types.count("SOA") == 1 else ["A HostedZone must contain exactly one SOA record."])
