"""Container instances: EC2 instances of Auto Scaling groups that join their cluster by themselves, and leave it."""

import base64
import re
import uuid

from moto.autoscaling.models import autoscaling_backends

from . import autoscaling_instances
from .ecs_agenda import agenda

# Seconds from launch to registered in ECS (measured low 41, typical 90).
JOIN = 90
# Seconds until waiting tasks are placed on it (estimate): instances that come together share them.
PLACING = 5

# Sizes: (vCPU, MiB, network interfaces), for the burstable and for the other families.
_BURSTABLE = {
    "nano": (2, 512, 2),
    "micro": (2, 1024, 2),
    "small": (2, 2048, 3),
    "medium": (2, 4096, 3),
    "large": (2, 8192, 3),
    "xlarge": (4, 16384, 4),
    "2xlarge": (8, 32768, 4),
}
_FIXED = {
    "medium": (1, 4096, 2),
    "large": (2, 8192, 3),
    "xlarge": (4, 16384, 4),
    "2xlarge": (8, 32768, 4),
    "4xlarge": (16, 65536, 8),
    "8xlarge": (32, 131072, 8),
}
# MiB per vCPU, relative to the "m" families.
_SHARE = {"c": 0.5, "m": 1, "r": 2}
# The operating system and the agent keep some memory for themselves (estimate; t3.small registers about 1900 MiB).
_USABLE = 0.93

# Told (cluster backend, cluster name) when a cluster's instances changed.
changed = []


def capacity_of(instance_type):
    """(CPU units, MiB, network interfaces) that an instance of this type offers to tasks."""
    family, _, size = instance_type.partition(".")
    table = _BURSTABLE if family.startswith("t") else _FIXED
    cpus, memory, interfaces = table.get(size, table["large"])
    share = 1 if family.startswith("t") else _SHARE.get(family[:1], 1)
    return cpus * 1024, int(memory * share * _USABLE), interfaces


class ContainerInstance:
    """Stands in moto's `container_instances` beside moto's own."""

    def __init__(self, backend, cluster, member, provider):
        instance = member.instance
        self.member = member
        self.cluster = cluster
        self.ec2_instance_id = instance.id
        self.instance_type = instance.instance_type
        self.zone = instance.availability_zone
        self.provider = provider
        self.id = uuid.uuid4().hex
        self.container_instance_arn = (
            f"arn:{backend.partition}:ecs:{backend.region_name}:{backend.account_id}:"
            f"container-instance/{cluster}/{self.id}"
        )
        self.status = "ACTIVE"
        self.agent_connected = True
        self.registered_at = agenda.date()
        self.idle_since = agenda.now()
        self.cpu, self.memory, self.interfaces = capacity_of(instance.instance_type)
        self.attributes = {
            "ecs.ami-id": instance.image_id,
            "ecs.availability-zone": self.zone,
            "ecs.instance-type": self.instance_type,
            "ecs.os-type": "linux",
            "ecs.os-family": "LINUX",
            "ecs.cpu-architecture": "arm64" if re.match(r"[a-z]+\d+g", self.instance_type) else "x86_64",
            "ecs.subnet-id": instance.subnet_id,
            "ecs.vpc-id": instance.vpc_id,
            "ecs.capability.execution-role-awslogs": None,
            "ecs.capability.secrets.asm.environment-variables": None,
            "ecs.capability.task-eni": None,
            "ecs.capability.container-health-check": None,
        }
        self.tags = []

    def describe(self, tasks):
        """As DescribeContainerInstances answers; `tasks` are those on this instance."""
        held = [task for task in tasks if task.last_status != "STOPPED"]
        ports = ["22", "2376", "2375", "51678", "51679"]
        used = ports + [str(port) for task in held for port in task.host_ports]
        cpu, memory = self.free(held)
        return {
            "containerInstanceArn": self.container_instance_arn,
            "ec2InstanceId": self.ec2_instance_id,
            "capacityProviderName": self.provider,
            "version": 1,
            "versionInfo": {"agentVersion": "1.98.0", "dockerVersion": "DockerVersion: 25.0.8"},
            "registeredResources": _resources(self.cpu, self.memory, ports),
            "remainingResources": _resources(cpu, memory, used),
            "status": self.status,
            "agentConnected": self.agent_connected,
            "runningTasksCount": sum(task.last_status == "RUNNING" for task in held),
            "pendingTasksCount": sum(task.last_status in ("PENDING", "ACTIVATING") for task in held),
            "attributes": self.attributes,
            "registeredAt": self.registered_at,
            "attachments": [],
            "tags": self.tags,
        }

    def free(self, held):
        return self.cpu - sum(task.cpu for task in held), self.memory - sum(task.memory for task in held)

    def lacks(self, held, wanted):
        """What is missing here for one more task like `wanted`; None when it fits."""
        cpu, memory = self.free(held)
        if wanted.cpu > cpu:
            return "RESOURCE:CPU"
        if wanted.memory > memory:
            return "RESOURCE:MEMORY"
        if wanted.awsvpc and sum(task.awsvpc for task in held) + 2 > self.interfaces:
            return "RESOURCE:ENI"
        if set(wanted.fixed_ports) & {port for task in held for port in task.host_ports}:
            return "RESOURCE:PORTS"
        return None


def _resources(cpu, memory, ports):
    numbers = [
        {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value}
        for name, value in (("CPU", cpu), ("MEMORY", memory))
    ]
    sets = [
        {"name": name, "type": "STRINGSET", "doubleValue": 0.0, "longValue": 0, "integerValue": 0, "stringSetValue": v}
        for name, v in (("PORTS", ports), ("PORTS_UDP", []))
    ]
    return numbers + sets


def provider_of(backend, group):
    """The active capacity provider that stands on this Auto Scaling group."""
    for provider in backend.capacity_providers.values():
        if provider.status == "ACTIVE" and provider.auto_scaling_group_provider["autoScalingGroupArn"] in (
            group.arn,
            group.name,
        ):
            return provider
    return None


def cluster_of(backend, member):
    """(cluster name, capacity provider name or None) that this instance's agent belongs to."""
    group = member.auto_scaling_group
    provider = provider_of(backend, group)
    data = member.instance.user_data
    text = _plain(data) if data else ""
    named = re.search(r"ECS_CLUSTER[\"' ]*[=:][\"' ]*([A-Za-z0-9_-]+)", text)
    if named:
        return named.group(1), provider.name if provider else None
    if provider:
        for cluster in backend.clusters.values():
            if cluster.status == "ACTIVE" and provider.name in (cluster.capacity_providers or []):
                return cluster.name, provider.name
    return None, None


def _plain(data):
    try:
        return base64.b64decode(str(data), validate=True).decode("utf-8", "replace")
    except ValueError:
        return str(data)


def join(backend, member):
    """The agent of this instance registers, if its cluster is there."""
    if not member.alive or member.instance.state != "running":
        return
    name, provider = cluster_of(backend, member)
    cluster = backend.clusters.get(name)
    if cluster is None or cluster.status != "ACTIVE":
        return
    instances = backend.container_instances.setdefault(name, {})
    for known in instances.values():
        if known.ec2_instance_id == member.instance_id:
            known.provider = known.provider or provider
            return
    joined = ContainerInstance(backend, name, member, provider)
    instances[joined.id] = joined
    agenda.after(PLACING, lambda: _tell(backend, name))


def join_all(backend):
    """Agents retry: when a cluster or a capacity provider appears, waiting instances join."""
    groups = autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups
    for group in groups.values():
        for member in autoscaling_instances.alive(group):
            wait = max(0, JOIN - agenda.since(member.launched))
            agenda.after(wait, lambda member=member: join(backend, member))


def drain(backend, member):
    """Tasks are moved away from an instance that is about to end."""
    for instance in _of(backend, member):
        instance.status = "DRAINING"
        _tell(backend, instance.cluster)


def leave(backend, member):
    for instance in _of(backend, member):
        backend.container_instances[instance.cluster].pop(instance.id, None)
        instance.status, instance.agent_connected = "INACTIVE", False
        for task in list(backend.tasks.get(instance.cluster, {}).values()):
            if task.instance is instance:
                task.lose(f"Host EC2 (instance {member.instance_id}) terminated.")
        _tell(backend, instance.cluster)


def _of(backend, member):
    return [
        instance
        for instances in backend.container_instances.values()
        for instance in instances.values()
        if instance.ec2_instance_id == member.instance_id
    ]


def _tell(backend, cluster):
    for listener in changed:
        listener(backend, cluster)
