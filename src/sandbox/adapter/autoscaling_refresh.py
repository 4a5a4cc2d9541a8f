"""Instance refresh: replaces a group's instances one by one. moto has none."""

import uuid

from moto.autoscaling.exceptions import AutoscalingClientError

from . import autoscaling_instances as instances
from .ecs_agenda import agenda

# Seconds between two replacements (launch to InService and a short warm-up), and after which a refresh that waits
# for protected instances fails (AWS: one hour).
STEP = 60
PATIENCE = 3600


def start(group, preferences):
    """Begin; answers the refresh's id."""
    if any(r["Status"] in ("Pending", "InProgress") for r in group.refreshes):
        raise AutoscalingClientError(
            "InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks the execution"
        )
    wanted = group.version
    skip_matching = preferences.get("SkipMatching", False)
    todo = [
        member
        for member in instances.alive(group)
        if not (skip_matching and wanted and getattr(member, "version", None) is wanted)
    ]
    refresh = {
        "InstanceRefreshId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "Status": "Pending",
        "StartTime": agenda.date(),
        "PercentageComplete": 0,
        "InstancesToUpdate": len(todo),
        "Preferences": preferences,
    }
    group.refreshes.insert(0, refresh)
    agenda.after(1, lambda: _step(group, refresh, todo, len(todo), agenda.now()))
    return refresh["InstanceRefreshId"]


def cancel(group):
    current = next((r for r in group.refreshes if r["Status"] in ("Pending", "InProgress")), None)
    if current is None:
        raise AutoscalingClientError(
            "ActiveInstanceRefreshNotFound", f"No in progress or pending Instance Refresh found for {group.name}"
        )
    _finish(current, "Cancelled")
    return current["InstanceRefreshId"]


def _step(group, refresh, todo, total, began):
    if refresh["Status"] not in ("Pending", "InProgress"):
        return
    refresh["Status"] = "InProgress"
    todo = [member for member in todo if member in instances.alive(group)]
    protected = refresh["Preferences"].get("ScaleInProtectedInstances", "Wait")
    if protected == "Ignore":
        todo = [member for member in todo if not member.protected_from_scale_in]
    refresh["InstancesToUpdate"] = len(todo)
    refresh["PercentageComplete"] = 100 if not total else 100 * (total - len(todo)) // total
    if not todo:
        _finish(refresh, "Successful")
        return
    ready = [member for member in todo if protected == "Refresh" or not member.protected_from_scale_in]
    if ready:
        instances.end(ready[0], "in response to an instance refresh")
        instances.reconcile(group)
    elif agenda.since(began) > PATIENCE:
        refresh["StatusReason"] = "Timed out waiting for instances that are protected from scale in"
        _finish(refresh, "Failed")
        return
    agenda.after(STEP, lambda: _step(group, refresh, todo, total, began))


def _finish(refresh, status):
    refresh["Status"] = status
    refresh["EndTime"] = agenda.date()
