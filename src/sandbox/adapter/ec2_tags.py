"""DescribeTags filters by `tag:KEY` too."""

from typing import Any

from moto.ec2.models.tags import TagBackend

from .clock import Clock
from .patching import wrap


def install(clock: Clock) -> None:
    @wrap(TagBackend, "describe_tags")
    def describe(original: Any, self: Any, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        by_tag = {key[4:]: values for key, values in (filters or {}).items() if key.startswith("tag:")}
        found = original(filters)
        return [one for one in found if all(
            self.tags[one["resource_id"]].get(key) in values for key, values in by_tag.items())]
