"""Plants the legacy side of a city: what serves it today."""

from typing import Any

from .clock import Clock


class Seeds:
    """The cities that were planted. Planting one again changes nothing."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._cities: dict[str, dict[str, Any]] = {}

    def plant(self, body: dict) -> dict[str, Any]:
        city = body["city"]
        if city not in self._cities:
            self._cities[city] = {"city": city}
        return self._cities[city]

    def status(self) -> list[dict[str, Any]]:
        return list(self._cities.values())

    def forget(self) -> None:
        self._cities.clear()
