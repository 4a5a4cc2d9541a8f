"""Load balancers: provisioning takes its time, network interfaces in every subnet, deletion protection."""

import json
import uuid

from moto.ec2.utils import random_public_ip
from moto.elbv2.exceptions import ELBClientError, LoadBalancerNotFoundError, SubnetNotFoundError
from moto.elbv2.models import ELBv2Backend
from moto.s3.models import s3_backends

from .ecs_agenda import agenda
from .elbv2_listener import relink

# Seconds: measured typical figures for create-to-active, and delete until the network interfaces are gone.
PROVISIONING = 172
RELEASE = 17

ATTRIBUTES = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "health_check_logs.s3.bucket": "",
    "health_check_logs.s3.enabled": "false",
    "health_check_logs.s3.prefix": "",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}

# Hosted zones of application load balancers, for alias records (AWS General Reference).
ZONES = {
    "eu-north-1": "Z23TAZ6LKFMNIO",
    "eu-west-1": "Z32O12XQLNTSW2",
    "eu-west-2": "ZHURV8PSTC4K8",
    "eu-west-3": "Z3Q77PNBQS71R4",
    "eu-central-1": "Z215JYRZR1TBD5",
    "eu-south-1": "Z3ULH7SSC9OV64",
    "us-east-1": "Z35SXDOTRQ7X7K",
    "us-east-2": "Z3AADJGX6KTTL2",
    "us-west-2": "Z1H1FL5HABSF5",
}

_BASE = {
    name: getattr(ELBv2Backend, name)
    for name in ("create_load_balancer", "set_security_groups", "set_subnets", "modify_load_balancer_attributes")
}


def create_load_balancer(self, name, security_groups, subnet_ids, subnet_mappings=None, scheme="internet-facing",
                         loadbalancer_type=None, ip_address_type="ipv4", tags=None):
    scheme = scheme or "internet-facing"
    kind = loadbalancer_type or "application"
    subnets = [*subnet_ids, *(m["SubnetId"] for m in subnet_mappings or [])]
    for known in self.load_balancers.values():
        if known.name != name:
            continue
        settings = (known.scheme, known.type, {s.id for s in known.subnets}, known.ip_address_type)
        groups_same = not security_groups or set(security_groups) == set(known.security_groups)
        if settings == (scheme, kind, set(subnets), ip_address_type) and groups_same:
            return known
        raise ELBClientError(
            "DuplicateLoadBalancerName",
            f"A load balancer with the same name '{name}' exists, but with different settings",
        )
    vpc = _check_network(self, kind, scheme, subnets, security_groups)
    if kind == "application" and not security_groups:
        security_groups = [self.ec2_backend.get_default_security_group(vpc).id]
    balancer = _BASE["create_load_balancer"](self, name, security_groups, subnet_ids, subnet_mappings, scheme, kind,
                                             ip_address_type, tags)
    prefix = "internal-" if scheme == "internal" else ""
    balancer.dns_name = f"{prefix}{name}-{uuid.uuid4().int % 10**10:010d}.{self.region_name}.elb.amazonaws.com"
    balancer.canonical_hosted_zone_id = ZONES.get(self.region_name, "Z35SXDOTRQ7X7K")
    balancer.created_time = agenda.date()
    balancer.attrs = dict(ATTRIBUTES) if kind == "application" else balancer.attrs
    balancer.active_at = agenda.now() + PROVISIONING
    balancer.interfaces = {}
    _connect(self, balancer)
    agenda.after(PROVISIONING, balancer.activate)
    return balancer


def _check_network(backend, kind, scheme, subnet_ids, groups):
    known = {s.id: s for s in backend.ec2_backend.describe_subnets()}
    if not subnet_ids or any(i not in known for i in subnet_ids):
        missing = next((i for i in subnet_ids if i not in known), "")
        raise ELBClientError("SubnetNotFound", f"The subnet ID '{missing}' does not exist") \
            if subnet_ids else SubnetNotFoundError()
    subnets = [known[i] for i in subnet_ids]
    zones = [s.availability_zone for s in subnets]
    if kind == "application" and len(set(zones)) < 2:
        raise ELBClientError(
            "ValidationError", "At least two subnets in two different Availability Zones must be specified"
        )
    if len(set(zones)) < len(zones):
        raise ELBClientError(
            "InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same "
            "Availability Zone")
    vpc = subnets[0].vpc_id
    _check_groups(backend, groups)
    gateways = backend.ec2_backend.describe_internet_gateways(filters={"attachment.vpc-id": [vpc]})
    if scheme == "internet-facing" and not gateways:
        raise ELBClientError("InvalidSubnet", f"VPC {vpc} has no internet gateway")
    return vpc


def _check_groups(backend, groups):
    for group in groups or []:
        if backend.ec2_backend.get_security_group_from_id(group) is None:
            raise ELBClientError("InvalidSecurityGroup", f"The security group '{group}' does not exist")


def _connect(backend, balancer):
    """One network interface in each subnet; those of subnets left behind go away later, as AWS's do."""
    wanted = {subnet.id: subnet for subnet in balancer.subnets}
    for subnet_id in [i for i in balancer.interfaces if i not in wanted]:
        _release(backend, [balancer.interfaces.pop(subnet_id)])
    for subnet_id, subnet in wanted.items():
        if subnet_id in balancer.interfaces:
            continue
        interface = backend.ec2_backend.create_network_interface(
            subnet,
            subnet.get_available_subnet_ip(balancer),
            group_ids=list(balancer.security_groups),
            description=f"ELB {balancer.arn.split(':loadbalancer/')[1]}",
        )
        interface.status = "in-use"
        interface.requester_managed = True
        interface.requester_id = "amazon-elb"
        if balancer.scheme == "internet-facing":
            interface.public_ip = random_public_ip()
        balancer.interfaces[subnet_id] = interface


def _release(backend, interfaces):
    def gone():
        for interface in interfaces:
            if interface.id in backend.ec2_backend.enis:
                interface.delete()

    agenda.after(RELEASE, gone)


def describe_load_balancers(self, arns, names):
    balancers = list(self.load_balancers.values())
    if not arns and not names:
        return balancers
    found = [b for b in balancers if b.arn in (arns or []) or b.name in (names or [])]
    known = {b.arn for b in found} | {b.name for b in found}
    missing = [wanted for wanted in [*(arns or []), *(names or [])] if wanted not in known]
    if missing:
        raise ELBClientError(
            "LoadBalancerNotFound",
            f"Load balancers '[{', '.join(missing)}]' not found" if names else "One or more load balancers not found",
        )
    return found


def delete_load_balancer(self, arn):
    balancer = self.load_balancers.get(arn)
    if balancer is None:
        return
    if balancer.attrs.get("deletion_protection.enabled") == "true":
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    for listener in list(balancer.listeners):
        self.delete_listener(listener)
    del self.load_balancers[arn]
    self.tagging_service.delete_all_tags_for_resource(arn)
    _release(self, list(balancer.interfaces.values()))
    relink(self)


def set_security_groups(self, arn, sec_groups):
    _check_groups(self, sec_groups)
    _BASE["set_security_groups"](self, arn, sec_groups)
    groups = [self.ec2_backend.get_security_group_from_id(group) for group in sec_groups]
    for interface in self.load_balancers[arn].interfaces.values():
        interface._group_set = list(groups)


def set_subnets(self, arn, subnets, subnet_mappings):
    zones = _BASE["set_subnets"](self, arn, subnets, subnet_mappings)
    _connect(self, self.load_balancers[arn])
    return zones


def modify_load_balancer_attributes(self, arn, attrs):
    balancer = self.load_balancers.get(arn)
    if balancer is None:
        raise LoadBalancerNotFoundError()
    wanted = {**balancer.attrs, **attrs}
    for logs in ("access_logs", "connection_logs"):
        if wanted.get(f"{logs}.s3.enabled") == "true":
            _check_bucket(self, wanted.get(f"{logs}.s3.bucket"))
    return _BASE["modify_load_balancer_attributes"](self, arn, attrs)


def _check_bucket(backend, name):
    """Load balancers write their logs only where the bucket's policy lets them."""
    bucket = s3_backends[backend.account_id][backend.partition].buckets.get(name)
    policy = getattr(bucket, "policy", None) or b"{}"
    if not json.loads(policy).get("Statement"):
        raise ELBClientError(
            "InvalidConfigurationRequest", f"Access Denied for bucket: {name}. Please check S3bucket permission"
        )
