"""Rules that make calls slow, refused, lost or broken, for tests."""

import threading
from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("throttle", "500", "503", "reset", "timeout", "lost_reply", "error")


@dataclass
class Rule:
    """One rule. `None` matches everything.

    Of the calls that match, the `nth` (counted from 1) and those after it are hit, `count` times
    in all (without a limit when None). `when` is before or after the call has its effect.
    """

    kind: str
    service: str | None = None
    operation: str | None = None
    nth: int = 1
    count: int | None = 1
    when: str = "before"
    code: str = "InternalError"
    message: str = "injected by the sandbox"
    status: int = 500
    seconds: float = 60.0
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        self.kind = str(self.kind)
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if self.when not in ("before", "after"):
            raise ValueError("when must be before or after")
        if self.kind == "lost_reply":
            self.when = "after"

    def matches(self, service: str, operation: str) -> bool:
        return self.service in (None, service) and self.operation in (None, operation)


class Faults:
    """The rules in force and the latencies to add. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._latency: dict[str, float] = {}

    def add(self, rules: list[dict[str, Any]]) -> None:
        """Adds rules, all of them or, when one is wrong, none (ValueError, TypeError)."""
        made = [Rule(**rule) for rule in rules]
        with self._lock:
            self._rules.extend(made)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def rules(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def hit(self, service: str, operation: str) -> Rule | None:
        """The rule that hits this call, if any; counts the call in every rule that it matches."""
        chosen = None
        with self._lock:
            for rule in self._rules:
                if not rule.matches(service, operation):
                    continue
                rule.seen += 1
                due = rule.seen >= rule.nth and (rule.count is None or rule.hits < rule.count)
                if due and chosen is None:
                    rule.hits += 1
                    chosen = rule
        return chosen

    def set_latency(self, seconds: float, service: str | None, operation: str | None) -> None:
        """Adds real seconds to every call, to a service's, or to one operation's; 0 takes it away."""
        if seconds < 0:
            raise ValueError("seconds must not be negative")
        key = ".".join(part for part in (service, operation) if part) or "*"
        with self._lock:
            if seconds:
                self._latency[key] = seconds
            else:
                self._latency.pop(key, None)

    def latencies(self) -> dict[str, float]:
        with self._lock:
            return dict(self._latency)

    def latency(self, service: str, operation: str) -> float:
        """Real seconds to add: the most precise setting wins."""
        with self._lock:
            for key in (f"{service}.{operation}", service, "*"):
                if key in self._latency:
                    return self._latency[key]
        return 0.0

    def reset(self) -> None:
        with self._lock:
            self._rules.clear()
            self._latency.clear()
