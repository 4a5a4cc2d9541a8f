"""Plants the legacy side of a city: what serves it today."""

from collections.abc import Callable
from typing import Any

from . import ecs_answers, seed_data, seed_database, seed_legacy


class Seeds:
    """The cities that were planted, each in its account. Planting one again only adds what is new."""

    def __init__(self, client: Callable[[str, str, str], Any]) -> None:
        self._client = client
        self._cities: dict[tuple[str, str], dict[str, Any]] = {}

    def plant(self, body: dict) -> dict[str, Any]:
        """`body`: city, account, region, legacy (as in the city file), images, secrets, allowed_hosts (of images: those
        that they answer to), records (record sets in boto3's form, in place of those by default or beside them)."""
        city, account, region, legacy = body["city"], body["account"], body["region"], body["legacy"]
        known = self._cities.get((account, city))
        if known is None:
            known = {
                "city": city,
                "account": account,
                "region": region,
                "addresses": list(legacy.get("addresses") or []),
                **seed_legacy.plant(self._client, city, account, region, legacy),
                "hosted_zone": seed_data.zone(self._client, account, region, legacy, body.get("records") or []),
                "database": seed_data.credentials(account, legacy),
                "images": [],
                "secrets": [],
            }
            seed_data.linked_roles(self._client, account, region)
            seed_database.begin(city, account, legacy, known["database_instance"])
            self._cities[(account, city)] = known
        for image in body.get("images") or []:
            if seed_data.image(self._client, image) and image not in known["images"]:
                known["images"].append(image)
        ecs_answers.IMAGES.update(body.get("allowed_hosts") or {})
        for arn in body.get("secrets") or []:
            seed_data.secret(account, arn)
            if arn not in known["secrets"]:
                known["secrets"].append(arn)
        return known

    def status(self) -> list[dict[str, Any]]:
        return list(self._cities.values())

    def forget(self) -> None:
        self._cities.clear()
