"""CloudWatch Logs: groups are also found by a part of their names."""

from typing import Any

from moto.logs.responses import LogsResponse

from .clock import Clock
from .patching import wrap


def install(clock: Clock) -> None:
    @wrap(LogsResponse, "describe_log_groups")
    def describe(original: Any, self: Any) -> Any:
        backend, part = self.logs_backend, self._get_param("logGroupNamePattern")
        every = backend.groups
        backend.groups = {name: group for name, group in every.items() if (part or "") in name}
        try:
            return original()
        finally:
            backend.groups = every
