"""Methods of instants and durations that conditions use: their types, and what they answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ferrata.metrics.expression.arithmetic import shift, subtract, wrap
from ferrata.metrics.expression.natures import BOOL, DURATION, FLOAT, INT, INT64, MONTH, STRING, TIME, WEEKDAY, Nature
from ferrata.metrics.expression.signatures import Overload
from ferrata.metrics.expression.values import Duration, Int64, Named, format_value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO = datetime(1, 1, 1, tzinfo=UTC)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Method:
    """A method: its parameters and answer, and the function that carries it out with the receiver first."""

    signature: Overload
    run: Callable[..., object]


def _since_epoch(moment: datetime, unit: int) -> Int64:
    return Int64((moment - _EPOCH) // timedelta(microseconds=1) * 1000 // unit)


def _weekday(moment: datetime) -> Named:
    return Named("time.Weekday", moment.isoweekday() % 7, _DAYS[moment.weekday()])


def _month(moment: datetime) -> Named:
    return Named("time.Month", moment.month, _MONTHS[moment.month - 1])


def _of_time(returns: Nature, run: Callable[..., object], *takes: Nature) -> Method:
    return Method(Overload(takes, returns), run)


_TIME: dict[str, Method] = {
    "Unix": _of_time(INT64, lambda t: _since_epoch(t, 10**9)),
    "UnixMilli": _of_time(INT64, lambda t: _since_epoch(t, 10**6)),
    "UnixMicro": _of_time(INT64, lambda t: _since_epoch(t, 10**3)),
    "UnixNano": _of_time(INT64, lambda t: Int64(wrap(_since_epoch(t, 1)))),
    "Year": _of_time(INT, lambda t: t.year),
    "Month": _of_time(MONTH, _month),
    "Day": _of_time(INT, lambda t: t.day),
    "Hour": _of_time(INT, lambda t: t.hour),
    "Minute": _of_time(INT, lambda t: t.minute),
    "Second": _of_time(INT, lambda t: t.second),
    "Nanosecond": _of_time(INT, lambda t: t.microsecond * 1000),
    "YearDay": _of_time(INT, lambda t: t.timetuple().tm_yday),
    "Weekday": _of_time(WEEKDAY, _weekday),
    "UTC": _of_time(TIME, lambda t: t.astimezone(UTC)),
    "IsZero": _of_time(BOOL, lambda t: t == _ZERO),
    "String": _of_time(STRING, format_value),
    "Add": _of_time(TIME, lambda t, d: shift(t, d.nanoseconds), DURATION),
    "Sub": _of_time(DURATION, subtract, TIME),
    "After": _of_time(BOOL, lambda t, u: t > u, TIME),
    "Before": _of_time(BOOL, lambda t, u: t < u, TIME),
    "Equal": _of_time(BOOL, lambda t, u: t == u, TIME),
}

_DURATION: dict[str, Method] = {
    "Hours": _of_time(FLOAT, lambda d: d.nanoseconds / 3.6e12),
    "Minutes": _of_time(FLOAT, lambda d: d.nanoseconds / 6e10),
    "Seconds": _of_time(FLOAT, lambda d: d.nanoseconds / 1e9),
    "Milliseconds": _of_time(INT64, lambda d: Int64(int(d.nanoseconds / 1e6))),
    "Microseconds": _of_time(INT64, lambda d: Int64(int(d.nanoseconds / 1e3))),
    "Nanoseconds": _of_time(INT64, lambda d: Int64(d.nanoseconds)),
    "Abs": _of_time(DURATION, lambda d: Duration(abs(d.nanoseconds))),
    "String": _of_time(STRING, format_value),
}

_NAMED: dict[str, Method] = {"String": _of_time(STRING, format_value)}

METHODS: dict[str, dict[str, Method]] = {
    "time.Time": _TIME,
    "time.Duration": _DURATION,
    "time.Weekday": _NAMED,
    "time.Month": _NAMED,
}
