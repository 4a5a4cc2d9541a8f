"""Service Quotas that a preflight check of a migration reads, at AWS's default values (D)."""

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
    ("rds", "L-7B6409FD"): ("DB instances", 40),
    ("elasticloadbalancing", "L-53DA6B97"): ("Application Load Balancers per Region", 50),
    ("ecs", "L-21C621EB"): ("Clusters per account", 10000),
}


def install(clock: Clock) -> None:
    def get(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        if (service_code, quota_code) not in QUOTAS:
            raise NoSuchResource
        return _quota(self, service_code, quota_code)

    def listed(self: Any, service_code: str) -> list[dict[str, Any]]:
        return [_quota(self, *key) for key in QUOTAS if key[0] == service_code]

    def respond(self: Any) -> str:
        return json.dumps({"Quotas": self.backend.list_aws_default_service_quotas(self._get_param("ServiceCode"))})

    ServiceQuotasBackend.get_service_quota = get
    ServiceQuotasBackend.list_aws_default_service_quotas = listed
    ServiceQuotasResponse.list_service_quotas = respond


def _quota(backend: Any, service: str, code: str) -> dict[str, Any]:
    name, value = QUOTAS[(service, code)]
    return {
        "ServiceCode": service,
        "QuotaArn": f"arn:aws:servicequotas:{backend.region_name}:{backend.account_id}:{service}/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
