"""Go durations (`1h30m`, `250ms`) as users write them in pauses, intervals and delays.

parse_go_duration   text -> seconds, with Go's own error texts
format_go_duration  seconds -> text, as Go prints it
pause_seconds       the `duration` of a pause step, in its three spellings
"""

from __future__ import annotations

import re
from typing import Final

_NANOSECONDS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, micro sign
    "μs": 1_000,  # U+03BC, Greek letter mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_SECOND: Final = 1_000_000_000
_MAX: Final = 2**63 - 1
_PART: Final = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^0-9.]*)")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_INT32: Final = range(-(2**31), 2**31)


def parse_go_duration(text: str) -> float:
    """Seconds that `text` stands for, to the nanosecond where a float can hold it; may be negative.

    Raises ValueError with the text of Go's `time.ParseDuration`.
    """
    return _nanoseconds(text) / _SECOND


def _nanoseconds(text: str) -> int:
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if body == "0":
        return 0
    if not body:
        raise ValueError(f"time: invalid duration {_quoted(text)}")
    total = 0
    position = 0
    while position < len(body):
        match = _PART.match(body, position)
        if match is None or not (match[1] or match[3]):
            raise ValueError(f"time: invalid duration {_quoted(text)}")
        total += _part(text, match)
        position = match.end()
    if total > _MAX + (sign < 0):
        raise ValueError(f"time: invalid duration {_quoted(text)}")
    return sign * total


def _part(text: str, match: re.Match[str]) -> int:
    """Nanoseconds of one number with its unit; a fraction below one nanosecond is cut off, as Go does."""
    whole, _, fraction, unit = match.groups(default="")
    if not unit:
        raise ValueError(f"time: missing unit in duration {_quoted(text)}")
    if unit not in _NANOSECONDS:
        raise ValueError(f"time: unknown unit {_quoted(unit)} in duration {_quoted(text)}")
    size = _NANOSECONDS[unit]
    return int(whole or "0") * size + (int(fraction) * size // 10 ** len(fraction) if fraction else 0)


def _quoted(text: str) -> str:
    """Double-quoted, with control bytes and everything beyond ASCII as `\\xNN`, as Go's time package does it."""
    escaped = (
        f"\\{byte:c}" if byte in b'"\\' else f"\\x{byte:02x}" if byte < 0x20 or byte >= 0x80 else chr(byte)
        for byte in text.encode("utf-8", "surrogatepass")
    )
    return f'"{"".join(escaped)}"'


def format_go_duration(seconds: float) -> str:
    """`seconds`, rounded to nanoseconds, as Go prints a duration: `1h30m0s`, `1.5s`, `250ms`, `0s`."""
    total = round(seconds * _SECOND)
    sign, total = ("-", -total) if total < 0 else ("", total)
    if total == 0:
        return "0s"
    if total < _SECOND:
        unit = next(unit for unit in ("ms", "µs", "ns") if total >= _NANOSECONDS[unit])
        return f"{sign}{_decimal(total, _NANOSECONDS[unit])}{unit}"
    hours, rest = divmod(total, _NANOSECONDS["h"])
    minutes, rest = divmod(rest, _NANOSECONDS["m"])
    text = f"{_decimal(rest, _SECOND)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else f"{sign}{text}"


def _decimal(amount: int, size: int) -> str:
    whole, rest = divmod(amount, size)
    if not rest:
        return str(whole)
    return f"{whole}.{rest:0{len(str(size)) - 1}d}".rstrip("0")


def pause_seconds(value: int | str | None) -> float | None:
    """Seconds that a pause step lasts; None when it waits for a promotion.

    `value` is the step's `duration`: seconds as a number, seconds as text (`"30"`), or a Go duration (`"1h30m"`).
    Raises ValueError when it is none of these. Negative values come back as they are: refusing them is validation.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"a pause lasts a number of seconds or a duration such as 5m, not {value!r}")  # noqa: TRY004
    if isinstance(value, int):
        return float(value)
    if _INTEGER.fullmatch(value) and int(value) in _INT32:
        return float(int(value))
    return parse_go_duration(value)
