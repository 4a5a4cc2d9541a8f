"""The health checks of target groups: what a target answers, and how long it takes until that counts.

A target keeps `result` (whether it passes the check, and why not), the moment when that `turned`, and the state that it
had `before`. Whoever changes what targets answer has them looked at in the same moment, so that no turn is missed.
"""

import re

from moto.elbv2.models import elbv2_backends

from . import ecs_answers
from .ecs_agenda import agenda

INITIAL = ("initial", "Elb.RegistrationInProgress")

# Told (account, region) when the health of targets has changed by itself or from outside.
health_changed = []


def begin(group, target, task):
    """A target is registered, by the task whose it is if there is one."""
    target |= {"task": task, "turned": agenda.now(), "before": INITIAL}
    target["result"] = _result(group, target)
    _tell_later(group, target)


def state(group, target):
    """(state, reason) by what the target answers and since when."""
    look(group, target)
    (passes, reason), began, before = target["result"], target["turned"], target["before"]
    if group.used_since > began:
        began, before = group.used_since, INITIAL
    if agenda.since(began) < _lasts(group, passes):
        return before
    return ("healthy", None) if passes else ("unhealthy", reason)


def look(group, target):
    """Notice it if the target answers otherwise than before."""
    result = _result(group, target)
    if result[0] != target["result"][0]:
        # The old result is still there: the state is the one until now.
        old, target["result"] = target["result"], result
        began = max(target["turned"], group.used_since or 0)
        if group.used_since is not None and agenda.since(began) >= _lasts(group, old[0]):
            target["before"] = ("healthy", None) if old[0] else ("unhealthy", old[1])
        target["turned"] = agenda.now()
        _tell_later(group, target)


def look_at_all(account, region):
    """What targets answer may have changed."""
    for group in elbv2_backends[account][region].target_groups.values():
        for target in group.targets.values():
            look(group, target)


def _lasts(group, passes):
    """Seconds that a target must pass, or fail, before it counts."""
    times = group.healthy_threshold_count if passes else group.unhealthy_threshold_count
    return int(group.health_check_interval_seconds) * int(times)


def _tell_later(group, target):
    _, _, _, region, account, _ = group.arn.split(":", 5)

    def tell():
        for listener in health_changed:
            listener(account, region)

    if not target["result"][0]:
        agenda.after(_lasts(group, False), tell)


def _result(group, target):
    """(passes, reason): a task answers the paths that it knows, an instance while it runs, anything else always."""
    if (task := target["task"]) is not None:
        status = 200 if ecs_answers.knows(task, group.health_check_path or "/") else 404
        return (True, None) if _matches(group, status) else (False, "Target.ResponseCodeMismatch")
    instance = _instance(group, target["Id"])
    return (True, None) if instance is None or instance.is_running() else (False, "Target.Timeout")


def _matches(group, status):
    for one in str((group.matcher or {}).get("HttpCode") or "200").split(","):
        first, _, last = one.strip().partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


def _instance(group, identity):
    """The instance that a target is, by its id or by the private address of one that isn't terminated."""
    backend = group.ec2_backend
    if re.match("i-", identity):
        return backend.get_instance_by_id(identity)
    return next((one for reservation in backend.reservations.values() for one in reservation.instances
                 if one.private_ip == identity and one.state != "terminated"), None)
