"""Values as they travel to the oracle and back: pairs of a Go type and a text, as in tools/exprlang/main.go."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from ferrata.metrics.expression.values import AnyMap, Duration, EnvironmentFunction, Named, format_value, type_name

Wire = list[object]


def encode(value: object) -> Wire:
    """Return a value of the language, of `result` or of an answer, as the oracle writes it."""
    kind = type_name(value)
    match value:
        case None:
            return [kind]
        case bool():
            return [kind, "true" if value else "false"]
        case int():
            return [kind, str(int(value))]
        case float():
            return [kind, repr(value)]
        case str():
            return _text(value)
        case bytes():
            return [kind, value.hex()]
        case datetime():
            return [kind, _moment(value)]
        case Duration():
            return [kind, str(value.nanoseconds)]
        case list():
            return [kind, [encode(item) for item in value]]
        case dict():
            return [kind, _entries(value)]
        case EnvironmentFunction():
            return [kind, ""]
        case Named():
            return [kind, format_value(value)]
    return [kind, format_value(value)]


def _text(value: str) -> Wire:
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return ["string", raw.decode("utf-8")]
    except UnicodeDecodeError:
        return ["invalid UTF-8", raw.hex()]


def _moment(value: datetime) -> str:
    """RFC 3339 with as many digits of a second as there are, as Go's RFC3339Nano."""
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    offset = value.utcoffset() or timedelta()
    minutes = offset // timedelta(minutes=1)
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}" if offset else "Z"
    return f"{value.replace(tzinfo=None):%Y-%m-%dT%H:%M:%S}{fraction}{zone}"


def _entries(value: dict[object, object]) -> list[object]:
    pairs = value.values() if isinstance(value, AnyMap) else value.items()
    return sorted(([encode(key), encode(item)] for key, item in pairs), key=lambda entry: json.dumps(entry[0]))  # type: ignore[misc]


def same(ours: object, theirs: object) -> bool:
    """Tell whether two encoded values are equal: types and texts, floats by their value, the sign of zero apart."""
    if not (isinstance(ours, list) and isinstance(theirs, list)):
        return ours == theirs
    if len(ours) == len(theirs) == 2 and ours[0] == theirs[0] == "float64":
        mine, other = float(str(ours[1])), float(str(theirs[1]))
        return repr(mine) == repr(other)
    return len(ours) == len(theirs) and all(same(a, b) for a, b in zip(ours, theirs, strict=True))
