"""Two VPCs have one peering connection: asking for it again answers with it. Lists of connections are filtered."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnectionBackend
from moto.ec2.responses.vpc_peering_connections import VPCPeeringConnections
from moto.ec2.utils import generic_filter

from .clock import Clock
from .patching import wrap

ALIVE = ("pending-acceptance", "provisioning", "active")


def install(clock: Clock) -> None:
    @wrap(VPCPeeringConnectionBackend, "create_vpc_peering_connection")
    def create(original: Any, self: Any, vpc: Any, peer_vpc: Any, tags: Any = None) -> Any:
        for known in self.vpc_pcxs.values():
            if known.status["Code"] in ALIVE and (known.vpc.id, known.peer_vpc.id) == (vpc.id, peer_vpc.id):
                return known
        return original(vpc, peer_vpc, tags)

    @wrap(VPCPeeringConnections, "describe_vpc_peering_connections")
    def describe(_: Any, self: Any) -> Any:
        found = self.ec2_backend.describe_vpc_peering_connections(self._get_param("VpcPeeringConnectionIds", []))
        return ActionResult({"VpcPeeringConnections": generic_filter(self._filters_from_querystring(), found)})
