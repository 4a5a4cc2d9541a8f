"""Auto Scaling: moto's API with groups that behave like AWS's (`autoscaling_group`, `autoscaling_instances`)."""

import functools

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import ASG_NAME_TAG, AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.ec2.exceptions import EC2ClientError, InvalidSubnetIdError

from . import autoscaling_instances, autoscaling_refresh, patching
from .autoscaling_group import Group
from .ecs_agenda import agenda, before_requests, replace


def install(clock):
    """Change moto's Auto Scaling, and let what is due happen before every request of any service."""
    agenda.use(clock)
    before_requests(BaseResponse)
    patching.wrap(AutoScalingBackend, "__init__")(_begin)
    replace(
        AutoScalingBackend,
        delete_auto_scaling_group=lambda self, name: find(self, name).delete_from(self, False),
        enable_metrics_collection=lambda self, name, metrics: find(self, name).enable_metrics_collection(metrics),
        set_desired_capacity=_set_desired_capacity,
        attach_instances=_attach_instances,
        notify_terminate_instances=_notify_terminate_instances,
        set_instance_health=_set_instance_health,
    )
    replace(
        AutoScalingResponse,
        create_auto_scaling_group,
        update_auto_scaling_group,
        delete_auto_scaling_group,
        create_or_update_tags,
        disable_metrics_collection,
        describe_scaling_activities,
        start_instance_refresh,
        describe_instance_refreshes,
        cancel_instance_refresh,
        terminate_instance_in_auto_scaling_group,
    )


class Groups(dict):
    """A backend's groups by name. A name that isn't there is AWS's error, whichever call asked for it."""

    def __missing__(self, name):
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")


def _begin(original, self, *args, **named):
    original(*args, **named)
    self.autoscaling_groups = Groups()


def find(backend, name):
    """The group of that name, or its ARN; AWS's error if there is none."""
    return backend.autoscaling_groups[(name or "").split("autoScalingGroupName/")[-1]]


def _template_errors(action):
    """EC2's errors about templates and subnets come out of Auto Scaling as ValidationError."""

    @functools.wraps(action)
    def checked(self):
        try:
            return action(self)
        except InvalidSubnetIdError as error:
            raise ValidationError(
                f"The subnet ID specified in the VPCZoneIdentifier field does not exist: {error.message}"
            ) from error
        except EC2ClientError as error:
            raise ValidationError(f"You must use a valid fully-formed launch template. {error.message}") from error

    return checked


@_template_errors
def create_auto_scaling_group(self):
    given, backend = self._get_params(), self.autoscaling_backend
    name = given["AutoScalingGroupName"]
    if name in backend.autoscaling_groups:
        raise AutoscalingClientError(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
        )
    sources = ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy")
    if sum(1 for source in sources if given.get(source)) != 1:
        raise ValidationError(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
            "MixedInstancesPolicy parameter."
        )
    group = Group(backend, given)
    backend.autoscaling_groups[name] = group
    group.ready = True
    autoscaling_instances.reconcile(group)
    return EmptyResult()


@_template_errors
def update_auto_scaling_group(self):
    given = self._get_params()
    find(self.autoscaling_backend, given["AutoScalingGroupName"]).change(given)
    return EmptyResult()


def delete_auto_scaling_group(self):
    backend = self.autoscaling_backend
    group = find(backend, self._get_param("AutoScalingGroupName"))
    group.delete_from(backend, self._get_bool_param("ForceDelete", False))
    return EmptyResult()


def create_or_update_tags(self):
    tags = self._get_param("Tags", [])
    for tag in tags:
        find(self.autoscaling_backend, tag.get("ResourceId"))
    self.autoscaling_backend.create_or_update_tags(tags)
    return EmptyResult()


def disable_metrics_collection(self):
    group = find(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    group.disable_metrics_collection(self._get_param("Metrics"))
    return EmptyResult()


def describe_scaling_activities(self):
    name = self._get_param("AutoScalingGroupName")
    groups = [g for g in self.autoscaling_backend.autoscaling_groups.values() if name in (None, g.name)]
    activities = [activity for group in groups for activity in group.activities]
    return ActionResult({"Activities": activities[: self._get_int_param("MaxRecords", 100)]})


def start_instance_refresh(self):
    group = find(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    desired = self._get_param("DesiredConfiguration") or {}
    if desired:
        group.change(desired)
    return ActionResult({"InstanceRefreshId": autoscaling_refresh.start(group, self._get_param("Preferences") or {})})


def describe_instance_refreshes(self):
    group = find(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    ids = self._get_param("InstanceRefreshIds") or []
    return ActionResult({"InstanceRefreshes": [r for r in group.refreshes if not ids or r["InstanceRefreshId"] in ids]})


def cancel_instance_refresh(self):
    group = find(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    return ActionResult({"InstanceRefreshId": autoscaling_refresh.cancel(group)})


def terminate_instance_in_auto_scaling_group(self):
    wanted = self._get_param("InstanceId")
    for group in self.autoscaling_backend.autoscaling_groups.values():
        for member in group.instance_states:
            if member.instance_id == wanted:
                if self._get_bool_param("ShouldDecrementDesiredCapacity", False):
                    if group.desired_capacity - 1 < group.min_size:
                        raise ValidationError(
                            "Currently, desiredSize equals minSize. Terminating instance without replacement "
                            "will violate group's min size constraint."
                        )
                    group.desired_capacity -= 1
                autoscaling_instances.end(member, "in response to a user request")
                autoscaling_instances.reconcile(group)
                return ActionResult({"Activity": {**group.activities[0], "StatusCode": "InProgress"}})
    raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {wanted}")


def _set_desired_capacity(self, group_name, desired_capacity):
    group = find(self, group_name)
    for bound, wrong, word in ((group.max_size, desired_capacity > group.max_size, "above max"),
                               (group.min_size, desired_capacity < group.min_size, "below min")):
        if wrong:
            raise ValidationError(
                f"New SetDesiredCapacity value {desired_capacity} is {word} value {bound} for the AutoScalingGroup."
            )
    group.set_desired_capacity(desired_capacity)


def _attach_instances(self, group_name, instance_ids):
    group = find(self, group_name)
    if group.desired_capacity + len(instance_ids) > group.max_size:
        raise ValidationError(
            f"Attaching {len(instance_ids)} instances would exceed the max size {group.max_size} of the group"
        )
    for instance_id in instance_ids:
        instance = self.ec2_backend.get_instance(instance_id)
        instance.autoscaling_group = group
        instance.add_tags({ASG_NAME_TAG: group.name})
        autoscaling_instances.attach(group, instance)
        group.desired_capacity += 1


def _notify_terminate_instances(self, instance_ids):
    for group in list(self.autoscaling_groups.values()):
        autoscaling_instances.forget(group, instance_ids)


def _set_instance_health(self, instance_id, health_status):
    for group in list(self.autoscaling_groups.values()):
        for member in autoscaling_instances.alive(group):
            if member.instance_id == instance_id:
                member.health_status = health_status
                if health_status == "Unhealthy":
                    autoscaling_instances.end(member, "an instance was taken out of service: health check failure")
                    autoscaling_instances.reconcile(group)
                return
    raise ValidationError(f"Instance Id not found - No managed instance found for instance ID {instance_id}")
