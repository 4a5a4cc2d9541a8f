"""Service Quotas that a preflight check of a migration reads, at AWS's default values (D). An increase is granted at once."""

import json
from typing import Any

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from .clock import Clock

QUOTAS = {
    ("ec2", "L-0263D0A3"): ("EC2-VPC Elastic IPs", 5),
    ("ec2", "L-1216C47A"): ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 64),
    ("vpc", "L-F678F1CE"): ("VPCs per Region", 5),
    ("vpc", "L-A4707A72"): ("Internet gateways per Region", 5),
    ("vpc", "L-FE5A380F"): ("NAT gateways per Availability Zone", 5),
    ("vpc", "L-E79EC296"): ("VPC security groups per Region", 2500),
    ("vpc", "L-0EA8095F"): ("Inbound or outbound rules per security group", 60),
    ("rds", "L-7B6409FD"): ("DB instances", 40),
    ("elasticloadbalancing", "L-53DA6B97"): ("Application Load Balancers per Region", 50),
    ("ecs", "L-21C621EB"): ("Clusters per account", 10000),
}


def install(clock: Clock) -> None:
    def get(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        _known(service_code, quota_code)
        return _quota(self, service_code, quota_code, _raised(self))

    def listed(self: Any, service_code: str) -> list[dict[str, Any]]:
        return [_quota(self, *key, {}) for key in QUOTAS if key[0] == service_code]

    def default(self: Any) -> str:
        key = _asked(self)
        return json.dumps({"Quota": _quota(self.backend, *key, {})})

    def respond(self: Any) -> str:
        service = self._get_param("ServiceCode")
        return json.dumps({"Quotas": [
            _quota(self.backend, *key, _raised(self.backend)) for key in QUOTAS if key[0] == service]})

    def increase(self: Any) -> str:
        key, value = _asked(self), float(json.loads(self.body)["DesiredValue"])
        _raised(self.backend)[key] = value
        return json.dumps({"RequestedQuota": {
            "Id": "granted", "ServiceCode": key[0], "QuotaCode": key[1], "DesiredValue": value, "Status": "APPROVED"}})

    ServiceQuotasBackend.get_service_quota = get
    ServiceQuotasBackend.list_aws_default_service_quotas = listed
    ServiceQuotasResponse.list_service_quotas = respond
    ServiceQuotasResponse.get_aws_default_service_quota = default
    ServiceQuotasResponse.request_service_quota_increase = increase


def _known(service: str, code: str) -> None:
    if (service, code) not in QUOTAS:
        raise NoSuchResource


def _asked(response: Any) -> tuple[str, str]:
    params = json.loads(response.body)
    _known(params["ServiceCode"], params["QuotaCode"])
    return params["ServiceCode"], params["QuotaCode"]


def _raised(backend: Any) -> dict[tuple[str, str], float]:
    """What was asked for in this account and region."""
    if not hasattr(backend, "raised"):
        backend.raised = {}
    return backend.raised


def _quota(backend: Any, service: str, code: str, raised: dict) -> dict[str, Any]:
    name, value = QUOTAS[(service, code)]
    return {
        "ServiceCode": service,
        "QuotaArn": f"arn:aws:servicequotas:{backend.region_name}:{backend.account_id}:{service}/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(raised.get((service, code), value)),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
