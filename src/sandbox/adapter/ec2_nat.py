"""NAT gateways: pending, available, deleting, deleted; their address is held until the end."""

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend

from .clock import Clock
from .patching import wrap

CREATE = 115  # facts/aws.md: M
DELETE = 61  # M
REMEMBERED = 3600  # D: a deleted gateway is listed for about an hour


def settle(backend: Any) -> None:
    """Gives back the interface and the address of gateways whose deletion is over."""
    for name, gateway in list(backend.nat_gateways.items()):
        if gateway.state != "deleted":
            continue
        if not gateway.released:
            gateway.released = True
            for address in [a for a in backend.addresses if a.eni is gateway._eni]:
                backend.disassociate_address(association_id=address.association_id)
            backend.enis.pop(gateway._eni.id, None)
        if gateway.clock.age(gateway.journey[0]) > DELETE + REMEMBERED:
            del backend.nat_gateways[name]


def install(clock: Clock) -> None:
    def state(self: Any) -> str:
        born, stages, final = self.__dict__.get("journey", (0, [], "available"))
        return clock.stage(born, stages, final)

    def ignore(self: Any, value: str) -> None:
        """Moto sets a state where something happens; here it follows from the journey."""

    NatGateway.state = property(state, ignore)
    NatGateway.clock, NatGateway.released = clock, False

    @wrap(NatGatewayBackend, "create_nat_gateway")
    def create(original: Any, self: Any, subnet_id: str, allocation_id: str, **kwargs: Any) -> Any:
        if allocation_id and any(e.association_id for e in self.address_by_allocation([allocation_id])):
            raise EC2ClientError(
                "Resource.AlreadyAssociated",
                f"Elastic IP address [{allocation_id}] is already associated",
            )
        gateway = original(subnet_id, allocation_id, **kwargs)
        gateway._eni.description = f"Interface for NAT Gateway {gateway.id}"
        gateway.journey = (clock.now(), [("pending", CREATE)], "available")
        return gateway

    @wrap(NatGatewayBackend, "describe_nat_gateways")
    def describe(original: Any, self: Any, filters: Any, nat_gateway_ids: Any) -> Any:
        _known(self, nat_gateway_ids or [])
        found = original(filters, nat_gateway_ids)
        for key, values in (filters or {}).items():
            if key == "tag-key":
                found = [g for g in found if any(t["key"] in values for t in g.get_tags())]
            elif key.startswith("tag:"):
                found = [g for g in found
                         if any(t["key"] == key[4:] and t["value"] in values for t in g.get_tags())]
        return found

    @wrap(NatGatewayBackend, "delete_nat_gateway")
    def delete(original: Any, self: Any, nat_gateway_id: str) -> Any:
        _known(self, [nat_gateway_id])
        gateway = original(nat_gateway_id)
        if gateway.state not in ("deleting", "deleted"):
            gateway.journey = (clock.now(), [("deleting", DELETE)], "deleted")
        return gateway


def _known(backend: Any, ids: list[str]) -> None:
    unknown = [one for one in ids if one not in backend.nat_gateways]
    if unknown:
        raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {unknown[0]} was not found")
