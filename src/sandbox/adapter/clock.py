"""Time that runs `speed` times faster than the wall clock.

States are never pushed by a timer: whatever has a lifecycle keeps the moment it was born
(`clock.now()`), and its state is computed when somebody looks at it.
"""

import threading
import time


class Clock:
    """Monotonic sandbox seconds. A change of speed never makes time jump."""

    def __init__(self, speed: float = 60.0) -> None:
        self._lock = threading.Lock()
        self._speed = float(speed)
        self._base = time.monotonic()
        self._passed = 0.0

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
