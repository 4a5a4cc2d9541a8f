"""ACM: a certificate is issued some time after its validation record is in DNS; in use it stays."""

import hashlib
from typing import Any

from moto.acm.exceptions import AWSResourceNotFoundException
from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.core.exceptions import AWSError
from moto.core.utils import utcnow
from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends
from moto.utilities.utils import get_partition

from .clock import Clock
from .patching import wrap

RECORD_SHOWN = 5  # E: until DescribeCertificate names the record
VALIDATION = 61  # facts/aws.md: M


class InUse(AWSError):
    TYPE = "ResourceInUseException"


def install(clock: Clock) -> None:
    _request(clock)
    _issue(clock)
    _describe(clock)
    _list()
    _delete()


def record_of(arn: str, domain: str) -> tuple[str, str]:
    """(name, value) of the CNAME that proves `domain`; the same for a name and its wildcard."""
    base = domain.removeprefix("*.").rstrip(".").lower()
    digest = hashlib.sha256(f"{arn.split(':')[4]} {base}".encode()).hexdigest()
    return f"_{digest[:32]}.{base}.", f"_{digest[32:]}.sandbox.acm-validations.aws."


def users_of(backend: Any, arn: str) -> list[str]:
    """ARNs of the load balancers whose listeners present the certificate."""
    balancers = elbv2_backends[backend.account_id][backend.region_name].load_balancers
    return [name for name, balancer in balancers.items()
            for listener in balancer.listeners.values() if arn in str([listener.certificate, listener.certificates])]


def _request(clock: Clock) -> None:
    @wrap(AWSCertificateManagerBackend, "request_certificate")
    def request(original: Any, self: Any, domain_name: str, idempotency_token: str, *args: Any, **kwargs: Any) -> str:
        known = self._idempotency_tokens.get(idempotency_token)
        if known and known["arn"] not in self._certificates:
            del self._idempotency_tokens[idempotency_token]
        arn = original(domain_name, idempotency_token, *args, **kwargs)
        certificate = self._certificates[arn]
        if not hasattr(certificate, "born"):
            certificate.born, certificate.issued_at = clock.now(), None
            certificate.domains = list(dict.fromkeys([domain_name, *(args[0] or [])]))
        return arn


def _issue(clock: Clock) -> None:
    @wrap(CertBundle, "check")
    def check(original: Any, self: Any) -> None:
        if self.type != "AMAZON_ISSUED" or self.status != "PENDING_VALIDATION":
            return
        starts = [_proved(self, domain) for domain in self.domains]
        if None not in starts and clock.age(max([self.born, *starts])) >= VALIDATION:
            self.status, self.issued_at = "ISSUED", utcnow()


def _proved(certificate: Any, domain: str) -> float | None:
    """When the domain's validation record came into a public zone of the account, if it did."""
    name, value = record_of(certificate.arn, domain)
    _, _, _, region, account, _ = certificate.arn.split(":", 5)
    for zone in route53_backends[account][get_partition(region)].zones.values():
        for record in zone.rrsets:
            values = [str(one).rstrip(".") for one in record.records or []]
            if record.type == "CNAME" and record.name.lower() == name and value.rstrip(".") in values:
                return getattr(record, "born", 0.0)
    return None


def _describe(clock: Clock) -> None:
    @wrap(CertBundle, "describe")
    def describe(original: Any, self: Any) -> dict[str, Any]:
        result = original()
        if self.type != "AMAZON_ISSUED":
            return result
        seen = result["Certificate"]
        seen["DomainName"], seen["SubjectAlternativeNames"] = self.domains[0], self.domains
        seen["SubjectAlternativeNameSummaries"] = self.domains  # of which ListCertificates makes its summary
        seen["KeyAlgorithm"] = "RSA-2048"
        if self.issued_at is None:
            for name in ("IssuedAt", "NotAfter", "NotBefore", "Serial"):
                seen.pop(name, None)
        else:
            seen["IssuedAt"] = self.issued_at.timestamp()
        seen["DomainValidationOptions"] = [_option(clock, self, domain) for domain in self.domains]
        return result


def _option(clock: Clock, certificate: Any, domain: str) -> dict[str, Any]:
    done = certificate.status == "ISSUED" or _proved(certificate, domain) is not None
    option = {
        "DomainName": domain,
        "ValidationDomain": domain,
        "ValidationMethod": "DNS",
        "ValidationStatus": "SUCCESS" if done else "PENDING_VALIDATION",
    }
    if clock.age(certificate.born) >= RECORD_SHOWN:
        name, value = record_of(certificate.arn, domain)
        option["ResourceRecord"] = {"Name": name, "Type": "CNAME", "Value": value}
    return option


def _list() -> None:
    @wrap(AWSCertificateManagerBackend, "list_certificates")
    def listed(original: Any, self: Any, statuses: Any, includes: Any) -> Any:
        """Unasked, only certificates with RSA's short keys are told (D). A filter calls RSA_2048 what a certificate calls RSA-2048."""
        asked = dict(includes or {})
        keys = asked.get("keyTypes") or ["RSA_1024", "RSA_2048"]
        asked["keyTypes"] = [*keys, *(key.replace("_", "-", 1) for key in keys)]
        return original(statuses, asked)


def _delete() -> None:
    @wrap(AWSCertificateManagerBackend, "get_certificate")
    def get(original: Any, self: Any, arn: str) -> Any:
        if arn not in self._certificates:
            raise AWSResourceNotFoundException(f"Could not find certificate {arn}.")
        found = original(arn)
        found.in_use_by = users_of(self, arn)
        return found

    @wrap(AWSCertificateManagerBackend, "delete_certificate")
    def delete(original: Any, self: Any, arn: str) -> None:
        if users_of(self, arn):
            raise InUse(f"Certificate {arn} in account {self.account_id} is in use.")
        original(arn)
