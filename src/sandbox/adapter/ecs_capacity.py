"""Capacity providers: managed scaling of their Auto Scaling groups, and what AWS refuses about them."""

import math

from moto.autoscaling.models import autoscaling_backends
from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.ecs.models import CapacityProvider

from . import autoscaling_instances
from .ecs_agenda import agenda
from .ecs_instances import JOIN, capacity_of, join_all

# Seconds: the metric that scales out is looked at once a minute (estimate of the mean); scaling in waits for
# 15 quiet minutes (documented); a capacity provider is described for a while after its deletion (estimate).
SCALE_OUT = 30
SCALE_IN = 900
DELETED_SHOWN = 60

MANAGED_TAG = "AmazonECSManaged"


class Provider(CapacityProvider):
    """moto's, with what AWS describes beyond."""

    def _prepare_asg_provider(self, asg_details):
        details = super()._prepare_asg_provider(asg_details)
        details.setdefault("managedDraining", "ENABLED")
        return details

    def update(self, asg_details):
        super().update(asg_details)
        if "managedDraining" in asg_details:
            self.auto_scaling_group_provider["managedDraining"] = asg_details["managedDraining"]

    def describe(self):
        return {
            "capacityProviderArn": self.capacity_provider_arn,
            "name": self.name,
            "status": self.status,
            "autoScalingGroupProvider": self.auto_scaling_group_provider,
            "updateStatus": self.update_status,
            "tags": self.tags or [],
        }


def group_of(backend, provider):
    """The Auto Scaling group that a provider stands on, or None when it is gone."""
    name = provider.auto_scaling_group_provider["autoScalingGroupArn"].split("autoScalingGroupName/")[-1]
    return autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups.get(name)


def create(backend, name, details, tags):
    known = backend.capacity_providers.get(name)
    if known is not None and known.status == "ACTIVE":
        raise EcsClientException(
            "The specified capacity provider already exists. To change the configuration of an existing capacity "
            "provider, update the capacity provider."
        )
    if name.lower().startswith(("aws", "ecs", "fargate")):
        raise EcsClientException("The specified capacity provider name is invalid: it can't begin with aws, ecs or "
                                 "fargate.")
    provider = Provider(backend.account_id, backend.region_name, name, details, tags)
    group = group_of(backend, provider)
    if group is None:
        raise EcsClientException("The specified Auto Scaling group ARN is invalid or the group does not exist.")
    if any(p.status == "ACTIVE" and group_of(backend, p) is group for p in backend.capacity_providers.values()):
        raise EcsClientException("The specified Auto Scaling group ARN is already being used by another capacity "
                                 "provider. Specify a unique Auto Scaling group ARN and try again.")
    _check_protection(group, details)
    backend.capacity_providers[name] = provider
    if details["managedScaling"]["status"] == "ENABLED" and not any(t["Key"] == MANAGED_TAG for t in group.tags):
        # ECS marks the groups that it scales.
        group.tags = [*group.tags, {"Key": MANAGED_TAG, "Value": "", "PropagateAtLaunch": True}]
    join_all(backend)
    return provider


def _check_protection(group, details):
    if details.get("managedTerminationProtection") != "ENABLED":
        return
    if details["managedScaling"].get("status") != "ENABLED":
        raise InvalidParameterException("The managed termination protection setting for the capacity provider is "
                                        "invalid. To enable managed termination protection for a capacity provider, "
                                        "you must also enable managed scaling.")
    if not group.new_instances_protected_from_scale_in:
        raise InvalidParameterException("The managed termination protection setting for the capacity provider is "
                                        "invalid. To enable managed termination protection for a capacity provider, "
                                        "the Auto Scaling group must have instance protection from scale in "
                                        "enabled.")


def find(backend, name):
    provider = backend._get_provider(name)
    if provider is None or provider.status != "ACTIVE":
        raise EcsClientException("The specified capacity provider does not exist. Specify a valid name or ARN and "
                                 "try again.")
    return provider


def update(backend, name, details):
    provider = find(backend, name)
    group = group_of(backend, provider)
    if group is not None:
        merged = {**provider.auto_scaling_group_provider, **details}
        merged["managedScaling"] = {
            **provider.auto_scaling_group_provider["managedScaling"],
            **details.get("managedScaling", {}),
        }
        _check_protection(group, merged)
    provider.update(details)
    return provider


def delete(backend, name):
    provider = find(backend, name)
    for cluster in backend.clusters.values():
        if cluster.status == "ACTIVE" and provider.name in (cluster.capacity_providers or []):
            raise EcsClientException(
                f"The capacity provider cannot be deleted because it is associated with cluster: {cluster.name}. "
                "Remove the capacity provider from the cluster and try again."
            )
    provider.status, provider.update_status = "INACTIVE", "DELETE_COMPLETE"

    def vanish():
        if backend.capacity_providers.get(provider.name) is provider:
            del backend.capacity_providers[provider.name]

    agenda.after(DELETED_SHOWN, vanish)
    return provider


def users(backend, cluster_name, provider_name):
    """Services and tasks of a cluster that rely on a provider."""
    services = [s for s in backend.services.values() if s.cluster_name == cluster_name and s.status != "INACTIVE"
                and provider_name in [e["capacityProvider"] for e in s.settings["capacityProviderStrategy"] or []]]
    tasks = [t for t in backend.tasks.get(cluster_name, {}).values()
             if t.last_status != "STOPPED" and t.options.get("capacityProviderName") == provider_name]
    return services, tasks


def scale(backend, cluster_name):
    """Managed scaling of the providers of a cluster: out for waiting tasks, in after a quiet time."""
    cluster = backend.clusters.get(cluster_name)
    for name in (cluster.capacity_providers or []) if cluster else []:
        provider = backend.capacity_providers.get(name)
        if provider is None or provider.auto_scaling_group_provider["managedScaling"]["status"] != "ENABLED":
            continue
        group = group_of(backend, provider)
        if group is None or group.status:
            continue
        _protect(backend, cluster_name, provider, group)
        if _waiting(backend, cluster_name, name):
            _later(provider, "out", SCALE_OUT, lambda p=provider, g=group: _scale_out(backend, cluster_name, p, g))
        elif _idle(backend, cluster_name, group, 0):
            _later(provider, "in", SCALE_IN, lambda p=provider, g=group: _scale_in(backend, cluster_name, p, g))


def _later(provider, direction, seconds, action):
    planned = provider.__dict__.setdefault("planned", set())
    if direction not in planned:
        planned.add(direction)
        agenda.after(seconds, lambda: (planned.discard(direction), action()))


def _waiting(backend, cluster_name, provider_name):
    return [task for task in backend.tasks.get(cluster_name, {}).values()
            if task.instance is None and task.desired_status == "RUNNING"
            and task.options.get("capacityProviderName") == provider_name]


def _joined(backend, cluster_name, group):
    """The container instances that the group gave the cluster."""
    return [i for i in backend.container_instances.get(cluster_name, {}).values()
            if i.member.auto_scaling_group is group]


def _busy(backend, cluster_name, group):
    """Ids of the group's container instances that hold tasks."""
    held = {task.instance.id for task in backend.tasks.get(cluster_name, {}).values()
            if task.instance and task.last_status != "STOPPED"}
    return held & {instance.id for instance in _joined(backend, cluster_name, group)}


def _idle(backend, cluster_name, group, quiet):
    """Container instances of the group that have held no task for `quiet` seconds."""
    busy = _busy(backend, cluster_name, group)
    return [i for i in _joined(backend, cluster_name, group)
            if i.id not in busy and agenda.since(i.idle_since) >= quiet]


def _scale_out(backend, cluster_name, provider, group):
    waiting = _waiting(backend, cluster_name, provider.name)
    cpu, memory, interfaces = capacity_of(group.wanted_instance_type)
    fitting = [task for task in waiting if task.cpu <= cpu and task.memory <= memory]
    if not fitting:
        return
    shares = (
        sum(task.cpu for task in fitting) / cpu,
        sum(task.memory for task in fitting) / memory,
        sum(task.awsvpc for task in fitting) / max(interfaces - 1, 1),
    )
    settings = provider.auto_scaling_group_provider["managedScaling"]
    joined = len(_joined(backend, cluster_name, group))
    coming = max(0, len(autoscaling_instances.alive(group)) - joined)
    more = min(max(math.ceil(max(shares)) - coming, 0), settings["maximumScalingStepSize"])
    wanted = min(max(group.desired_capacity + more, group.min_size), group.max_size)
    if wanted > group.desired_capacity:
        group.set_desired_capacity(wanted)
    if _waiting(backend, cluster_name, provider.name) and group.desired_capacity < group.max_size:
        _later(provider, "out", JOIN + SCALE_OUT, lambda: _scale_out(backend, cluster_name, provider, group))


def _scale_in(backend, cluster_name, provider, group):
    spare = _idle(backend, cluster_name, group, SCALE_IN - 1)[: max(group.desired_capacity - group.min_size, 0)]
    # Only as much goes as the target capacity does not keep in reserve.
    target = provider.auto_scaling_group_provider["managedScaling"]["targetCapacity"] / 100
    needed = math.ceil(len(_busy(backend, cluster_name, group)) / target)
    spare = spare[: max(group.desired_capacity - needed, 0)]
    if spare:
        for instance in spare:
            instance.member.protected_from_scale_in = False
            autoscaling_instances.end(instance.member, "in response to a scale-in of a capacity provider")
        group.set_desired_capacity(group.desired_capacity - len(spare))
    elif _idle(backend, cluster_name, group, 0) and group.desired_capacity > group.min_size:
        _later(provider, "in", SCALE_IN, lambda: _scale_in(backend, cluster_name, provider, group))


def _protect(backend, cluster_name, provider, group):
    """Managed termination protection: instances with tasks are protected, idle ones are not."""
    if provider.auto_scaling_group_provider["managedTerminationProtection"] != "ENABLED":
        return
    busy = _busy(backend, cluster_name, group)
    for instance in _joined(backend, cluster_name, group):
        instance.member.protected_from_scale_in = instance.id in busy
