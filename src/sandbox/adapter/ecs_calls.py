"""The calls about services and tasks: AWS's checks first, then the scheduler's work."""

from moto.core.responses import ActionResult
from moto.ecs.exceptions import (
    EcsClientException,
    ECSException,
    InvalidParameterException,
    ServiceNotFoundException,
)
from moto.elbv2.models import elbv2_backends

from . import ecs_definitions, ecs_scheduler
from .ecs_cluster import find as find_cluster
from .ecs_service import Service
from .ecs_task import Task


def _check_network(definition, network):
    if definition.network_mode == "awsvpc" and not network:
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    if definition.network_mode != "awsvpc" and network:
        raise InvalidParameterException(
            "Network Configuration is not valid for the given networkMode of this task definition."
        )


def _check_balancers(backend, definition, balancers):
    groups = elbv2_backends[backend.account_id][backend.region_name].target_groups
    for balancer in balancers or []:
        name, port, arn = balancer.get("containerName"), balancer.get("containerPort"), balancer.get("targetGroupArn")
        container = next((c for c in definition.container_definitions if c["name"] == name), None)
        if container is None:
            raise InvalidParameterException(f"The container {name} does not exist in the task definition.")
        if port not in [mapping["containerPort"] for mapping in container["portMappings"]]:
            raise InvalidParameterException(f"The container {name} did not have a container port {port} defined.")
        group = groups.get(arn)
        if group is None:
            raise InvalidParameterException(f"Unable to assume role and validate the specified targetGroupArn: {arn}. "
                                            "The specified target group does not exist.")
        expected = "ip" if definition.network_mode == "awsvpc" else "instance"
        if group.target_type != expected:
            raise InvalidParameterException(
                f"The provided target group {arn} has target type {group.target_type}, which is incompatible with the "
                f"{definition.network_mode} network mode specified in the task definition."
            )
        if not group.load_balancer_arns:
            raise InvalidParameterException(
                f"The target group with targetGroupArn {arn} does not have an associated load balancer."
            )


def _check_strategy(cluster, given):
    strategy = given.get("capacityProviderStrategy") or []
    if strategy and given.get("launchType"):
        raise InvalidParameterException(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    for entry in strategy:
        if entry["capacityProvider"] not in (cluster.capacity_providers or []):
            raise InvalidParameterException(
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated "
                "with the cluster. Associate the capacity provider with the cluster and try again."
            )


def _definition(backend, text):
    definition = ecs_definitions.find(backend, text)
    if definition.status != "ACTIVE":
        raise EcsClientException("TaskDefinition is inactive")
    return definition


def _check(backend, cluster, definition, given):
    _check_strategy(cluster, given)
    _check_network(definition, given.get("networkConfiguration"))
    _check_balancers(backend, definition, given.get("loadBalancers"))
    if given.get("healthCheckGracePeriodSeconds") and not given.get("loadBalancers"):
        raise InvalidParameterException(
            "Health check grace period is only valid for services configured to use load balancers"
        )
    config = given.get("deploymentConfiguration") or {}
    if config.get("maximumPercent", 200) <= config.get("minimumHealthyPercent", 100):
        raise InvalidParameterException("maximumPercent must be greater than minimumHealthyPercent")


def create_service(self):
    backend, given = self.ecs_backend, dict(self._get_params())
    cluster = find_cluster(backend, given.get("cluster"))
    key = f"{cluster.name}:{given['serviceName']}"
    known = backend.services.get(key)
    if known is not None and known.status == "DRAINING":
        raise InvalidParameterException("Unable to Start a service that is still Draining.")
    if known is not None and known.status == "ACTIVE":
        if given.get("clientToken") and given["clientToken"] == known.token:
            return ActionResult({"service": known.describe()})
        raise InvalidParameterException("Creation of service was not idempotent.")
    if not given.get("taskDefinition"):
        raise InvalidParameterException("TaskDefinition can not be blank.")
    definition = _definition(backend, given["taskDefinition"])
    if not given.get("launchType") and not given.get("capacityProviderStrategy"):
        if cluster.default_capacity_provider_strategy:
            given["capacityProviderStrategy"] = cluster.default_capacity_provider_strategy
        else:
            given["launchType"] = "EC2"
    _check(backend, cluster, definition, given)
    service = Service(backend, cluster, given, definition)
    backend.services[key] = service
    return ActionResult({"service": service.describe()})


def _service(backend, cluster, text):
    service = backend.services.get(f"{cluster.name}:{text.split('/')[-1]}")
    if service is None:
        raise ServiceNotFoundException()
    return service


def update_service(self):
    backend, given = self.ecs_backend, dict(self._get_params())
    cluster = find_cluster(backend, given.get("cluster"))
    service = _service(backend, cluster, given["service"])
    if service.status != "ACTIVE":
        raise ECSException("ServiceNotActiveException", "Service was not ACTIVE.")
    definition = ecs_definitions.find(backend, given.get("taskDefinition") or service.settings["taskDefinition"])
    if given.get("taskDefinition"):
        definition = _definition(backend, definition.arn)
    merged = {field: given.get(field, service.settings.get(field)) for field in (
        "networkConfiguration", "loadBalancers", "healthCheckGracePeriodSeconds")}
    merged["capacityProviderStrategy"] = given.get("capacityProviderStrategy")
    merged["deploymentConfiguration"] = {**service.configuration, **(given.get("deploymentConfiguration") or {})}
    _check(backend, cluster, definition, merged)
    service.update(given, definition)
    return ActionResult({"service": service.describe()})


def delete_service(self):
    backend = self.ecs_backend
    cluster = find_cluster(backend, self._get_param("cluster"))
    service = _service(backend, cluster, self._get_param("service"))
    if service.status == "INACTIVE":
        raise ServiceNotFoundException()
    if service.status == "ACTIVE":
        if service.desired > 0 and not self._get_param("force"):
            raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
        service.delete()
    return ActionResult({"service": service.describe()})


def describe_services(self):
    backend = self.ecs_backend
    cluster = find_cluster(backend, self._get_param("cluster"))
    wanted = self._get_param("services") or []
    if not wanted or len(wanted) > 10:
        raise InvalidParameterException("Services cannot be empty." if not wanted else
                                        "Services must have length less than or equal to 10.")
    found, failures = [], []
    for text in wanted:
        name = text.split("/")[-1]
        service = backend.services.get(f"{cluster.name}:{name}")
        if service is not None:
            found.append(service.describe("TAGS" in (self._get_param("include") or [])))
        else:
            arn = f"{cluster.arn.replace(':cluster/', ':service/')}/{name}"
            failures.append({"arn": text if text.startswith("arn:") else arn, "reason": "MISSING"})
    return ActionResult({"services": found, "failures": failures})


def list_services(self):
    cluster = find_cluster(self.ecs_backend, self._get_param("cluster"))
    launch, strategy = self._get_param("launchType"), self._get_param("schedulingStrategy")
    return ActionResult({"serviceArns": [
        s.arn for s in self.ecs_backend.services.values()
        if s.cluster_name == cluster.name and s.status == "ACTIVE" and launch in (None, s.launch_type)
        and strategy in (None, s.scheduling_strategy)]})


def run_task(self):
    backend, given = self.ecs_backend, dict(self._get_params())
    cluster = find_cluster(backend, given.get("cluster"))
    definition = _definition(backend, given["taskDefinition"])
    _check_strategy(cluster, given)
    _check_network(definition, given.get("networkConfiguration"))
    token = given.get("clientToken")
    tokens = backend.__dict__.setdefault("run_tokens", {})
    if token and (cluster.name, token) in tokens:
        return ActionResult({"tasks": [task.describe() for task in tokens[cluster.name, token]], "failures": []})
    strategy = given.get("capacityProviderStrategy")
    if not strategy and not given.get("launchType"):
        strategy = cluster.default_capacity_provider_strategy
    if not strategy and not backend.container_instances.get(cluster.name):
        raise InvalidParameterException("No Container Instances were found in your cluster.")
    options = {
        **given,
        "group": given.get("group") or f"family:{definition.family}",
        "capacityProviderName": strategy[0]["capacityProvider"] if strategy else None,
        "tags": (given.get("tags") or []) + (definition.tags if given.get("propagateTags") else []),
    }
    tasks, failures = [], []
    for _ in range(given.get("count") or 1):
        task = Task(backend, cluster.name, definition, options)
        instance, missing = ecs_scheduler.best_instance(backend, cluster.name, task, tasks)
        if instance:
            task.place(instance, ecs_scheduler.held_by(backend, instance))
        elif not strategy:
            del backend.tasks[cluster.name][task.task_arn]
            known = next(iter(backend.container_instances[cluster.name].values()))
            failures.append({"arn": known.container_instance_arn, "reason": missing})
            continue
        tasks.append(task)
    if token:
        tokens[cluster.name, token] = tasks
    ecs_scheduler.settle(backend, cluster.name)
    return ActionResult({"tasks": [task.describe() for task in tasks], "failures": failures})


def list_tasks(self):
    backend = self.ecs_backend
    cluster = find_cluster(backend, self._get_param("cluster"))
    if self._get_param("serviceName"):
        _service(backend, cluster, self._get_param("serviceName"))
    tests = {
        "serviceName": lambda t, v: t.service is not None and t.service.name == v.split("/")[-1],
        "family": lambda t, v: t.definition.family == v,
        "startedBy": lambda t, v: t.options.get("startedBy") == v,
        "containerInstance": lambda t, v: t.instance is not None and t.instance.id == v.split("/")[-1],
        "launchType": lambda t, v: v == "EC2",
    }
    asked = {name: self._get_param(name) for name in tests if self._get_param(name)}
    status = self._get_param("desiredStatus") or "RUNNING"
    found = [t.task_arn for t in backend.tasks.get(cluster.name, {}).values()
             if t.desired_status == status and all(tests[name](t, value) for name, value in asked.items())]
    return ActionResult({"taskArns": found})


def _task(backend, cluster, text):
    for task in backend.tasks.get(cluster.name, {}).values():
        if text in (task.task_arn, task.id):
            return task
    return None


def describe_tasks(self):
    backend = self.ecs_backend
    cluster = find_cluster(backend, self._get_param("cluster"))
    wanted = self._get_param("tasks") or []
    if not wanted:
        raise InvalidParameterException("Tasks cannot be empty.")
    pairs = [(text, _task(backend, cluster, text)) for text in wanted]
    prefix = f"{cluster.arn.replace(':cluster/', ':task/')}/"
    described = [task.describe() for _, task in pairs if task]
    if "TAGS" not in (self._get_param("include") or []):
        described = [{**task, "tags": []} for task in described]
    return ActionResult({
        "tasks": described,
        "failures": [{"arn": text if text.startswith("arn:") else prefix + text, "reason": "MISSING"}
                     for text, task in pairs if task is None],
    })


def stop_task(self):
    cluster = find_cluster(self.ecs_backend, self._get_param("cluster"))
    task = _task(self.ecs_backend, cluster, self._get_param("task"))
    if task is None:
        raise InvalidParameterException("The referenced task was not found.")
    task.end("UserInitiated", self._get_param("reason") or "Task stopped by user")
    return ActionResult({"task": task.describe()})
