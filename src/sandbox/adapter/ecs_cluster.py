"""The calls about clusters, their capacity providers and their container instances."""

from moto.core.responses import ActionResult
from moto.ecs.exceptions import (
    ClusterNotFoundException,
    ECSException,
    InvalidParameterException,
)
from moto.ecs.models import Cluster

from . import ecs_capacity, ecs_scheduler
from .ecs_agenda import agenda
from .ecs_instances import join_all

# Seconds that a cluster's attachments (the scaling policies behind its capacity providers) take to be updated, and
# that AWS describes a cluster after its deletion (estimates).
ATTACHING = 10
SHOWN = 3600

_MANAGED = ("FARGATE", "FARGATE_SPOT")
_DEFAULT_SETTINGS = [{"name": "containerInsights", "value": "disabled"}]


def find(backend, name):
    """The active cluster of that name or ARN (default: "default")."""
    cluster = backend.clusters.get((name or "default").split("/")[-1])
    if cluster is None or cluster.status != "ACTIVE":
        raise ClusterNotFoundException()
    return cluster


def _describe(backend, cluster, include=("ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "TAGS")):
    tasks = [t for t in backend.tasks.get(cluster.name, {}).values() if t.last_status != "STOPPED"]
    running = sum(task.last_status == "RUNNING" for task in tasks)
    active = [s for s in backend.services.values() if s.cluster_name == cluster.name and s.status == "ACTIVE"]
    described = {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": len(backend.container_instances.get(cluster.name, {})),
        "runningTasksCount": running,
        "pendingTasksCount": len(tasks) - running,
        "activeServicesCount": len(active),
        "statistics": [],
        "tags": (cluster.tags or []) if "TAGS" in include else [],
        "settings": cluster.settings if "SETTINGS" in include else [],
        "capacityProviders": cluster.capacity_providers or [],
        "defaultCapacityProviderStrategy": cluster.default_capacity_provider_strategy or [],
    }
    if cluster.configuration and "CONFIGURATIONS" in include:
        described["configuration"] = cluster.configuration
    if cluster.service_connect_defaults:
        described["serviceConnectDefaults"] = cluster.service_connect_defaults
    attached = [name for name in cluster.capacity_providers or [] if name not in _MANAGED]
    if "ATTACHMENTS" in include and (attached or _busy(cluster)):
        described["attachmentsStatus"] = "UPDATE_IN_PROGRESS" if _busy(cluster) else "UPDATE_COMPLETE"
        described["attachments"] = [
            {
                "id": f"{cluster.name}-{name}",
                "type": "managed_draining" if kind else "as_policy",
                "status": "CREATED",
                "details": [
                    {"name": "capacityProviderName", "value": name},
                    {"name": "scalingPolicyName", "value": f"ECSManagedAutoScalingPolicy-{cluster.name}-{name}"},
                ],
            }
            for name in attached
            for kind in (0, 1)
        ]
    return described


def _busy(cluster):
    return agenda.now() < getattr(cluster, "attached_at", 0)


def create_cluster(self):
    backend, given = self.ecs_backend, self._get_params()
    name = given.get("clusterName") or "default"
    cluster = backend.clusters.get(name)
    if cluster is None or cluster.status != "ACTIVE":
        providers = given.get("capacityProviders") or []
        _check_providers(backend, providers, given.get("defaultCapacityProviderStrategy") or [])
        cluster = Cluster(
            name,
            backend.account_id,
            backend.region_name,
            [dict(s) for s in given.get("settings") or _DEFAULT_SETTINGS],
            given.get("configuration"),
            providers,
            given.get("defaultCapacityProviderStrategy"),
            given.get("tags"),
            service_connect_defaults=given.get("serviceConnectDefaults"),
        )
        backend.clusters[name] = cluster
        backend.tasks[name], backend.container_instances[name] = {}, {}
        for key in [k for k, s in backend.services.items() if s.cluster_name == name]:
            del backend.services[key]
        join_all(backend)
    return ActionResult({"cluster": _describe(backend, cluster)})


def update_cluster(self):
    cluster = find(self.ecs_backend, self._get_param("cluster"))
    for setting in self._get_param("settings") or []:
        cluster.settings = [s for s in cluster.settings if s["name"] != setting["name"]] + [dict(setting)]
    cluster.configuration = self._get_param("configuration") or cluster.configuration
    cluster.service_connect_defaults = self._get_param("serviceConnectDefaults") or cluster.service_connect_defaults
    return ActionResult({"cluster": _describe(self.ecs_backend, cluster)})


def update_cluster_settings(self):
    return update_cluster(self)


def describe_clusters(self):
    backend = self.ecs_backend
    clusters, failures = [], []
    for text in self._get_param("clusters") or ["default"]:
        cluster = backend.clusters.get(text.split("/")[-1])
        if cluster is not None:
            clusters.append(_describe(backend, cluster, self._get_param("include") or ()))
        else:
            prefix = f"arn:{backend.partition}:ecs:{backend.region_name}:{backend.account_id}:cluster/"
            failures.append({"arn": prefix + text.split("/")[-1], "reason": "MISSING"})
    return ActionResult({"clusters": clusters, "failures": failures})


def list_clusters(self):
    active = [c.arn for c in self.ecs_backend.clusters.values() if c.status == "ACTIVE"]
    return ActionResult({"clusterArns": active})


def delete_cluster(self):
    backend = self.ecs_backend
    cluster = find(backend, self._get_param("cluster"))
    if any(s.cluster_name == cluster.name and s.status != "INACTIVE" for s in backend.services.values()):
        raise ECSException(
            "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
        )
    if backend.container_instances.get(cluster.name):
        raise ECSException(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
        )
    if any(task.last_status != "STOPPED" for task in backend.tasks.get(cluster.name, {}).values()):
        raise ECSException("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    _check_idle(cluster)
    cluster.status, cluster.capacity_providers, cluster.default_capacity_provider_strategy = "INACTIVE", [], []
    described = _describe(backend, cluster)

    def vanish():
        if backend.clusters.get(cluster.name) is cluster:
            del backend.clusters[cluster.name]

    agenda.after(SHOWN, vanish)
    return ActionResult({"cluster": described})


def _check_idle(cluster):
    if _busy(cluster):
        raise ECSException(
            "UpdateInProgressException",
            "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or "
            "UPDATE_FAILED state before they can be updated.",
        )


def _check_providers(backend, providers, strategy):
    for name in providers:
        if name not in _MANAGED:
            ecs_capacity.find(backend, name)
    for entry in strategy:
        if entry["capacityProvider"] not in providers:
            raise InvalidParameterException(
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated "
                "with the cluster. Associate the capacity provider with the cluster and try again."
            )


def put_cluster_capacity_providers(self):
    backend = self.ecs_backend
    cluster = find(backend, self._get_param("cluster"))
    providers = [name.split("/")[-1] for name in self._get_param("capacityProviders") or []]
    strategy = self._get_param("defaultCapacityProviderStrategy") or []
    _check_providers(backend, providers, strategy)
    _check_idle(cluster)
    for name in set(cluster.capacity_providers or []) - set(providers):
        if any(ecs_capacity.users(backend, cluster.name, name)):
            raise ECSException(
                "ResourceInUseException",
                "The specified capacity provider is in use and cannot be removed.",
            )
    if set(cluster.capacity_providers or []) != set(providers):
        cluster.attached_at = agenda.now() + ATTACHING
    cluster.capacity_providers, cluster.default_capacity_provider_strategy = providers, strategy
    join_all(backend)
    return ActionResult({"cluster": _describe(backend, cluster)})


def create_capacity_provider(self):
    provider = ecs_capacity.create(
        self.ecs_backend, self._get_param("name"), self._get_param("autoScalingGroupProvider"), self._get_param("tags")
    )
    return ActionResult({"capacityProvider": provider.describe()})


def update_capacity_provider(self):
    provider = ecs_capacity.update(
        self.ecs_backend, self._get_param("name"), self._get_param("autoScalingGroupProvider") or {}
    )
    return ActionResult({"capacityProvider": provider.describe()})


def delete_capacity_provider(self):
    return ActionResult({"capacityProvider": ecs_capacity.delete(
        self.ecs_backend, self._get_param("capacityProvider")).describe()})


def describe_capacity_providers(self):
    backend, wanted = self.ecs_backend, self._get_param("capacityProviders")
    found, failures = [], []
    prefix = f"arn:{backend.partition}:ecs:{backend.region_name}:{backend.account_id}:capacity-provider/"
    names = wanted or [*_MANAGED, *(p.name for p in backend.capacity_providers.values() if p.status == "ACTIVE")]
    for name in (text.split("/")[-1] for text in names):
        if name in _MANAGED:
            found.append({"capacityProviderArn": prefix + name, "name": name, "status": "ACTIVE", "tags": []})
        elif name in backend.capacity_providers:
            found.append(backend.capacity_providers[name].describe())
        else:
            failures.append({"arn": prefix + name, "reason": "MISSING"})
    if "TAGS" not in (self._get_param("include") or []):
        found = [{**provider, "tags": []} for provider in found]
    return ActionResult({"capacityProviders": found, "failures": failures})


def list_container_instances(self):
    cluster = find(self.ecs_backend, self._get_param("cluster"))
    status = self._get_param("status")
    instances = self.ecs_backend.container_instances.get(cluster.name, {}).values()
    return ActionResult({"containerInstanceArns": [
        i.container_instance_arn for i in instances if status in (None, i.status)]})


def _container_instances(self):
    cluster = find(self.ecs_backend, self._get_param("cluster"))
    known = self.ecs_backend.container_instances.get(cluster.name, {})
    wanted = self._get_param("containerInstances") or []
    if not wanted:
        raise InvalidParameterException("Container instance IDs cannot be empty.")
    found = [known[text.split("/")[-1]] for text in wanted if text.split("/")[-1] in known]
    missing = [{"arn": text, "reason": "MISSING"} for text in wanted if text.split("/")[-1] not in known]
    return found, missing


def _answer(self, found, missing):
    described = [i.describe(ecs_scheduler.held_by(self.ecs_backend, i)) for i in found]
    return ActionResult({"containerInstances": described, "failures": missing})


def describe_container_instances(self):
    return _answer(self, *_container_instances(self))


def update_container_instances_state(self):
    found, missing = _container_instances(self)
    status = self._get_param("status")
    if status not in ("ACTIVE", "DRAINING"):
        raise InvalidParameterException("Container instance status should be one of [ACTIVE, DRAINING]")
    for instance in found:
        instance.status = status
        ecs_scheduler.settle(self.ecs_backend, instance.cluster)
    return _answer(self, found, missing)


def deregister_container_instance(self):
    backend = self.ecs_backend
    cluster = find(backend, self._get_param("cluster"))
    wanted = self._get_param("containerInstance").split("/")[-1]
    instance = backend.container_instances.get(cluster.name, {}).get(wanted)
    if instance is None:
        raise InvalidParameterException("Referenced container instance not found.")
    held = ecs_scheduler.held_by(backend, instance)
    if held and not self._get_param("force"):
        raise InvalidParameterException("Found running tasks on the instance.")
    del backend.container_instances[cluster.name][wanted]
    instance.status = "INACTIVE"
    for task in held:
        task.lose("The container instance was deregistered.")
    ecs_scheduler.settle(backend, cluster.name)
    return ActionResult({"containerInstance": instance.describe([])})
