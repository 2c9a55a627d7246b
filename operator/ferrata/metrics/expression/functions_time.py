"""Builtins on instants and durations. `now()` is the instant that the evaluation was given.

`timezone` and `date` look up zones in Python's own database; instants have microseconds, where Go has nanoseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.functions_text import text
from ferrata.metrics.expression.go_format import quote
from ferrata.metrics.expression.run import Run
from ferrata.metrics.expression.values import Duration, Location

Function = Callable[[Run, list[object]], object]

_UNITS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_LONGEST = 128  # characters of a written time and of a layout
_PART = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)", re.ASCII)
# Go's layouts and what they are in strptime, longest names first.
_LAYOUT = (
    ("January", "%B"), ("Monday", "%A"), ("2006", "%Y"), ("Jan", "%b"), ("Mon", "%a"), ("MST", "%Z"),
    ("Z07:00", "%z"), ("-07:00", "%z"), ("-0700", "%z"), ("01", "%m"), ("02", "%d"), ("15", "%H"), ("03", "%I"),
    ("04", "%M"), ("05", "%S"), ("06", "%y"), ("PM", "%p"), ("_2", "%d"), ("1", "%m"), ("2", "%d"), ("3", "%I"),
    ("4", "%M"), ("5", "%S"),
)  # fmt: skip
_DATE_LAYOUTS = (
    "2006-01-02", "15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z07:00", "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST", "Mon, 02 Jan 2006 15:04:05 MST",
)  # fmt: skip


def parse_duration(written: str) -> int:
    """Return the nanoseconds of a Go duration (`1h30m`, `-1.5s`); LocatedError with Go's message."""
    if len(written) > _LONGEST:
        raise LocatedError(f"time: a duration is longer than {_LONGEST} characters")
    body = written[1:] if written[:1] in ("+", "-") else written
    if body == "0":
        return 0
    invalid = LocatedError(f"time: invalid duration {quote(written)}")
    total = Fraction(0)
    position = 0
    while position < len(body):
        part = _PART.match(body, position)
        if part is None:
            raise invalid
        number, unit = part.groups()
        if not unit:
            raise LocatedError(f"time: missing unit in duration {quote(written)}")
        if unit not in _UNITS:
            raise LocatedError(f"time: unknown unit {quote(unit)} in duration {quote(written)}")
        total += int(Fraction(number.rstrip(".")) * _UNITS[unit])
        position = part.end()
    if not body or total >= 2**63:
        raise invalid
    return int(-total if written.startswith("-") else total)


def _zone(name: str) -> tzinfo:
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LocatedError(f"unknown time zone {name}") from None


def _now(run: Run, args: list[object]) -> object:
    if not args:
        return run.now
    if isinstance(args[0], Location):
        return run.now.astimezone(args[0].zone)
    raise LocatedError(f"invalid number of arguments (expected 0, got {len(args)})")


def _duration(run: Run, args: list[object]) -> object:
    run.step(50 + len(text(args[0])))
    return Duration(parse_duration(text(args[0])))


def _timezone(_: Run, args: list[object]) -> object:
    return Location(_zone(text(args[0])))


def _directives(layout: str) -> str:
    """Turn a Go layout into one of strptime."""
    found = ""
    position = 0
    while position < len(layout):
        for token, directive in _LAYOUT:
            if layout.startswith(token, position):
                found += directive
                position += len(token)
                break
        else:
            found += layout[position].replace("%", "%%")
            position += 1
    return found


def _read(written: str, layout: str, zone: tzinfo) -> datetime | None:
    """Return the instant that `written` is in `layout`, or None when it is none."""
    fraction = re.search(r"(?<=:\d\d)\.(\d{1,9})", written, re.ASCII)
    plain = written if fraction is None else written[: fraction.start()] + written[fraction.end() :]
    try:
        moment = datetime.strptime(plain, _directives(layout))  # noqa: DTZ007  the zone is set below
    except (ValueError, re.error):  # strptime builds a pattern that cannot name one part of a date twice
        return None
    if fraction is not None:
        moment += timedelta(microseconds=int(fraction[1].ljust(6, "0")[:6]))
    if "2006" not in layout and "06" not in layout:
        moment = moment.replace(year=1)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=zone)
    return moment.astimezone(timezone.utc if moment.utcoffset() == timedelta(0) else moment.tzinfo)  # noqa: UP017


def _date(run: Run, args: list[object]) -> object:
    run.step(400 + sum(len(text(part)) for part in args if isinstance(part, str)))
    zone: tzinfo = UTC
    if isinstance(args[0], Location):
        zone, args = args[0].zone, args[1:]
    written = text(args[0])
    if len(args) > 2:
        zone = _zone(text(args[2]))
    layouts = (text(args[1]),) if len(args) > 1 else _DATE_LAYOUTS
    if len(written) > _LONGEST or len(layouts[0]) > _LONGEST:
        raise LocatedError(f"a time or layout is longer than {_LONGEST} characters")
    for layout in layouts:
        moment = _read(written, layout, zone)
        if moment is not None:
            return moment
    if len(args) > 1:
        raise LocatedError(f"parsing time {quote(written)} as {quote(layouts[0])}: cannot parse it")
    raise LocatedError(f"invalid date {written}")


TIME_FUNCTIONS: dict[str, Function] = {
    "now": _now,
    "duration": _duration,
    "date": _date,
    "timezone": _timezone,
}
