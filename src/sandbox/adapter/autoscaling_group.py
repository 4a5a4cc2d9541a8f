"""An Auto Scaling group as AWS keeps one: every setting, a status, its activities."""

import uuid

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup

from . import autoscaling_instances as instances
from .ecs_agenda import agenda

# Seconds until a group that is deleted by force is gone, beyond the end of its instances (estimate).
DELETION = 30

METRICS = [
    "GroupAndWarmPoolDesiredCapacity", "GroupAndWarmPoolTotalCapacity", "GroupDesiredCapacity",
    "GroupInServiceCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize", "GroupPendingCapacity",
    "GroupPendingInstances", "GroupStandbyCapacity", "GroupStandbyInstances", "GroupTerminatingCapacity",
    "GroupTerminatingInstances", "GroupTotalCapacity", "GroupTotalInstances", "WarmPoolDesiredCapacity",
    "WarmPoolMinSize", "WarmPoolPendingCapacity", "WarmPoolTerminatingCapacity", "WarmPoolTotalCapacity",
    "WarmPoolWarmedCapacity",
]

# Request field -> attribute, for the settings that are kept as they are given.
KEPT = {
    "DefaultCooldown": "default_cooldown",
    "HealthCheckType": "health_check_type",
    "HealthCheckGracePeriod": "health_check_grace_period",
    "PlacementGroup": "placement_group",
    "TerminationPolicies": "termination_policies",
    "NewInstancesProtectedFromScaleIn": "new_instances_protected_from_scale_in",
    "ServiceLinkedRoleARN": "service_linked_role_arn",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "CapacityRebalance": "capacity_rebalance",
    "Context": "context",
    "DesiredCapacityType": "desired_capacity_type",
    "DefaultInstanceWarmup": "default_instance_warmup",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
    "AvailabilityZoneDistribution": "availability_zone_distribution",
}


class Group(FakeAutoScalingGroup):
    """`status` is None or "Delete in progress"; `activities` newest first."""

    status = None
    ready = False
    provided_launch_template_version = None
    launch_configuration_name = None
    max_instance_lifetime = None
    context = None
    desired_capacity_type = None
    default_instance_warmup = None
    instance_maintenance_policy = None
    traffic_sources = ()

    def __init__(self, backend, given):
        self.activities = []
        self.refreshes = []
        self.availability_zone_distribution = {"CapacityDistributionStrategy": "balanced-best-effort"}
        super().__init__(
            name=given["AutoScalingGroupName"],
            availability_zones=given.get("AvailabilityZones", []),
            desired_capacity=given.get("DesiredCapacity"),
            max_size=given["MaxSize"],
            min_size=given["MinSize"],
            launch_config_name=given.get("LaunchConfigurationName"),
            launch_template=given.get("LaunchTemplate", {}),
            vpc_zone_identifier=given.get("VPCZoneIdentifier"),
            default_cooldown=None,
            health_check_period=0,
            health_check_type=None,
            load_balancers=given.get("LoadBalancerNames", []),
            target_group_arns=given.get("TargetGroupARNs", []),
            placement_group=None,
            termination_policies=[],
            autoscaling_backend=backend,
            ec2_backend=backend.ec2_backend,
            tags=given.get("Tags", []),
            mixed_instances_policy=given.get("MixedInstancesPolicy"),
            capacity_rebalance=False,
        )
        self.created_time = agenda.date()
        self.keep(given)
        self.check_sizes()
        instances.check_profile(self)
        # An image that is named by a parameter must be there.
        _ = self.image_id

    def keep(self, given):
        for field, attribute in KEPT.items():
            if field in given:
                setattr(self, attribute, given[field])
        if given.get("MaxInstanceLifetime") == 0:
            self.max_instance_lifetime = None

    @property
    def version(self):
        """The launch template version that new instances get; None for a launch configuration."""
        template = self.ec2_launch_template
        return template.get_version(self.launch_template_version) if template else None

    @property
    def wanted_instance_type(self):
        overrides = ((self.mixed_instances_policy or {}).get("LaunchTemplate") or {}).get("Overrides") or []
        chosen = next((o["InstanceType"] for o in overrides if o.get("InstanceType")), None)
        return chosen or self.instance_type

    @property
    def launch_template(self):
        if self.ec2_launch_template is None or self.mixed_instances_policy:
            return None
        described = {
            "LaunchTemplateId": self.ec2_launch_template.id,
            "LaunchTemplateName": self.ec2_launch_template.name,
        }
        if self.provided_launch_template_version:
            described["Version"] = self.provided_launch_template_version
        return described

    @property
    def enabled_metrics(self):
        return [{"Metric": name, "Granularity": "1Minute"} for name in sorted(self.metrics)]

    def enable_metrics_collection(self, metrics):
        self.metrics = sorted(set(self.metrics) | set(metrics or METRICS))

    def disable_metrics_collection(self, metrics):
        self.metrics = sorted(set(self.metrics) - set(metrics or METRICS))

    def check_sizes(self):
        if self.min_size > self.max_size:
            raise ValidationError("Max bound, %s, must be greater than or equal to min bound, %s"
                                  % (self.max_size, self.min_size))
        if not self.min_size <= self.desired_capacity <= self.max_size:
            raise ValidationError(
                f"Desired capacity:{self.desired_capacity} must be between the specified "
                f"min size:{self.min_size} and max size:{self.max_size}"
            )

    def set_desired_capacity(self, new_capacity):
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        if self.ready:
            instances.reconcile(self)

    def replace_autoscaling_group_instances(self, count_needed, propagated_tags):
        instances.reconcile(self)

    def change(self, given):
        """UpdateAutoScalingGroup: what is not given stays."""
        if self.status:
            raise ValidationError("AutoScalingGroup is pending delete and cannot be updated")
        self._set_azs_and_vpcs(given.get("AvailabilityZones", []), given.get("VPCZoneIdentifier"), update=True)
        template, policy = given.get("LaunchTemplate"), given.get("MixedInstancesPolicy")
        before = (self.mixed_instances_policy, self.ec2_launch_template)
        try:
            if template or policy or given.get("LaunchConfigurationName"):
                self.mixed_instances_policy = policy
                self._set_launch_configuration(given.get("LaunchConfigurationName"), template or {}, policy)
                instances.check_profile(self)
        except Exception:
            self.mixed_instances_policy, self.ec2_launch_template = before
            raise
        self._resize(given)
        self.keep(given)
        instances.reconcile(self)

    def _resize(self, given):
        before = (self.min_size, self.max_size, self.desired_capacity)
        self.min_size = given.get("MinSize", self.min_size)
        self.max_size = given.get("MaxSize", self.max_size)
        if "DesiredCapacity" in given:
            self.desired_capacity = given["DesiredCapacity"]
        else:
            self.desired_capacity = min(max(self.desired_capacity, self.min_size), self.max_size)
        try:
            self.check_sizes()
        except ValidationError:
            self.min_size, self.max_size, self.desired_capacity = before
            raise

    def delete_from(self, backend, force):
        if self.status:
            return
        if self.instance_states and not force:
            raise AutoscalingClientError(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance "
                "request(s) still in the group.",
            )
        if not self.instance_states:
            backend.autoscaling_groups.pop(self.name, None)
            return
        self.status = "Delete in progress"
        self.desired_capacity = self.min_size = 0
        for member in list(self.instance_states):
            instances.end(member, "in response to the deletion of the group")
        agenda.after(instances.TERMINATION + DELETION, lambda: self._vanish(backend))

    def _vanish(self, backend):
        if backend.autoscaling_groups.get(self.name) is self:
            del backend.autoscaling_groups[self.name]

    def note(self, description, cause, status="Successful"):
        """Remember an activity for DescribeScalingActivities."""
        moment = agenda.date()
        self.activities.insert(0, {
            "ActivityId": str(uuid.uuid4()),
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "Description": description,
            "Cause": f"At {moment:%Y-%m-%dT%H:%M:%SZ} {cause}.",
            "StartTime": moment,
            "EndTime": moment,
            "StatusCode": status,
            "Progress": 100,
        })
