"""ECS: moto's API with clusters, services and tasks that live (the other `ecs_` files)."""

from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse, format_attributes

from . import autoscaling_instances, ecs_calls, ecs_cluster, ecs_definitions, ecs_instances, ecs_scheduler, elbv2_checks
from .ecs_agenda import agenda, replace


def install(_clock):
    """Change moto's ECS, and connect it with Auto Scaling and the load balancers."""
    replace(
        EC2ContainerServiceResponse,
        ecs_calls.create_service,
        ecs_calls.update_service,
        ecs_calls.delete_service,
        ecs_calls.describe_services,
        ecs_calls.list_services,
        ecs_calls.run_task,
        ecs_calls.list_tasks,
        ecs_calls.describe_tasks,
        ecs_calls.stop_task,
        ecs_cluster.create_cluster,
        ecs_cluster.update_cluster,
        ecs_cluster.update_cluster_settings,
        ecs_cluster.describe_clusters,
        ecs_cluster.list_clusters,
        ecs_cluster.delete_cluster,
        ecs_cluster.put_cluster_capacity_providers,
        ecs_cluster.create_capacity_provider,
        ecs_cluster.update_capacity_provider,
        ecs_cluster.delete_capacity_provider,
        ecs_cluster.describe_capacity_providers,
        ecs_cluster.list_container_instances,
        ecs_cluster.describe_container_instances,
        ecs_cluster.update_container_instances_state,
        ecs_cluster.deregister_container_instance,
        ecs_definitions.register_task_definition,
        ecs_definitions.describe_task_definition,
        ecs_definitions.deregister_task_definition,
        ecs_definitions.list_task_definitions,
        ecs_definitions.list_task_definition_families,
        ecs_definitions.delete_task_definitions,
    )
    replace(
        EC2ContainerServiceBackend,
        describe_task_definition=ecs_definitions.find,
        describe_services=_describe_services,
        list_tasks=_list_tasks,
    )
    # moto keeps the attributes of a container instance as a dictionary.
    transformers = EC2ContainerServiceResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER
    for answer in (
        "UpdateContainerInstancesStateResponse.containerInstances.ContainerInstance",
        "DeregisterContainerInstanceResponse.containerInstance",
    ):
        transformers[f"{answer}.attributes"] = format_attributes
    ecs_scheduler.connect()
    autoscaling_instances.entered.append(_entered)
    autoscaling_instances.leaving.append(lambda member: ecs_instances.drain(_backend(member), member))
    autoscaling_instances.left.append(lambda member: ecs_instances.leave(_backend(member), member))
    elbv2_checks.health_changed.append(_look_at_all)


def _backend(member):
    group = member.auto_scaling_group
    return ecs_backends[group.account_id][group.region]


def _entered(member):
    wait = max(0, ecs_instances.JOIN - agenda.since(member.launched))
    agenda.after(wait, lambda: ecs_instances.join(_backend(member), member))


def _look_at_all(account, region):
    backend = ecs_backends[account][region]
    for name in list(backend.clusters):
        ecs_scheduler.settle(backend, name)


def _describe_services(self, cluster_str, service_names_or_arns):
    """For moto's own callers (Application Auto Scaling): only services that live count."""
    cluster = (cluster_str or "default").split("/")[-1]
    keys = [f"{cluster}:{text.split('/')[-1]}" for text in service_names_or_arns]
    return [self.services[k] for k in keys if k in self.services and self.services[k].status == "ACTIVE"], []


def _list_tasks(self, **_filters):
    return [task for tasks in self.tasks.values() for task in tasks.values()]
