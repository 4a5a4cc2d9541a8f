"""The agenda: what the sandbox has promised to let happen, and when.

Auto Scaling groups, ECS services and load balancers act by themselves at AWS. Here every such act is an entry
of one agenda; the entries that have become due run, in order and each at the moment it was due, before the next
request is answered. So the outcome does not depend on how often anybody asks, and nothing runs in the background.
All seconds are the sandbox clock's. Every call into moto runs under the adapter's lock, so this needs none.
"""

import datetime
import heapq
import itertools
import traceback

from . import patching

# An entry may plan further entries; this many in one run means that something plans itself without end.
_LIMIT = 100_000


class Agenda:
    """Entries ordered by the moment they are due."""

    def __init__(self):
        self._clock = None
        self._entries = []
        self._order = itertools.count()
        self._moment = None

    def use(self, clock):
        self._clock = clock

    def clear(self):
        self._entries.clear()

    def now(self):
        """The moment being lived through: that of the entry which runs, otherwise the present."""
        return self._clock.now() if self._moment is None else self._moment

    def date(self):
        """`now` on the wall clock, as moto keeps its dates: naive, UTC."""
        ago = datetime.timedelta(seconds=self._clock.after(self.behind()))
        return self._clock.date().replace(tzinfo=None) - ago

    def after(self, seconds, action):
        """Plan `action` (no arguments) for `seconds` after `now`."""
        heapq.heappush(self._entries, (self.now() + seconds, next(self._order), action))

    def since(self, moment):
        """Seconds that passed since a moment that `now` gave."""
        return self.now() - moment

    def behind(self):
        """Seconds from the moment being lived through to the present."""
        return self._clock.now() - self.now()

    def run(self):
        """Let everything happen that has become due."""
        present = self._clock.now()
        try:
            for _ in range(_LIMIT):
                if not self._entries or self._entries[0][0] > present:
                    return
                self._moment, _, action = heapq.heappop(self._entries)
                try:
                    action()
                except Exception:  # the log has it; the call that came by can't help it
                    traceback.print_exc()
        finally:
            self._moment = None


agenda = Agenda()
patching.on_reset(agenda.clear)


def before_requests(response_class):
    """Make every request of moto's `response_class` find the world as it is by now."""

    @patching.wrap(response_class, "call_action")
    def call_action(answer, _response):
        agenda.run()
        return answer()


def replace(target, *functions, **named):
    """Put functions in the place of a class's methods of the same names."""
    for function in functions:
        setattr(target, function.__name__, function)
    for name, function in named.items():
        setattr(target, name, function)
