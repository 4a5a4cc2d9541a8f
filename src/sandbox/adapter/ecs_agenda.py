"""The agenda: what the sandbox has promised to let happen, and when.

Auto Scaling groups, ECS services and load balancers act by themselves at AWS. Here every such act is an entry
of one agenda; the entries that have become due run, in order and each at the moment it was due, before the next
request is answered. So the outcome does not depend on how often anybody asks, and nothing runs in the background.
Seconds are AWS's seconds: the clock's speed divides them.
"""

import datetime
import heapq
import itertools
import threading
import time

# An entry may plan further entries; this many in one run means that something plans itself without end.
_LIMIT = 100_000


class Agenda:
    """Entries ordered by due time (Unix seconds, real), run under one lock."""

    def __init__(self):
        self.lock = threading.RLock()
        self._clock = None
        self._entries = []
        self._order = itertools.count()
        self._moment = None

    def use(self, clock):
        """Take the speed from this clock from now on, and forget what was planned."""
        self._clock = clock
        self.clear()

    def clear(self):
        with self.lock:
            self._entries.clear()

    @property
    def speed(self):
        return float(getattr(self._clock, "speed", 1.0) or 1.0)

    def now(self):
        """The moment being lived through: that of the entry which runs, otherwise the present."""
        return time.time() if self._moment is None else self._moment

    def date(self):
        """`now` as moto keeps its dates: naive, UTC."""
        return datetime.datetime.fromtimestamp(self.now(), datetime.timezone.utc).replace(tzinfo=None)

    def after(self, seconds, action):
        """Plan `action` (no arguments) for `seconds` of AWS time after `now`."""
        with self.lock:
            entry = (self.now() + seconds / self.speed, next(self._order), action)
            heapq.heappush(self._entries, entry)

    def since(self, moment):
        """AWS seconds that passed since a moment that `now` gave."""
        return (self.now() - moment) * self.speed

    def run(self):
        """Let everything happen that has become due."""
        with self.lock:
            if self._moment is not None:
                return
            try:
                for _ in range(_LIMIT):
                    if not self._entries or self._entries[0][0] > time.time():
                        return
                    self._moment, _, action = heapq.heappop(self._entries)
                    action()
            finally:
                self._moment = None


agenda = Agenda()


def before_requests(response_class):
    """Make every request of moto's `response_class` find the world as it is by now, and alone."""
    answer = response_class.call_action

    def call_action(self):
        with agenda.lock:
            agenda.run()
            return answer(self)

    response_class.call_action = call_action


def replace(target, *functions, **named):
    """Put functions in the place of a class's methods of the same names."""
    for function in functions:
        setattr(target, function.__name__, function)
    for name, function in named.items():
        setattr(target, name, function)
