"""A route to a gateway or a peering connection that is going, gone or detached is a black hole."""

from typing import Any

from moto.ec2.models.internet_gateways import InternetGateway
from moto.ec2.models.route_tables import Route

from .clock import Clock


def install(clock: Clock) -> None:
    def state(self: Any) -> str:
        detached = isinstance(self.gateway, InternetGateway) and self.gateway.vpc is None
        gone = self.nat_gateway is not None and self.nat_gateway.state not in ("pending", "available")
        parted = self.vpc_pcx is not None and self.vpc_pcx.status["Code"] != "active"
        return "blackhole" if detached or gone or parted else "active"

    Route.state = property(state)
