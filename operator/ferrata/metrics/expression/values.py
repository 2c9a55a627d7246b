"""Values of the language and their Go types: what `%T` and `%v` say, and the types Python has no equal for.

Plain Python values stand for Go ones: None nil, bool, int (64 bits), float (float64), str, bytes, list
([]interface {}), dict (map[string]interface {}), datetime (time.Time). The classes here differ in a message or a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.go_format import format_duration, format_float_v
from ferrata.metrics.expression.limits import MAX_VALUE_DEPTH


class Int64(int):
    """What `asInt` returns."""


class Uint8(int):
    """One byte of a string that is indexed."""


class Floats(list[float]):
    """A vector of a metric provider: Go's []float64."""


class Ints(list[int]):
    """A range: Go's []int."""


class Strings(list[str]):
    """The parts of a split string: Go's []string."""


class Pair(list[object]):
    """A key and its value: Go's [2]interface {}."""


class Pairs(list[object]):
    """What `toPairs` returns: Go's [][2]interface {}."""


class JsonArray(list[object]):
    """An array that was decoded from JSON: []interface {} even when it holds numbers only."""


class AnyMap(dict[object, object]):
    """A map whose keys are of any type, kept apart by type: `key_of(k)` -> (k, value)."""


class Groups(AnyMap):
    """What `groupBy` returns."""


@dataclass(frozen=True, slots=True)
class Duration:
    """Go's time.Duration."""

    nanoseconds: int


@dataclass(frozen=True, slots=True)
class Location:
    """Go's *time.Location."""

    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Named:
    """A named integer of Go's package time: Weekday or Month."""

    type_name: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class EnvironmentFunction:
    """A function of the environment as a value; `type_name` is its Go type."""

    name: str
    type_name: str


_TYPE_NAMES: dict[type, str] = {
    type(None): "<nil>",
    bool: "bool",
    int: "int",
    Int64: "int64",
    Uint8: "uint8",
    float: "float64",
    str: "string",
    bytes: "[]uint8",
    list: "[]interface {}",
    JsonArray: "[]interface {}",
    Floats: "[]float64",
    Ints: "[]int",
    Strings: "[]string",
    Pair: "[2]interface {}",
    Pairs: "[][2]interface {}",
    dict: "map[string]interface {}",
    AnyMap: "map[interface {}]interface {}",
    Groups: "map[interface {}][]interface {}",
    datetime: "time.Time",
    Duration: "time.Duration",
    Location: "*time.Location",
}

_KINDS: dict[type, str] = {
    type(None): "invalid",
    Pair: "array",
    Duration: "int64",
    datetime: "struct",
    Location: "ptr",
    float: "float64",
    EnvironmentFunction: "func",
}


def type_name(value: object) -> str:
    """Return the Go type of `value` as `%T` prints it."""
    if isinstance(value, (Named, EnvironmentFunction)):
        return value.type_name
    return _TYPE_NAMES[type(value)]


def kind(value: object) -> str:
    """Return the Go kind of `value` as `reflect.Kind` prints it."""
    if type(value) in _KINDS:
        return _KINDS[type(value)]
    if isinstance(value, list | bytes):
        return "slice"
    return "map" if isinstance(value, dict) else type_name(value)


def is_number(value: object) -> bool:
    """Tell whether arithmetic knows `value`: a Go integer or float, no bool and no duration."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: object) -> bool:
    """Tell whether `value` is a Go integer."""
    return isinstance(value, int) and not isinstance(value, bool)


def admit(value: object, depth: int = 0) -> object:
    """Return a provider's answer as a value of the language; LocatedError for what no provider answers with.

    Numbers become floats as in decoded JSON. A list of numbers only, or an empty one, is a vector (`Floats`), unless it
    is a `JsonArray`.
    """
    if depth > MAX_VALUE_DEPTH:
        raise LocatedError(f"result nests deeper than {MAX_VALUE_DEPTH} levels")
    if value is None or isinstance(value, bool | str | bytes | datetime | Duration | Floats):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, timedelta):
        return Duration((value // timedelta(microseconds=1)) * 1000)
    if isinstance(value, Mapping):
        return {str(key): admit(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [admit(item, depth + 1) for item in value]
        vector = depth == 0 and not isinstance(value, JsonArray)
        floats = [item for item in items if isinstance(item, float)]
        return Floats(floats) if vector and len(floats) == len(items) else items
    raise LocatedError(f"result is of a type that no condition can judge: {type(value).__name__}")


def weight(value: object, depth: int = 0) -> int:
    """Return the number of elements in `value`, nested ones included: what it costs to walk over it."""
    if isinstance(value, str | bytes):
        return len(value) // 64
    if not isinstance(value, list | dict) or depth > MAX_VALUE_DEPTH:
        return 0
    if isinstance(value, Floats | Ints):
        return len(value)
    items = value.values() if isinstance(value, dict) else value
    return len(value) + sum(weight(item, depth + 1) for item in items)


def key_of(key: object) -> object:
    """Return `key` in a form that Python keeps apart as Go does (1, 1.0 and true are three keys)."""
    if isinstance(key, list | dict | bytes):
        raise LocatedError(f"runtime error: hash of unhashable type {type_name(key)}")
    return (type_name(key), key)


def entries(mapping: dict[object, object]) -> list[tuple[object, object]]:
    """Return the pairs of a map, sorted by key so that an answer is the same every time."""
    if isinstance(mapping, AnyMap):
        pairs: list[tuple[object, object]] = list(mapping.values())  # type: ignore[arg-type]
        return sorted(pairs, key=lambda pair: (type_name(pair[0]), format_value(pair[0])))
    return sorted(mapping.items(), key=lambda pair: str(pair[0]))


def format_value(value: object, depth: int = 0) -> str:
    """Return `value` as `%v` prints it; LocatedError when it nests too deep."""
    if depth > MAX_VALUE_DEPTH:
        raise LocatedError("recursion depth exceeded")
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case int() | str():
            return str(value)
        case float():
            return format_float_v(value)
        case bytes():
            return f"[{' '.join(str(octet) for octet in value)}]"
        case list():
            return f"[{' '.join(format_value(item, depth + 1) for item in value)}]"
        case dict():
            pairs = (f"{format_value(k, depth + 1)}:{format_value(v, depth + 1)}" for k, v in entries(value))
            return f"map[{' '.join(pairs)}]"
    return _format_named(value)


def _format_named(value: object) -> str:
    match value:
        case Duration():
            return format_duration(value.nanoseconds)
        case datetime():
            return format_time(value)
        case Named():
            return value.text
        case Location():
            return str(value.zone)
    return type_name(value)


def format_time(moment: datetime) -> str:
    """Return `moment` as Go's `Time.String`: `2024-01-02 03:04:05.5 +0000 UTC`."""
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {moment:%z} {moment.tzname()}"
