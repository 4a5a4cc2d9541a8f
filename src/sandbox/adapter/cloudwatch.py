"""CloudWatch alarms begin with INSUFFICIENT_DATA and keep their state over an update."""

from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend

from .clock import Clock
from .patching import wrap

EVALUATION = 60  # facts/aws.md: E, on top of period × evaluation periods


def install(clock: Clock) -> None:
    @wrap(Alarm, "__init__")
    def init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        self.born = clock.now()
        original(*args, **kwargs)
        self.state_value = "INSUFFICIENT_DATA"

    def get(self: Any) -> str:
        """Where missing data isn't breaching, an alarm without data gets OK by itself."""
        waits = int(self.period or 60) * int(self.evaluation_periods or 1) + EVALUATION
        quiet = self._state == "INSUFFICIENT_DATA" and self.treat_missing_data == "notBreaching"
        return "OK" if quiet and clock.age(self.born) >= waits else self._state

    def put(self: Any, value: str) -> None:
        self._state = value

    Alarm.state_value = property(get, put)

    @wrap(CloudWatchBackend, "put_metric_alarm")
    def put_alarm(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        before = self.alarms.get(kwargs.get("name"))
        alarm = original(*args, **kwargs)
        if before is not None:
            alarm.state_value, alarm.born, alarm.history = before.state_value, before.born, before.history
        return alarm
