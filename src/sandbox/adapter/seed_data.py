"""What a city's services read: secrets with exactly their ARNs, the hosted zone, container images."""

import json
import re
import secrets
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from . import route53_conflicts
from .route53_answers import plain
from .seed_legacy import database_address

_IMAGE = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+)"
    r"(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?$"
)
LINKED_SERVICES = (
    "autoscaling.amazonaws.com", "ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com", "rds.amazonaws.com",
)


def credentials(account: str, legacy: dict) -> dict[str, Any]:
    """The legacy database's secret; returns how to log in, without the password."""
    database = legacy["database"]
    host, port = database_address(legacy)
    user = database["name"]
    secret(account, database["credentials"], json.dumps({
        "username": user, "password": secrets.token_urlsafe(18), "engine": database["engine"],
        "host": host, "port": port, "dbname": database["name"],
    }))
    return {
        "engine": database["engine"],
        "endpoint": f"{host}:{port}",
        "name": database["name"],
        "user": user,
        "password_in": database["credentials"],
        "log_in": f"aws secretsmanager get-secret-value --secret-id {database['credentials']}",
    }


def secret(account: str, arn: str, value: str | None = None) -> None:
    """A secret with exactly this ARN and, unless given, a random value; one that is there stays."""
    _, _, _, region, _, _, name = arn.split(":", 6)
    backend = secretsmanager_backends[account][region]
    if arn in backend.secrets:
        return
    plain = re.sub(r"-[A-Za-z0-9]{6}$", "", name)
    backend.create_secret(
        name=plain, secret_string=value or secrets.token_urlsafe(32), secret_binary=None,
        description="planted by the sandbox", tags=[], kms_key_id=None, client_request_token=None,
        replica_regions=[], force_overwrite=False,
    )
    backend.secrets[plain].arn = arn


def value(secret: Any) -> str:
    """The current value of one of moto's secrets."""
    return next(one for one in secret.versions.values() if "AWSCURRENT" in one["version_stages"])["secret_string"]


def zone(client: Any, account: str, region: str, legacy: dict, planted: list[dict]) -> dict[str, Any]:
    """The hosted zone with the live records: an A record for each name, unless `planted` has one for it, and `planted`
    as they are. What their aliases lead to outside of the sandbox is taken to be there."""
    route53 = client("route53", account, region)
    made = route53.create_hosted_zone(Name=legacy["hosted_zone"], CallerReference=secrets.token_hex(8))
    zone_id = made["HostedZone"]["Id"].rsplit("/", 1)[-1]
    addresses, records = list(legacy.get("addresses") or []), list(legacy.get("records") or [])
    taken = {plain(record["Name"]) for record in planted if record["Type"] in ("A", "CNAME")}
    default = [
        {"Name": name, "Type": "A", "TTL": int(legacy.get("ttl") or 60),
         "ResourceRecords": [{"Value": address} for address in addresses]}
        for name in records if addresses and plain(name) not in taken
    ]
    aliases = [record["AliasTarget"] for record in planted if "AliasTarget" in record]
    route53_conflicts.ELSEWHERE.update(plain(alias["DNSName"]) + "." for alias in aliases)
    for alias in [one for one in aliases if one["HostedZoneId"] == "ZONE"]:
        alias["HostedZoneId"] = zone_id
    if default or planted:
        route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [
            {"Action": "CREATE", "ResourceRecordSet": record} for record in [*default, *planted]]})
    return {"id": zone_id, "name": legacy["hosted_zone"], "records": records,
            "name_servers": made["DelegationSet"]["NameServers"]}


def image(client: Any, reference: str) -> bool:
    """An image in the private registry that its reference names; False for another registry."""
    found = _IMAGE.match(reference)
    if not found:
        return False
    ecr = client("ecr", found["account"], found["region"])
    try:
        ecr.create_repository(repositoryName=found["name"], tags=[])
    except ecr.exceptions.RepositoryAlreadyExistsException:
        pass
    which = {"imageDigest": found["digest"]} if found["digest"] else {"imageTag": found["tag"] or "latest"}
    if ecr.batch_get_image(repositoryName=found["name"], imageIds=[which])["images"]:
        return True
    config = secrets.token_hex(32)
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1472,
                   "digest": f"sha256:{config}"},
        "layers": [],
    }
    ecr.put_image(repositoryName=found["name"], imageManifest=json.dumps(manifest),
                  **{**which, "imageTag": found["tag"] or "latest"})
    return True


def linked_roles(client: Any, account: str, region: str) -> None:
    """The service-linked roles that an account has in which these services were used before."""
    iam = client("iam", account, region)
    for service in LINKED_SERVICES:
        try:
            iam.create_service_linked_role(AWSServiceName=service)
        except iam.exceptions.InvalidInputException:
            continue
