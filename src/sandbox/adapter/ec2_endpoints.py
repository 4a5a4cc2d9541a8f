"""VPC endpoints are gateways unless another type is asked for, and gone when deleted."""

from typing import Any

from moto.ec2.models.vpcs import VPCBackend

from .clock import Clock
from .patching import wrap


def install(clock: Clock) -> None:
    @wrap(VPCBackend, "create_vpc_endpoint")
    def create(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs["endpoint_type"] = kwargs.get("endpoint_type") or "Gateway"
        return original(*args, **kwargs)

    @wrap(VPCBackend, "delete_vpc_endpoints")
    def delete(original: Any, self: Any, vpce_ids: list[str] | None = None) -> None:
        original(vpce_ids)
        for name in vpce_ids or []:
            self.vpc_end_points.pop(name, None)
