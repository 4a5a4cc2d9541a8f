"""The record of every call: counters that are exact, and the latest calls in full."""

import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Call:
    """One call to the AWS API. Times are monotonic real seconds."""

    service: str
    operation: str
    account: str | None
    start: float
    end: float | None = None
    status: int | None = None
    fault: str | None = None


class CallLog:
    """Thread-safe. Keeps the latest `limit` calls, counts all of them."""

    def __init__(self, limit: int = 20_000) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=limit)
        self._counts: Counter[str] = Counter()

    def begin(self, service: str, operation: str, account: str | None) -> Call:
        call = Call(service, operation, account, time.monotonic())
        with self._lock:
            self._calls.append(call)
            self._counts[f"{service}.{operation}"] += 1
        return call

    def reset(self) -> None:
        with self._lock:
            self._calls.clear()
            self._counts.clear()

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(self._counts.items()))

    def calls(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(call) for call in self._calls]
