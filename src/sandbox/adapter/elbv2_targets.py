"""Target groups: several ports of one target, health that takes its time, draining, AWS's default attributes."""

import ipaddress

from moto.elbv2.exceptions import ELBClientError, TargetGroupNotFoundError
from moto.elbv2.models import FakeTargetGroup

from . import elbv2_checks
from .ecs_agenda import agenda

ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}

# Request argument of moto's backend -> attribute of its target group.
_SETTINGS = {
    "vpc_id": "vpc_id",
    "protocol": "protocol",
    "port": "port",
    "protocol_version": "protocol_version",
    "healthcheck_protocol": "health_check_protocol",
    "healthcheck_port": "health_check_port",
    "healthcheck_path": "health_check_path",
    "healthcheck_interval_seconds": "health_check_interval_seconds",
    "healthcheck_timeout_seconds": "health_check_timeout_seconds",
    "healthy_threshold_count": "healthy_threshold_count",
    "unhealthy_threshold_count": "unhealthy_threshold_count",
    "matcher": "matcher",
    "target_type": "target_type",
    "ip_address_type": "ip_address_type",
}

_DESCRIPTIONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.InvalidState": "Target is in the stopped state",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.ResponseCodeMismatch": "Health checks failed with these codes: [404]",
    "Target.Timeout": "Request timed out",
}

_PRIVATE = [ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]


class TargetGroup(FakeTargetGroup):
    """`targets`: (id, port) -> target; `used_since`: when a listener began to send traffic here, or None."""

    used_since = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.protocol in ("HTTP", "HTTPS"):
            self.attributes = dict(ATTRIBUTES)
        # (id or None, state, reason): set from outside, for tests; the newest comes first.
        self.orders = []

    def same_settings(self, given):
        return all(
            given.get(argument) is None or str(given[argument]) == str(getattr(self, attribute))
            for argument, attribute in _SETTINGS.items()
        )

    def _key(self, target):
        return target["Id"], int(target.get("Port") or self.port or 0)

    def register(self, targets):
        for target in targets:
            zone = self._check(target)
            known = self.targets.get(self._key(target))
            if known is None or known["drained"] is not None:
                made = {"Id": target["Id"], "Port": self._key(target)[1], "AvailabilityZone": zone, "drained": None}
                elbv2_checks.begin(self, made, target.get("task"))
                self.targets[self._key(target)] = made

    def _check(self, target):
        """AWS's errors about a target that can't be in this group; answers its zone."""
        if self.target_type == "instance":
            instance = self.ec2_backend.get_instance_by_id(target["Id"])
            if instance is None:
                raise ELBClientError(
                    "InvalidTarget", f"The following targets are not in the target group VPC '{self.vpc_id}': "
                    f"'{target['Id']}'")
            if instance.state in ("stopped", "terminated", "shutting-down"):
                raise ELBClientError("InvalidTarget", "The following targets are not in a running state and cannot "
                                     f"be registered: '{target['Id']}'")
            return None
        if self.target_type != "ip":
            return None
        try:
            address = ipaddress.ip_address(target["Id"])
        except ValueError:
            message = f"The IP address '{target['Id']}' is not a valid IPv4 address"
            raise ELBClientError("ValidationError", message) from None
        for subnet in self.ec2_backend.describe_subnets(filters={"vpc-id": [self.vpc_id]}):
            if address in ipaddress.ip_network(subnet.cidr_block):
                return subnet.availability_zone
        if not any(address in network for network in _PRIVATE):
            raise ELBClientError("InvalidTarget", f"The IP address '{address}' is publicly routable and is not "
                                 "supported for the target group")
        vpc = self.ec2_backend.get_vpc(self.vpc_id)
        if address not in ipaddress.ip_network(vpc.cidr_block) and target.get("AvailabilityZone") != "all":
            raise ELBClientError("ValidationError", f"The IP address '{address}' is outside the VPC '{self.vpc_id}': "
                                 "you must specify the Availability Zone 'all'")
        return target.get("AvailabilityZone")

    def deregister(self, targets):
        for target in targets:
            for key, known in list(self.targets.items()):
                if key[0] != target["Id"] or ("Port" in target and key != self._key(target)):
                    continue
                if self.used_since is None:
                    self._drop(key, known)
                elif known["drained"] is None:
                    known["drained"] = agenda.now() + self.delay
                    agenda.after(self.delay, lambda key=key, known=known: self._drop(key, known))

    def deregister_terminated_instances(self, instance_ids):
        self.deregister([{"Id": i} for i in instance_ids])

    def _drop(self, key, known):
        if self.targets.get(key) is known:
            del self.targets[key]

    @property
    def delay(self):
        return int(self.attributes.get("deregistration_delay.timeout_seconds", 300))

    def state_of(self, target):
        """(state, reason) of one registered target."""
        if target["drained"] is not None:
            return "draining", "Target.DeregistrationInProgress"
        for wanted, state, reason in self.orders:
            if wanted in (None, target["Id"]):
                return state, reason
        if self.used_since is None:
            return "unused", "Target.NotInUse"
        if self.target_type == "instance":
            instance = self.ec2_backend.get_instance_by_id(target["Id"])
            if instance is not None and instance.state == "stopped":
                return "unused", "Target.InvalidState"
        return elbv2_checks.state(self, target)

    def state(self, identity, port):
        """State of a target by id and port, "unused" if it isn't registered."""
        target = self.targets.get((identity, int(port)))
        return self.state_of(target)[0] if target else "unused"

    def health_for(self, target, ec2_backend):
        matching = [known for key, known in self.targets.items()
                    if key[0] == target["Id"] and ("Port" not in target or key == self._key(target))]
        if not matching:
            return self._described({"Id": target["Id"], "Port": self._key(target)[1]}, "unused", "Target.NotRegistered")
        return self._described(matching[0], *self.state_of(matching[0]))

    def health(self):
        return [self._described(target, *self.state_of(target)) for target in self.targets.values()]

    def _described(self, target, state, reason):
        where = {"Id": target["Id"], "Port": target["Port"]}
        if target.get("AvailabilityZone"):
            where["AvailabilityZone"] = target["AvailabilityZone"]
        health = {"State": state}
        if reason:
            health |= {"Reason": reason, "Description": _DESCRIPTIONS.get(reason, reason)}
        port = self.health_check_port
        return {
            "Target": where,
            "HealthCheckPort": str(target["Port"]) if port in (None, "traffic-port") else str(port),
            "TargetHealth": health,
        }


def describe_target_health(self, target_group_arn, targets):
    group = self.target_groups.get(target_group_arn)
    if group is None:
        raise TargetGroupNotFoundError()
    return [group.health_for(target, self.ec2_backend) for target in targets] if targets else group.health()


def delete_target_group(self, target_group_arn):
    if self._any_listener_using(target_group_arn):
        raise ELBClientError(
            "ResourceInUse", f"Target group '{target_group_arn}' is currently in use by a listener or a rule"
        )
    self.tagging_service.delete_all_tags_for_resource(target_group_arn)
    return self.target_groups.pop(target_group_arn, None)
