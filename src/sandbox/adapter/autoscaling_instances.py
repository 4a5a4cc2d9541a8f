"""Launching and ending the instances of an Auto Scaling group, spread over its zones."""

from collections import Counter

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import ASG_NAME_TAG, InstanceState
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.utils import convert_tag_spec
from moto.iam.models import iam_backends

from .ecs_agenda import agenda

# Seconds from launch to InService (the low figure measured for instances that join ECS), and from the decision
# to end an instance until it is terminated (estimate).
IN_SERVICE = 41
TERMINATION = 30
# Seconds until a launch that failed is tried again (estimate).
RETRY = 60

# Called with the group's member when it has become InService, begins to end, has ended.
entered, leaving, left = [], [], []


class Member(InstanceState):
    """An instance of a group: remembers the template version it was launched from, and when."""

    def __init__(self, instance, group, version):
        super().__init__(
            instance,
            lifecycle_state="Pending",
            protected_from_scale_in=group.new_instances_protected_from_scale_in,
            autoscaling_group=group,
        )
        self.version = version
        self.launched = agenda.now()

    @property
    def launch_template(self):
        if self.version is None:
            return None
        template = self.version.template
        return {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Version": str(self.version.number),
        }

    @property
    def alive(self):
        return not self.lifecycle_state.startswith("Terminat")


def alive(group):
    return [member for member in group.instance_states if member.alive]


def _serving(group):
    """The members that count towards the desired capacity."""
    return [member for member in alive(group) if member.lifecycle_state != "Standby"]


def attach(group, instance):
    """Take in an instance that somebody launched."""
    member = Member(instance, group, None)
    group.instance_states.append(member)
    agenda.after(IN_SERVICE, lambda: _enter(member))


def reconcile(group):
    """Launch or end instances until as many are alive as are desired."""
    if group.status == "Delete in progress":
        return
    surplus = len(_serving(group)) - (group.desired_capacity or 0)
    if surplus < 0 and "Launch" not in group._suspended_processes:
        for _ in range(-surplus):
            try:
                _launch(group)
            except EC2ClientError as error:
                group.note("Launching a new EC2 instance. Status Reason: " + error.message, "a launch failed", "Failed")
                agenda.after(RETRY, lambda: reconcile(group))
                return
    for _ in range(surplus):
        candidates = [m for m in _serving(group) if not m.protected_from_scale_in]
        if not candidates:
            return
        crowds = Counter(m.availability_zone for m in alive(group))
        oldest = max(candidates, key=lambda m: (m.health_status != "Healthy", crowds[m.availability_zone], -m.launched))
        end(oldest, "in response to a difference between desired and actual capacity")


def end(member, cause):
    """Take a member out of service; it is terminated a little later."""
    if not member.alive:
        return
    group = member.auto_scaling_group
    member.lifecycle_state = "Terminating"
    group.note(f"Terminating EC2 instance: {member.instance_id}", cause)
    _targets(group, member, "deregister_targets")
    _tell(leaving, member)
    agenda.after(TERMINATION, lambda: _terminate(member))


def forget(group, ids):
    """Members that somebody terminated at EC2 leave the group, which then replaces them."""
    for member in [m for m in group.instance_states if m.instance_id in ids]:
        group.instance_states.remove(member)
        _tell(leaving, member)
        _tell(left, member)
    reconcile(group)


def _terminate(member):
    group = member.auto_scaling_group
    if member not in group.instance_states:
        return
    group.instance_states.remove(member)
    member.lifecycle_state = "Terminated"
    if member.instance.state != "terminated":
        member.instance.terminate()
    _tell(left, member)


def _launch(group):
    version = group.version
    subnet = _roomiest_subnet(group)
    instance_type = group.wanted_instance_type
    data = version.data if version else {}
    nic = next(iter(data.get("NetworkInterfaces") or []), {})
    options = {
        "instance_type": instance_type,
        "is_instance_type_default": False,
        "region_name": group.region,
        "subnet_id": subnet,
        "placement": None if subnet else group.availability_zones[0],
        "associate_public_ip": nic.get("AssociatePublicIpAddress"),
        "security_group_ids": list(data.get("SecurityGroupIds") or []) + list(nic.get("Groups") or []),
        "key_name": data.get("KeyName"),
        "ebs_optimized": data.get("EbsOptimized", False),
        "metadata_options": data.get("MetadataOptions") or {},
        "monitoring_state": "enabled" if (data.get("Monitoring") or {}).get("Enabled") else "disabled",
        "launch_config": group.launch_config,
        "tags": _tags(group, version),
    }
    if version:
        options["launch_template"] = {"LaunchTemplateId": version.template.id, "Version": str(version.number)}
    if data.get("BlockDeviceMappings"):
        options["block_device_mappings"] = data["BlockDeviceMappings"]
    reservation = group.ec2_backend.run_instances(group.image_id, 1, group.user_data, group.security_groups, **options)
    instance = reservation.instances[0]
    for interface in instance.nics.values():
        interface.delete_on_termination = True
    profile = data.get("IamInstanceProfile") or {}
    if profile:
        group.ec2_backend.associate_iam_instance_profile(
            instance.id, iam_instance_profile_name=profile.get("Name"), iam_instance_profile_arn=profile.get("Arn")
        )
    instance.autoscaling_group = group
    member = Member(instance, group, version)
    group.instance_states.append(member)
    group.note(
        f"Launching a new EC2 instance: {instance.id}",
        "an instance was started in response to a difference between desired and actual capacity",
    )
    agenda.after(IN_SERVICE, lambda: _enter(member))


def _enter(member):
    group = member.auto_scaling_group
    if member in group.instance_states and member.lifecycle_state == "Pending":
        member.lifecycle_state = "InService"
        _targets(group, member, "register_targets")
        _tell(entered, member)


def _targets(group, member, action):
    backend = group.autoscaling_backend.elbv2_backend
    for arn in group.target_group_arns or []:
        if arn in backend.target_groups:
            getattr(backend, action)(arn, [{"Id": member.instance_id, "Port": backend.target_groups[arn].port}])


def _tell(listeners, member):
    for listener in listeners:
        listener(member)


def _tags(group, version):
    propagated = {**group.get_propagated_tags(), ASG_NAME_TAG: group.name}
    of_template = convert_tag_spec((version.data if version else {}).get("TagSpecifications") or [])
    return {
        "instance": {**of_template.get("instance", {}), **propagated},
        "volume": of_template.get("volume", {}),
    }


def _roomiest_subnet(group):
    """The subnet in the zone with the fewest living instances: that spreads a group evenly."""
    subnets = [group.ec2_backend.get_subnet(i) for i in (group.vpc_zone_identifier or "").split(",") if i]
    if not subnets:
        return None
    zones = Counter(m.instance.availability_zone for m in alive(group))
    homes = Counter(m.instance.subnet_id for m in alive(group))
    return min(subnets, key=lambda s: (zones[s.availability_zone], homes[s.id])).id


def check_profile(group):
    """AWS takes no group whose instances could not get their instance profile."""
    profile = ((group.version.data if group.version else {}).get("IamInstanceProfile")) or {}
    known = iam_backends[group.account_id][group.autoscaling_backend.partition].get_instance_profiles()
    for field, given in profile.items():
        if given not in {p.name if field == "Name" else p.arn for p in known}:
            raise ValidationError(
                "You must use a valid fully-formed launch template. "
                f"Value ({given}) for parameter iamInstanceProfile.{field.lower()} is invalid. "
                f"Invalid IAM Instance Profile {field.lower() if field == 'Name' else 'ARN'}"
            )
