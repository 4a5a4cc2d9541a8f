"""Time that runs `speed` times faster than the wall clock, and the wall clock that AWS's answers show.

States are never pushed by a timer: whatever has a lifecycle keeps the moment it was born
(`clock.now()`), and its state is computed when somebody looks at it.
"""

import datetime
import sys
import threading
import time

from moto.core import utils


class Clock:
    """Monotonic sandbox seconds. A change of speed never makes time jump."""

    def __init__(self, speed: float = 60.0) -> None:
        self._lock = threading.Lock()
        self._speed = float(speed)
        self._base = time.monotonic()
        self._passed = 0.0
        self.ahead = 0.0  # seconds that AWS's wall clock is ahead of the machine's

    @property
    def speed(self) -> float:
        return self._speed

    def set_speed(self, speed: float) -> None:
        """From now on one real second is `speed` sandbox seconds."""
        if not speed > 0:
            raise ValueError("speed must be greater than 0")
        with self._lock:
            real = time.monotonic()
            self._passed += (real - self._base) * self._speed
            self._base = real
            self._speed = float(speed)

    def advance(self, seconds: float) -> None:
        """Lets `seconds` of AWS's time pass at once."""
        if seconds < 0:
            raise ValueError("time doesn't run backwards")
        with self._lock:
            self._passed += seconds

    def set_ahead(self, seconds: float) -> None:
        """AWS's wall clock is `seconds` ahead of the machine's, or behind it."""
        self.ahead = float(seconds)

    def date(self) -> datetime.datetime:
        """AWS's wall clock, UTC."""
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.ahead)

    def show(self) -> None:
        """Makes every date that moto writes one of AWS's wall clock."""
        plain = utils.utcnow

        def utcnow() -> datetime.datetime:
            return self.date().replace(tzinfo=None)

        # Modules that moto imports later take it from `utils`; those that are here have a name of their own for it.
        for module in list(sys.modules.values()):
            if getattr(module, "utcnow", None) is plain:
                module.utcnow = utcnow

    def now(self) -> float:
        """Sandbox seconds since the start of the process."""
        with self._lock:
            return self._passed + (time.monotonic() - self._base) * self._speed

    def after(self, seconds: float) -> float:
        """How many real seconds `seconds` of AWS's time take here."""
        return seconds / self._speed

    def age(self, born: float) -> float:
        """AWS's seconds that have passed since `born`, a value of `now()`."""
        return self.now() - born

    def stage(self, born: float, stages: list[tuple[str, float]], final: str) -> str:
        """The stage that something born at `born` is in.

        `stages` are (name, AWS's seconds it lasts) in order; `final` is what remains.
        """
        age = self.age(born)
        for name, lasts in stages:
            if age < lasts:
                return name
            age -= lasts
        return final
