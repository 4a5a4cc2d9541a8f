"""Deletes of things in use are refused with DependencyViolation, as AWS does."""

from collections.abc import Iterator
from typing import Any

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ec2.models.instances import Instance
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends

from . import rds
from .clock import Clock
from .patching import wrap


def install(clock: Clock) -> None:
    _vpc()
    _subnet()
    _security_group()
    _gateway()
    _address()
    _interface()


def databases(backend: Any) -> list[Any]:
    """The account's RDS instances in this region that still exist."""
    other = rds_backends[backend.account_id][backend.region_name]
    rds.settle(other)
    return list(other.databases.values())


def load_balancers(backend: Any) -> list[Any]:
    return list(elbv2_backends[backend.account_id][backend.region_name].load_balancers.values())


def instances(backend: Any) -> Iterator[Any]:
    """Instances that aren't terminated."""
    for reservation in backend.reservations.values():
        for instance in reservation.instances:
            if instance._state.name != "terminated":
                yield instance


def _vpc() -> None:
    @wrap(VPCBackend, "delete_vpc")
    def delete(original: Any, self: Any, vpc_id: str) -> Any:
        self.get_vpc(vpc_id)
        used = (
            any(s.vpc_id == vpc_id for by_zone in self.subnets.values() for s in by_zone.values())
            or any(g.vpc and g.vpc.id == vpc_id for g in self.internet_gateways.values())
            or any(g.vpc_id == vpc_id and g.state != "deleted" for g in self.nat_gateways.values())
            or any(t.vpc_id == vpc_id and t.main_association_id is None for t in self.route_tables.values())
            or any(g.name != "default" for g in self.groups.get(vpc_id, {}).values())
            or any(e.vpc_id == vpc_id and e.state != "deleted" for e in self.vpc_end_points.values())
            or any(a.vpc_id == vpc_id and not a.default for a in self.network_acls.values())
        )
        if used:
            raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        self.deleting_vpc = True  # its default group goes with it
        try:
            return original(vpc_id)
        finally:
            self.deleting_vpc = False


def _subnet() -> None:
    @wrap(SubnetBackend, "delete_subnet")
    def delete(original: Any, self: Any, subnet_id: str) -> Any:
        self.get_subnet(subnet_id)
        used = (
            any(eni.subnet.id == subnet_id for eni in self.enis.values())
            or any(i.subnet_id == subnet_id for i in instances(self))
            or any(g.subnet_id == subnet_id and g.state != "deleted" for g in self.nat_gateways.values())
            or any(subnet_id in (e.subnet_ids or []) for e in self.vpc_end_points.values() if e.state != "deleted")
            or any(s.id == subnet_id for lb in load_balancers(self) for s in lb.subnets)
            or any(s.id == subnet_id for d in databases(self) if "db_subnet_group" in vars(d)
                   for s in d.db_subnet_group._subnets)
        )
        if used:
            raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return original(subnet_id)


def _security_group() -> None:
    @wrap(SecurityGroupBackend, "delete_security_group")
    def delete(original: Any, self: Any, name: str | None = None, group_id: str | None = None) -> Any:
        group = (self.get_security_group_from_id(group_id) if group_id
                 else self.get_security_group_by_name_or_id(name))
        if group is None:
            return original(name, group_id)
        if group.name == "default" and not getattr(self, "deleting_vpc", False):
            raise EC2ClientError(
                "CannotDelete",
                f'the specified group: "{group.id}" name: "default" cannot be deleted by a user',
            )
        referring = (
            rule.source_group.get("GroupId")
            for groups in self.groups.values()
            for other in groups.values()
            if other.id != group.id
            for rule in [*other.ingress_rules, *other.egress_rules]
            if rule.source_group
        )
        used = (
            group.id in referring
            or any(group.id in [g.id for g in eni.group_set] for eni in self.enis.values())
            or any(group.id in [g.id for g in i.security_groups] for i in instances(self))
            or any(group.id in lb.security_groups for lb in load_balancers(self))
            or any(group.id in d.vpc_security_group_ids for d in databases(self))
            or any(group.id in (e.security_group_ids or []) for e in self.vpc_end_points.values())
        )
        if used:
            raise DependencyViolationError(f"resource {group.id} has a dependent object")
        return original(name, group_id)


def _gateway() -> None:
    @wrap(InternetGatewayBackend, "detach_internet_gateway")
    def detach(original: Any, self: Any, internet_gateway_id: str, vpc_id: str) -> Any:
        mapped = (
            any(a.eni is not None and a.eni.subnet.vpc_id == vpc_id for a in self.addresses)
            or any(lb.vpc_id == vpc_id and lb.scheme == "internet-facing" for lb in load_balancers(self))
        )
        if mapped:
            raise DependencyViolationError(
                f"Network {vpc_id} has some mapped public address(es). "
                "Please unmap those public address(es) before detaching the gateway."
            )
        return original(internet_gateway_id, vpc_id)


def _address() -> None:
    @wrap(ElasticAddressBackend, "release_address")
    def release(original: Any, self: Any, address: str | None = None, allocation_id: str | None = None) -> Any:
        found = self.address_by_allocation([allocation_id]) if allocation_id else self.address_by_ip([address])
        if found[0].association_id:
            raise EC2ClientError(
                "InvalidIPAddress.InUse",
                f"Address {found[0].public_ip} is in use and cannot be released.",
            )
        return original(address, allocation_id)


def _interface() -> None:
    @wrap(NetworkInterfaceBackend, "delete_network_interface")
    def delete(original: Any, self: Any, eni_id: str) -> Any:
        eni = self.get_network_interface(eni_id)
        holds = eni.instance is not None and not getattr(eni.instance, "terminating", False)
        if holds or any(g._eni is eni and g.state != "deleted" for g in self.nat_gateways.values()):
            raise EC2ClientError("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
        return original(eni_id)

    @wrap(Instance, "terminate")
    def terminate(original: Any, self: Any) -> Any:
        self.terminating = True
        ended = original()
        backend = self.ec2_backend
        for address in [a for a in backend.addresses if a.instance is self or a.eni in self.nics.values()]:
            backend.disassociate_address(association_id=address.association_id)
        for nic in self.nics.values():
            backend.enis.pop(nic.id, None)
        return ended
