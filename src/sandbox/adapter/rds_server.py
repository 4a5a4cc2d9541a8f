"""Where a database instance answers. The one seam for a real server behind an instance."""

from typing import Any


def server_for(instance: Any) -> tuple[str, int]:
    """(address, port) of an instance; its name is RDS's form of one, and nothing listens there."""
    return instance.address, instance.port
