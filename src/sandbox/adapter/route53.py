"""Route 53: changes take time to be in sync, references make creates repeatable, health checks."""

import secrets
import string
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.route53 import models
from moto.route53.exceptions import NoSuchHealthCheck, Route53ClientError
from moto.route53.models import HealthCheck, Route53Backend
from moto.route53.responses import Route53

from .clock import Clock
from .patching import wrap
from .route53_answers import INSYNC


def install(clock: Clock) -> None:
    _changes(clock)
    _references()
    _health_checks()


def _changes(clock: Clock) -> None:
    @wrap(Route53, "change_resource_record_sets")
    def change(original: Any, self: Any) -> ActionResult:
        original()
        name = "C" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(20))
        if not hasattr(self.backend, "changes"):
            self.backend.changes = {}
        self.backend.changes[name] = (clock.now(), utcnow())
        return _info(clock, self.backend, name)

    @wrap(Route53, "get_change")
    def get(original: Any, self: Any) -> ActionResult:
        name = self._get_param("Id").rsplit("/", 1)[-1]
        if name in getattr(self.backend, "changes", {}):
            return _info(clock, self.backend, name)
        if name in ("C1PA6795UKMFR9", "C2682N5HXP0BZ4"):  # moto's own, of hosted zones
            return original()
        raise Route53ClientError("NoSuchChange", f"A change with the specified change ID doesn't exist: {name}")


def _info(clock: Clock, backend: Any, name: str) -> ActionResult:
    born, submitted = backend.changes[name]
    status = clock.stage(born, [("PENDING", INSYNC)], "INSYNC")
    return ActionResult({"ChangeInfo": {"Id": f"/change/{name}", "Status": status, "SubmittedAt": submitted}})


def _references() -> None:
    unmarked = models.create_route53_zone_id
    models.create_route53_zone_id = lambda *args, **kwargs: f"Z{unmarked(*args, **kwargs)[1:]}"  # as AWS's begin

    @wrap(Route53Backend, "create_hosted_zone")
    def zone(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        reference = kwargs.get("caller_reference")
        if reference and any(z.caller_reference == reference for z in self.zones.values()):
            raise Route53ClientError(
                "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference.")
        return original(*args, **kwargs)

    @wrap(Route53Backend, "create_health_check")
    def check(original: Any, self: Any, caller_reference: str, health_check_args: dict) -> Any:
        asked = dict(health_check_args)
        for known in self.health_checks.values():
            if known.caller_reference == caller_reference:
                if known.asked == asked:
                    return known
                raise Route53ClientError(
                    "HealthCheckAlreadyExists",
                    f"A health check has already been created with the caller reference {caller_reference}.",
                )
        made = original(caller_reference, health_check_args)
        made.asked = asked
        return made


def _health_checks() -> None:
    @wrap(HealthCheck, "__init__")
    def init(original: Any, self: Any, health_check_id: str, caller_reference: str, health_check_args: dict) -> None:
        original(health_check_id, caller_reference, health_check_args)
        self.asked = dict(health_check_args)
        if not health_check_args.get("port") and str(self.type_).startswith("HTTPS"):
            self.port = 443

    @wrap(Route53Backend, "update_health_check")
    def update(original: Any, self: Any, health_check_id: str, health_check_args: dict) -> Any:
        changed = original(health_check_id, health_check_args)
        changed.health_check_version += 1
        return changed

    @wrap(Route53Backend, "delete_health_check")
    def delete(original: Any, self: Any, health_check_id: str) -> Any:
        if health_check_id not in self.health_checks:
            raise NoSuchHealthCheck(health_check_id)
        self.resource_tags.pop(health_check_id, None)
        return original(health_check_id)
