"""Health checks: sixteen checkers ask the endpoint at every interval, and change their minds after a few equal answers.

By the developer guide, "How Route 53 determines whether a health check is healthy". What the endpoint answers is what
`reach` tells of it; of several answers that DNS may give, each checker gets one, by their shares.
"""

from http import HTTPStatus
from typing import Any

from moto.core.responses import ActionResult
from moto.route53.exceptions import InvalidInput, Route53ClientError
from moto.route53.models import HealthCheck, Route53Backend
from moto.route53.responses import Route53
from moto.route53.urls import url_paths

from . import web
from .ecs_agenda import agenda
from .patching import wrap
from .route53_answers import Answer, Resolver

# (region, an address in its published range)
CHECKERS = [(region, f"{network}.{n}") for n, region, network in (
    (8, "us-east-1", "54.243.31"), (9, "us-east-1", "107.23.255"), (10, "us-west-1", "54.183.255"),
    (11, "us-west-1", "54.241.32"), (12, "us-west-2", "54.244.52"), (13, "us-west-2", "54.245.168"),
    (14, "eu-west-1", "54.228.16"), (15, "eu-west-1", "176.34.159"), (16, "ap-southeast-1", "54.251.31"),
    (17, "ap-southeast-1", "54.255.254"), (18, "ap-southeast-2", "54.252.79"), (19, "ap-southeast-2", "54.252.254"),
    (20, "ap-northeast-1", "54.248.220"), (21, "ap-northeast-1", "54.250.253"), (22, "sa-east-1", "54.232.40"),
    (23, "sa-east-1", "177.71.207"),
)]
ENOUGH = 0.18  # an endpoint is healthy if more than this share of the checkers says so (D)
LOOKED_BACK = 50  # checks that are done of those that a leap of time would have seen
SILENCE = "Connection timed out. The endpoint or the internet connection is down, or requests are being blocked"


class Checker:
    """What one checker has seen: `passes` is None until it has."""

    def __init__(self, region: str, address: str) -> None:
        self.region, self.address = region, address
        self.passes: bool | None = None
        self.against = 0  # answers in a row that speak against `passes`
        self.report = self.failure = None  # of the latest check, and of the latest that failed

    def see(self, passed: bool, text: str, threshold: int) -> None:
        self.against = 0 if passed == self.passes else self.against + 1
        if self.passes is None or self.against >= threshold:
            self.passes, self.against = passed, 0
        now = agenda.date()
        if passed == self.passes:
            self.report = {"Status": f"{'Success' if passed else 'Failure'}: {text}", "CheckedTime": now}
        if not passed:
            self.failure = {"Status": f"Failure: {text}", "CheckedTime": now}

    def observation(self, report: dict[str, Any]) -> dict[str, Any]:
        return {"Region": self.region, "IPAddress": self.address, "StatusReport": report}


def install(_clock: Any) -> None:
    _checks()
    _answers()


def _checks() -> None:
    @wrap(Route53Backend, "create_health_check")
    def create(original: Any, self: Any, caller_reference: str, health_check_args: dict) -> Any:
        made = original(caller_reference, health_check_args)
        if not hasattr(made, "checkers"):  # a repeated create answers the same one
            made.home = self
            made.checkers = [Checker(*one) for one in CHECKERS if not made.regions or one[0] in made.regions]
            agenda.after(int(made.request_interval), lambda: _look(made))
        return made

    HealthCheck.passes = property(passes)


def passes(check: Any) -> bool:
    """Healthy, as the records see it. One that is new or disabled counts as healthy, unless it is inverted."""
    if check.disabled:
        healthy = True
    elif check.type_ == "CALCULATED":
        children = [check.home.health_checks.get(one) for one in check.children or []]
        healthy = sum(one is not None and one.passes for one in children) >= int(check.health_threshold or 0)
    else:
        seen = [one.passes for one in getattr(check, "checkers", []) if one.passes is not None]
        healthy = not seen or sum(seen) > ENOUGH * len(seen)
    return healthy != bool(check.inverted)


def _look(check: Any) -> None:
    """All checkers ask, and ask again after the interval; when time has leapt, only the last of its checks are done."""
    if check.home.health_checks.get(check.id) is not check:
        return
    if check.type_ not in ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"):
        outcomes = ask(check)
        for n, checker in enumerate(check.checkers):
            checker.see(*_at(outcomes, (n + 0.5) / len(check.checkers)), int(check.failure_threshold))
    interval = int(check.request_interval)
    agenda.after(interval * max(1, int(agenda.behind() // interval) - LOOKED_BACK), lambda: _look(check))


def ask(check: Any) -> list[tuple[float, bool, str]]:
    """(share, passed, text) of what the endpoint may answer. A certificate isn't verified."""
    tls, tcp = str(check.type_).startswith("HTTPS"), check.type_ == "TCP"
    host = check.fqdn or check.ip_address
    path = check.resource_path or "/"
    where = [Answer(1.0, address=check.ip_address)] if check.ip_address else Resolver().ask(host)
    found = []
    for answer in where:
        for share, outcome in web.follow(answer, int(check.port), tls, host, path, verified=False):
            found.append((answer.share * share, *_judged(outcome, tcp)))
    return found or [(1.0, False, "DNS resolution failed: Rcode NXDomain(3)")]


def _judged(outcome: dict[str, Any], tcp: bool) -> tuple[bool, str]:
    status = outcome["status"]
    if tcp:
        open_ = status is not None or "tls" in outcome.get("error", "")
        return open_, "The health checker could establish a TCP connection" if open_ else SILENCE
    if status is None:
        error = outcome.get("error", "")
        return False, error.capitalize() if "refused" in error or "tls" in error else SILENCE
    return 200 <= status < 400, f"HTTP Status Code {status}, {HTTPStatus(status).phrase}"


def _at(outcomes: list[tuple[float, bool, str]], place: float) -> tuple[bool, str]:
    for share, passed, text in outcomes:
        place -= share
        if place <= 1e-9:
            return passed, text
    return outcomes[-1][1:]


def _answers() -> None:
    def observations(response: Any, report: str) -> ActionResult:
        check = response.backend.get_health_check(response._get_param("HealthCheckId"))
        if check.type_ == "CALCULATED":
            raise InvalidInput("Invalid parameter : The health check is a calculated health check: its status can't be "
                               "retrieved by this call")
        return ActionResult({"HealthCheckObservations": [
            one.observation(getattr(one, report)) for one in check.checkers if getattr(one, report)]})

    Route53.get_health_check_status = lambda self: observations(self, "report")
    Route53.get_health_check_last_failure_reason = lambda self: observations(self, "failure")
    url_paths[r"{0}/(?P<api_version>[\d_-]+)/healthcheck/(?P<health_check_id>[^/]+)/lastfailurereason$"] = Route53.dispatch

    @wrap(Route53, "update_health_check")
    def update(original: Any, self: Any) -> ActionResult:
        check = self.backend.get_health_check(self._get_param("HealthCheckId"))
        version = self._get_param("HealthCheckVersion")
        if version is not None and int(version) != check.health_check_version:
            raise Route53ClientError("HealthCheckVersionMismatch", "The value of HealthCheckVersion in the request "
                                     "doesn't match the value of HealthCheckVersion in the health check.")
        return original()
