"""Application Auto Scaling: targets and target tracking policies of ECS services, with their CloudWatch alarms."""

import json
import uuid

from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    applicationautoscaling_backends,
)
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import JsonRESTError
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends

from .ecs_agenda import agenda, replace

# Seconds until a service has as many tasks as its range allows (estimate).
SCALES = 10

# Scaling in starts when the metric stays below this part of the target (AWS's alarms show it).
_LOW = 0.9

_METRICS = {
    "ECSServiceAverageCPUUtilization": ("AWS/ECS", "CPUUtilization", "Percent", "Average"),
    "ECSServiceAverageMemoryUtilization": ("AWS/ECS", "MemoryUtilization", "Percent", "Average"),
    "ALBRequestCountPerTarget": ("AWS/ApplicationELB", "RequestCountPerTarget", None, "Sum"),
}

_BASE = {
    name: getattr(ApplicationAutoscalingBackend, name)
    for name in ("register_scalable_target", "deregister_scalable_target", "put_scaling_policy")
}


def install(_clock):
    """Change moto's Application Auto Scaling."""
    replace(
        ApplicationAutoscalingBackend,
        register_scalable_target=_register,
        deregister_scalable_target=_deregister,
        put_scaling_policy=_put_policy,
        delete_scaling_policy=_delete_policy,
    )
    replace(FakeApplicationAutoscalingPolicy, _generate_ecs_alarms=_alarms)
    replace(ApplicationAutoScalingResponse, register_scalable_target, list_tags_for_resource, tag_resource,
            untag_resource)


def forget_service(account, region, cluster, service):
    """AWS removes the targets and policies of an ECS service that is deleted."""
    backend = applicationautoscaling_backends[account][region]
    resource = f"service/{cluster}/{service}"
    for dimension, targets in backend.targets.items():
        if resource in targets:
            backend.deregister_scalable_target("ecs", resource, dimension)


def _not_found(what, namespace, resource, dimension):
    return JsonRESTError(
        "ObjectNotFoundException",
        f"{what} for service namespace: {namespace}, resource ID: {resource}, scalable dimension: {dimension}",
    )


def _register(self, namespace, r_id, dimension, min_capacity, max_capacity, role_arn, suspended_state):
    known = self.targets.get(dimension, {}).get(r_id)
    low = min_capacity if min_capacity is not None else getattr(known, "min_capacity", None)
    high = max_capacity if max_capacity is not None else getattr(known, "max_capacity", None)
    if low is None or high is None:
        raise JsonRESTError("ValidationException", "A new scalable target needs a minimum and a maximum capacity")
    if low > high:
        raise JsonRESTError("ValidationException", "Maximum capacity cannot be less than minimum capacity")
    role = role_arn or (
        f"arn:aws:iam::{self.account_id}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_ECSService"
    )
    target = _BASE["register_scalable_target"](self, namespace, r_id, dimension, low, high, role, suspended_state)
    if target.suspended_state is None:
        target.suspended_state = {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        }
    agenda.after(SCALES, lambda: _into_range(self, dimension, r_id))
    return target


def _into_range(backend, dimension, resource):
    """AWS changes a service that wants fewer or more tasks than its target allows."""
    target = backend.targets.get(dimension, {}).get(resource)
    _, cluster, name = resource.split("/")
    service = ecs_backends[backend.account_id][backend.region_name].services.get(f"{cluster}:{name}")
    if target is None or service is None or service.status != "ACTIVE":
        return
    desired = min(max(service.desired, target.min_capacity), target.max_capacity)
    if desired != service.desired:
        service.desired, service.steady = desired, False
        service.look()


def _deregister(self, namespace, r_id, dimension):
    if r_id not in self.targets.get(dimension, {}):
        raise _not_found("No scalable target found", namespace, r_id, dimension)
    for policy in _policies(self, namespace, r_id, dimension):
        self.delete_scaling_policy(policy.policy_name, namespace, r_id, dimension)
    _BASE["deregister_scalable_target"](self, namespace, r_id, dimension)


def _put_policy(self, policy_name, service_namespace, resource_id, scalable_dimension, policy_body, policy_type):
    if resource_id not in self.targets.get(scalable_dimension, {}):
        raise _not_found("No scalable target registered", service_namespace, resource_id, scalable_dimension)
    _check_label(self, policy_body or {})
    key = FakeApplicationAutoscalingPolicy.formulate_key(
        service_namespace, resource_id, scalable_dimension, policy_name
    )
    before = self.policies.get(key)
    policy = _BASE["put_scaling_policy"](
        self, policy_name, service_namespace, resource_id, scalable_dimension, policy_body, policy_type
    )
    if before is not None:
        before.delete_alarms(self.account_id, self.region_name)
        policy.policy_arn, policy.creation_time = before.policy_arn, before.creation_time
    return policy


def _check_label(self, body):
    """Requests per target are counted for a target group that serves a load balancer: "app/…/targetgroup/…"."""
    metric = body.get("PredefinedMetricSpecification") or {}
    if metric.get("PredefinedMetricType") != "ALBRequestCountPerTarget":
        return
    balancer, _, group = (metric.get("ResourceLabel") or "").partition("/targetgroup/")
    for known in elbv2_backends[self.account_id][self.region_name].target_groups.values():
        if group and known.arn.endswith(f":targetgroup/{group}"):
            if any(arn.endswith(f":loadbalancer/{balancer}") for arn in known.load_balancer_arns):
                return
    raise JsonRESTError(
        "ValidationException",
        f"Invalid resource label: {metric.get('ResourceLabel')}. It must name a load balancer and a target group that "
        "is attached to it: app/<name>/<id>/targetgroup/<name>/<id>",
    )


def _delete_policy(self, policy_name, service_namespace, resource_id, scalable_dimension):
    key = FakeApplicationAutoscalingPolicy.formulate_key(
        service_namespace, resource_id, scalable_dimension, policy_name
    )
    policy = self.policies.pop(key, None)
    if policy is None:
        raise _not_found("No scaling policy found", service_namespace, resource_id, scalable_dimension)
    policy.delete_alarms(self.account_id, self.region_name)


def _policies(backend, namespace, resource, dimension):
    wanted = (namespace, resource, dimension)
    return [p for p in backend.policies.values()
            if (p.service_namespace, p.resource_id, p.scalable_dimension) == wanted]


def _alarms(self):
    config = self.target_tracking_scaling_policy_configuration or {}
    kind = config.get("PredefinedMetricSpecification") or {}
    custom = config.get("CustomizedMetricSpecification") or {}
    _, cluster, service = self.resource_id.split("/")
    namespace, metric, unit, statistic = _METRICS.get(
        kind.get("PredefinedMetricType"),
        (custom.get("Namespace"), custom.get("MetricName"), custom.get("Unit"), custom.get("Statistic", "Average")),
    )
    dimensions = [{"Name": "ClusterName", "Value": cluster}, {"Name": "ServiceName", "Value": service}]
    if custom:
        dimensions = custom.get("Dimensions", [])
    elif namespace == "AWS/ApplicationELB":
        # The label is "app/NAME/ID/targetgroup/NAME/ID".
        balancer, group = kind.get("ResourceLabel", "").split("/targetgroup/")
        dimensions = [
            {"Name": "LoadBalancer", "Value": balancer},
            {"Name": "TargetGroup", "Value": f"targetgroup/{group}"},
        ]
    target = float(config["TargetValue"])
    sides = [("High", "GreaterThanThreshold", 3, target)]
    if not config.get("DisableScaleIn"):
        sides.append(("Low", "LessThanThreshold", 15, target * _LOW))
    cloudwatch = cloudwatch_backends[self.account_id][self.region_name]
    return [
        cloudwatch.put_metric_alarm(
            name=f"TargetTracking-{self.resource_id}-Alarm{side}-{uuid.uuid4()}",
            namespace=namespace,
            metric_name=metric,
            metric_data_queries=[],
            comparison_operator=comparison,
            evaluation_periods=periods,
            period=60,
            threshold=threshold,
            unit=unit,
            statistic=statistic,
            description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {self.policy_arn}.",
            dimensions=dimensions,
            alarm_actions=[self.policy_arn],
        )
        for side, comparison, periods, threshold in sides
    ]


def register_scalable_target(self):
    self._validate_params()
    target = self.applicationautoscaling_backend.register_scalable_target(
        self._get_param("ServiceNamespace"),
        self._get_param("ResourceId"),
        self._get_param("ScalableDimension"),
        min_capacity=self._get_int_param("MinCapacity"),
        max_capacity=self._get_int_param("MaxCapacity"),
        role_arn=self._get_param("RoleARN"),
        suspended_state=self._get_param("SuspendedState"),
    )
    tags = self._get_param("Tags")
    if tags:
        target.tags = {**getattr(target, "tags", {}), **tags}
    return json.dumps({"ScalableTargetARN": target.arn})


def _tagged(self):
    arn = self._get_param("ResourceARN")
    for targets in self.applicationautoscaling_backend.targets.values():
        for target in targets.values():
            if target.arn == arn:
                target.tags = getattr(target, "tags", {})
                return target
    raise JsonRESTError("ResourceNotFoundException", f"The specified resource {arn} doesn't exist.")


def list_tags_for_resource(self):
    return json.dumps({"Tags": _tagged(self).tags})


def tag_resource(self):
    _tagged(self).tags.update(self._get_param("Tags"))
    return "{}"


def untag_resource(self):
    tags = _tagged(self).tags
    for key in self._get_param("TagKeys"):
        tags.pop(key, None)
    return "{}"
