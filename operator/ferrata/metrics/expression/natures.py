"""Static types: what is known about a part of an expression before it is evaluated.

`unknown` is compatible with everything and checked while evaluating. Two types print alike where Go's do.
"""

from __future__ import annotations

from dataclasses import dataclass

from ferrata.metrics.expression.values import (
    AnyMap,
    Duration,
    EnvironmentFunction,
    Groups,
    kind,
    type_name,
)


@dataclass(frozen=True, slots=True)
class Nature:
    """A static type: its Go name, its kind, and for arrays and maps what they hold (`element`) and by what (`key`)."""

    name: str
    kind: str
    element: Nature | None = None
    key: Nature | None = None
    returns: Nature | None = None

    @property
    def unknown(self) -> bool:
        """Nothing is known, or it is Go's `interface {}`."""
        return self.kind in ("unknown", "interface")

    @property
    def nil(self) -> bool:
        """It is the constant nil."""
        return self.kind == "nil"

    @property
    def integer(self) -> bool:
        """It is one of Go's own integer types (a duration is none)."""
        return self.name in ("int", "int64", "uint8")

    @property
    def floating(self) -> bool:
        """It is float64."""
        return self.name == "float64"

    @property
    def number(self) -> bool:
        """It is an integer or a float."""
        return self.integer or self.floating

    @property
    def array(self) -> bool:
        """It is a slice or an array."""
        return self.kind in ("slice", "array")

    def of(self, *families: str) -> bool:
        """Tell whether it belongs to one of `families`."""
        return any(FAMILIES[family](self) for family in families)

    def assignable_to(self, other: Nature) -> bool:
        """Tell whether a value of this type can stand where `other` is asked for."""
        if self.nil:
            return other.kind in ("interface", "map", "slice", "ptr", "func")
        if self.kind == "unknown" or other.kind in ("unknown", "nil"):
            return False
        return other.kind == "interface" or self.name == other.name

    def comparable_to(self, other: Nature) -> bool:
        """Tell whether `==` is defined between the two."""
        if self.unknown or other.unknown or self.nil or other.nil:
            return True
        families = ("number", "duration", "time", "array")
        return any(self.of(family) and other.of(family) for family in families) or self.assignable_to(other)

    def maybe_compatible(self, other: Nature, *families: str) -> bool:
        """Tell whether an operator of `families` may work because one side or both are unknown."""
        if self.unknown and other.unknown:
            return True
        return (self.unknown and other.of(*families)) or (other.unknown and self.of(*families))

    def reflected(self) -> Nature:
        """Return what Go's reflection knows of this type: not what the elements of []interface {} are."""
        return ARRAY if self.name == ARRAY.name else self

    def item(self) -> Nature:
        """Return the type of an element."""
        return self.element or UNKNOWN


FAMILIES = {
    "bool": lambda n: n.kind == "bool",
    "string": lambda n: n.kind == "string",
    "integer": lambda n: n.integer,
    "number": lambda n: n.number,
    "map": lambda n: n.kind == "map",
    "array": lambda n: n.array,
    "time": lambda n: n.name == "time.Time",
    "duration": lambda n: n.name == "time.Duration",
}

UNKNOWN = Nature("unknown", "unknown")
ANY = Nature("interface {}", "interface")
NIL = Nature("unknown", "nil")
BOOL = Nature("bool", "bool")
INT = Nature("int", "int")
INT64 = Nature("int64", "int64")
FLOAT = Nature("float64", "float64")
STRING = Nature("string", "string")
BYTES = Nature("[]uint8", "slice", Nature("uint8", "uint8"))
TIME = Nature("time.Time", "struct")
DURATION = Nature("time.Duration", "int64")
LOCATION = Nature("*time.Location", "ptr")
WEEKDAY = Nature("time.Weekday", "int")
MONTH = Nature("time.Month", "int")
FLOATS = Nature("[]float64", "slice", FLOAT)
INTS = Nature("[]int", "slice", INT)
STRINGS = Nature("[]string", "slice", STRING)
ARRAY = Nature("[]interface {}", "slice", ANY)
MAP = Nature("map[string]interface {}", "map", ANY, STRING)
ANY_MAP = Nature("map[interface {}]interface {}", "map", ANY, ANY)

_LISTS = {"[]float64": FLOATS, "[]int": INTS, "[]string": STRINGS}


def array_of(element: Nature) -> Nature:
    """Return the type of an array that is built while evaluating: []interface {} with known elements."""
    return Nature("[]interface {}", "slice", element)


def groups_of(element: Nature) -> Nature:
    """Return the type of what `groupBy` builds from elements of this type."""
    return Nature("map[interface {}][]interface {}", "map", array_of(element), ANY)


def function(name: str, returns: Nature) -> Nature:
    """Return the type of a function with the Go type `name`."""
    return Nature(name, "func", returns=returns)


def nature_of(value: object) -> Nature:
    """Return the static type of a value that is at hand before evaluation, as `result` is."""
    if value is None:
        return NIL
    if isinstance(value, list):
        return _LISTS.get(type_name(value), ARRAY)
    if isinstance(value, Groups):
        return groups_of(UNKNOWN)
    if isinstance(value, AnyMap):
        return ANY_MAP
    if isinstance(value, dict):
        return MAP
    if isinstance(value, bytes):
        return BYTES
    if isinstance(value, EnvironmentFunction):
        return function(value.type_name, UNKNOWN)
    if isinstance(value, Duration):
        return DURATION
    return Nature(type_name(value), kind(value))
