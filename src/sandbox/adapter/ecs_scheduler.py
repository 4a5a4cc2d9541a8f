"""The scheduler: starts, places and stops the tasks of services until they are as they should be."""

from collections import Counter

from . import ecs_balance, ecs_capacity, ecs_instances, ecs_task
from .ecs_agenda import agenda

# Seconds between two looks at tasks whose health is awaited: at first, at most.
LOOK, LONGEST_LOOK = 5, 120


def connect():
    ecs_task.changed.append(_task_changed)
    ecs_instances.changed.append(settle)


def _task_changed(task):
    settle(task.backend, task.cluster_name)


def settle(backend, cluster_name):
    """One more round for a cluster, in a moment: several changes of one moment make one round."""
    planned = backend.__dict__.setdefault("settling", set())
    if cluster_name in planned:
        return
    planned.add(cluster_name)

    def round_():
        planned.discard(cluster_name)
        place(backend, cluster_name)
        for service in list(backend.services.values()):
            if service.cluster_name == cluster_name:
                roll(service)
        ecs_capacity.scale(backend, cluster_name)

    agenda.after(0, round_)


def held_by(backend, instance):
    """The tasks that take room on a container instance."""
    tasks = backend.tasks.get(instance.cluster, {}).values()
    return [task for task in tasks if task.instance is instance and task.last_status != "STOPPED"]


def best_instance(backend, cluster_name, wanted, others=()):
    """(instance, None) for a task, spread over zones and then over instances, or (None, what is missing)."""
    lacking = "RESOURCE:MEMORY"
    fitting = []
    for instance in backend.container_instances.get(cluster_name, {}).values():
        held = held_by(backend, instance)
        missing = "AGENT" if instance.status != "ACTIVE" else instance.lacks(held, wanted)
        if missing is None and wanted.alone and any(task.service is wanted.service for task in held):
            missing = "distinctInstance placement constraint unsatisfied"
        if missing is None:
            fitting.append((instance, len(held)))
        else:
            lacking = missing
    zones = Counter(task.instance.zone for task in others if task.instance)
    homes = Counter(task.instance.id for task in others if task.instance)
    if not fitting:
        return None, lacking
    return min(fitting, key=lambda f: (zones[f[0].zone], homes[f[0].id], f[1]))[0], None


def place(backend, cluster_name):
    """Give the waiting tasks room where there is some."""
    for task in list(backend.tasks.get(cluster_name, {}).values()):
        if task.instance is None and task.desired_status == "RUNNING":
            others = task.service.live() if task.service else []
            instance, _ = best_instance(backend, cluster_name, task, others)
            if instance:
                task.place(instance, held_by(backend, instance))


def roll(service):
    """One step of a service towards its desired state, within its minimum and maximum percent."""
    for task in service.live():
        if task.instance is not None and task.instance.status != "ACTIVE":
            task.end("ServiceSchedulerInitiated", "The container instance is draining or gone.")
    if service.status != "ACTIVE":
        _empty(service)
        return
    if service.scheduling_strategy == "DAEMON":
        instances = service.backend.container_instances.get(service.cluster_name, {}).values()
        service.desired = sum(instance.status == "ACTIVE" for instance in instances)
    primary, desired = service.deployments[0], service.desired
    if primary.state == "FAILED":
        return
    _judge(service)
    upper = max(desired * service.configuration["maximumPercent"] // 100, 1 if desired else 0)
    lower = -(-desired * service.configuration["minimumHealthyPercent"] // 100)
    extra = ecs_balance.settled(service, primary.live)
    mine = sorted(primary.live, key=lambda task: (task.healthy, task.started or 0))
    for task in mine[: max(0, len(mine) - desired - extra)]:
        task.end("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {primary.id})")
    _start(service, primary, min(desired - len(primary.live), upper - len(service.live())))
    _retire(service, primary, lower)
    _finish(service, primary, desired)
    ecs_balance.start_move(service, _start_elsewhere)


def _judge(service):
    """Tasks that a load balancer refuses after the grace period are replaced."""
    grace = service.settings.get("healthCheckGracePeriodSeconds") or 0
    for task in service.live():
        group = task.refused
        if group is not None and agenda.since(task.started) >= grace:
            service.event(f"(task {task.id}) is unhealthy in (target-group {group.arn}) "
                          "due to (reason Health checks failed).")
            task.end("ServiceSchedulerInitiated", f"Task failed ELB health checks in (target-group {group.arn})",
                     failed=True)


def _start(service, primary, count):
    if count > 0 and agenda.now() < primary.pause_until:
        agenda.after(primary.pause_until - agenda.now(), service.look)
        return
    started = []
    for _ in range(count):
        task = service.new_task(primary)
        instance, missing = best_instance(service.backend, service.cluster_name, task, service.live())
        if instance:
            task.place(instance, held_by(service.backend, instance))
        elif not task.options.get("capacityProviderName"):
            # Without a capacity provider nobody waits for room: the scheduler tries again when something changes.
            del service.backend.tasks[service.cluster_name][task.task_arn]
            service.event("was unable to place a task because no container instance met all of its requirements. "
                          f"Reason: {missing}.")
            break
        started.append(task.id)
    if started:
        service.event(f"has started {len(started)} tasks: " + " ".join(f"(task {task})" for task in started) + ".")


def _start_elsewhere(service, zone):
    """One more task outside of a zone; None when there is no room."""
    task = service.new_task(service.deployments[0])
    instance, _ = best_instance(service.backend, service.cluster_name, task, service.live())
    if instance is None or instance.zone == zone:
        del service.backend.tasks[service.cluster_name][task.task_arn]
        return None
    task.place(instance, held_by(service.backend, instance))
    return task


def _retire(service, primary, lower):
    """Stop tasks of older deployments as long as enough healthy ones remain."""
    healthy = sum(task.healthy for task in service.live())
    for old in [deployment for deployment in service.deployments if deployment is not primary]:
        for task in sorted(old.live, key=lambda task: task.healthy):
            if task.healthy and healthy - 1 < lower:
                continue
            healthy -= task.healthy
            service.event(f"has stopped 1 running tasks: (task {task.id}).")
            task.end("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {primary.id})")


def _finish(service, primary, desired):
    good = sum(task.healthy for task in primary.live)
    for old in service.deployments[1:]:
        if old.state != "FAILED" and not old.tasks:
            service.deployments.remove(old)
    steady = good == desired == len(primary.live) and not any(old.tasks for old in service.deployments[1:])
    if steady and primary.state == "IN_PROGRESS":
        primary.complete()
    if steady and not service.steady:
        service.event("has reached a steady state.")
    service.steady = steady
    waits = any(task.last_status == "RUNNING" and not task.healthy for task in primary.live)
    service.wait = min(service.wait * 1.5, LONGEST_LOOK) if waits else LOOK
    if waits:
        service.look(service.wait)


def _empty(service):
    """A deleted service is INACTIVE when its last task has left the load balancer."""
    for task in service.live():
        task.end("ServiceSchedulerInitiated", "Service is being deleted.")
    if all(task.last_status in ("STOPPING", "STOPPED") for task in service.tasks()):
        service.deactivate()
