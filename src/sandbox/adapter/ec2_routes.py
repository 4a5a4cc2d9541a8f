"""A route to a gateway or a peering connection that is going, gone or detached is a black hole."""

import copy
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.internet_gateways import InternetGateway
from moto.ec2.models.route_tables import Route, RouteTable
from moto.ec2.responses import EC2Response

from .clock import Clock
from .patching import wrap
from .quirks import QUIRKS


def install(clock: Clock) -> None:
    def state(self: Any) -> str:
        detached = isinstance(self.gateway, InternetGateway) and self.gateway.vpc is None
        gone = self.nat_gateway is not None and self.nat_gateway.state not in ("pending", "available")
        parted = self.vpc_pcx is not None and self.vpc_pcx.status["Code"] != "active"
        return "blackhole" if detached or gone or parted else "active"

    Route.state = property(state)

    @wrap(EC2Response, "describe_route_tables")
    def describe(original: Any, self: Any) -> ActionResult:
        answer = original()
        if QUIRKS:
            answer.result["RouteTables"] = [_untrue(table) for table in answer.result["RouteTables"]]
        return answer


def _untrue(table: RouteTable) -> RouteTable:
    """The table as an emulator shows it that doesn't keep routes as AWS does."""
    shown, local = copy.copy(table), QUIRKS.get("local_routes")
    shown._routes = {}
    for name, route in table._routes.items():
        if route.local and local == "wrong":
            route = copy.copy(route)
            route.destination_cidr_block = "172.31.0.0/16"  # that of a default VPC
        if not (QUIRKS.get("other_routes") if not route.local else local == "missing"):
            shown._routes[name] = route
    return shown
