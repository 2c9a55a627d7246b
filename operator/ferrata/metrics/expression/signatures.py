"""Static signatures of the builtins and of the environment's functions: what they take, what comes back.

A builtin has either overloads, tried in order, or a rule of its own (`RULES`). Refusals are in expr-lang's words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.natures import (
    ANY,
    ANY_MAP,
    ARRAY,
    BOOL,
    DURATION,
    FLOAT,
    FLOATS,
    INT,
    INT64,
    INTS,
    LOCATION,
    STRING,
    STRINGS,
    TIME,
    Nature,
)


@dataclass(frozen=True, slots=True)
class Overload:
    """One form of a function: the types of its parameters and of its answer."""

    takes: tuple[Nature, ...]
    returns: Nature


def _forms(returns: Nature, *forms: tuple[Nature, ...]) -> tuple[Overload, ...]:
    return tuple(Overload(form, returns) for form in forms)


_S, _SS, _II = (STRING,), (STRING, STRING), (INT, INT)

OVERLOADS: dict[str, tuple[Overload, ...]] = {
    "type": _forms(STRING, (ANY,)),
    "string": _forms(STRING, (ANY,)),
    "trim": _forms(STRING, _S, _SS),
    "trimPrefix": _forms(STRING, _SS, _S),
    "trimSuffix": _forms(STRING, _SS, _S),
    "upper": _forms(STRING, _S),
    "lower": _forms(STRING, _S),
    "split": _forms(STRINGS, _SS, (*_SS, INT)),
    "splitAfter": _forms(STRINGS, _SS, (*_SS, INT)),
    "replace": _forms(STRING, (*_SS, STRING, INT), (*_SS, STRING)),
    "repeat": _forms(STRING, (STRING, INT)),
    "join": _forms(STRING, (STRINGS, STRING), (ARRAY, STRING), (ARRAY,), (STRINGS, STRING), (STRINGS,)),
    "indexOf": _forms(INT, _SS),
    "lastIndexOf": _forms(INT, _SS),
    "hasPrefix": _forms(BOOL, _SS),
    "hasSuffix": _forms(BOOL, _SS),
    "toJSON": _forms(STRING, (ANY,)),
    "fromJSON": _forms(ANY, _S),
    "toBase64": _forms(STRING, _S),
    "fromBase64": _forms(STRING, _S),
    "duration": _forms(DURATION, _S),
    "timezone": _forms(LOCATION, _S),
    "sort": _forms(
        ARRAY,
        *((kind, STRING) for kind in (ARRAY, INTS, FLOATS, STRINGS)),
        *((kind,) for kind in (ARRAY, FLOATS, STRINGS, INTS)),
    ),
    **{f"bit{name}": _forms(INT, _II) for name in ("and", "or", "xor", "nand", "shl", "shr", "ushr")},
    "bitnot": _forms(INT, (INT,)),
}

ENVIRONMENT: dict[str, tuple[str, Overload]] = {
    "asInt": ("func(interface {}) int64", Overload((ANY,), INT64)),
    "asFloat": ("func(interface {}) float64", Overload((ANY,), FLOAT)),
    "isNaN": ("func(float64) bool", Overload((FLOAT,), BOOL)),
    "isInf": ("func(float64) bool", Overload((FLOAT,), BOOL)),
    "isNil": ("func(interface {}) bool", Overload((ANY,), BOOL)),
    "default": ("func(interface {}, interface {}) interface {}", Overload((ANY, ANY), ANY)),
}


def count_of(arguments: Sequence[Nature], expected: int) -> None:
    """Raise LocatedError unless there are `expected` arguments."""
    if len(arguments) != expected:
        raise LocatedError(f"invalid number of arguments (expected {expected}, got {len(arguments)})")


def _collection(name: str, refusal: str) -> Callable[[Sequence[Nature]], Nature]:
    def rule(arguments: Sequence[Nature]) -> Nature:
        count_of(arguments, 1)
        if not (arguments[0].unknown or arguments[0].array):
            raise LocatedError(refusal.format(_shown(arguments[0])))
        return arguments[0].reflected().item() if name in ("first", "last") and arguments[0].array else RETURNS[name]

    return rule


def _mapping(refusal: str) -> Callable[[Sequence[Nature]], Nature]:
    def rule(arguments: Sequence[Nature]) -> Nature:
        count_of(arguments, 1)
        if not (arguments[0].unknown or arguments[0].kind == "map"):
            raise LocatedError(refusal.format(_shown(arguments[0])))
        return ARRAY

    return rule


RETURNS = {"first": ANY, "last": ANY, "reverse": ARRAY, "uniq": ARRAY, "flatten": ARRAY, "fromPairs": ANY_MAP}


def _length(arguments: Sequence[Nature]) -> Nature:
    count_of(arguments, 1)
    if not (arguments[0].unknown or arguments[0].of("array", "map", "string")):
        raise LocatedError(f"invalid argument for len (type {_shown(arguments[0])})")
    return INT


def _shown(nature: Nature) -> str:
    """Go prints a missing type as `%!s(<nil>)`."""
    return "%!s(<nil>)" if nature.nil else nature.name


def _numeric(name: str, returns: Nature | None, *, strings: bool = False) -> Callable[[Sequence[Nature]], Nature]:
    def rule(arguments: Sequence[Nature]) -> Nature:
        count_of(arguments, 1)
        (given,) = arguments
        numeric = given.number or given.kind in ("int", "int64")
        if not (given.unknown or numeric or (strings and given.kind == "string")):
            raise LocatedError(f"invalid argument for {name} (type {_shown(given)})")
        return returns or (ANY if given.unknown else given)

    return rule


def _aggregate(name: str) -> Callable[[Sequence[Nature]], Nature]:
    def rule(arguments: Sequence[Nature]) -> Nature:
        if not arguments:
            raise LocatedError(f"not enough arguments to call {name}")
        for given in arguments:
            if given.unknown or given.array:
                return ANY
            if not (given.number or given.kind in ("int", "int64")):
                raise LocatedError(f"invalid argument for {name} (type {_shown(given)})")
        return arguments[0]

    return rule


def _take(arguments: Sequence[Nature]) -> Nature:
    count_of(arguments, 2)
    source, size = arguments
    if not (source.unknown or source.array):
        raise LocatedError(f"cannot take from {_shown(source)}")
    if not (size.unknown or size.kind in ("int", "int64")):
        raise LocatedError(f"cannot take {_shown(size)} elements")
    return source.reflected()


def _concat(arguments: Sequence[Nature]) -> Nature:
    if not arguments:
        raise LocatedError("invalid number of arguments (expected at least 1, got 0)")
    for given in arguments:
        if not (given.unknown or given.array):
            raise LocatedError(f"cannot concat {_shown(given)}")
    return ARRAY


def _now(arguments: Sequence[Nature]) -> Nature:
    if not arguments or (len(arguments) == 1 and arguments[0] == LOCATION):
        return TIME
    raise LocatedError(f"invalid number of arguments (expected 0, got {len(arguments)})")


def _date(arguments: Sequence[Nature]) -> Nature:
    if not arguments:
        raise LocatedError("invalid number of arguments (expected at least 1, got 0)")
    rest = arguments[1:] if arguments[0] == LOCATION else arguments
    if len(rest) > 3:
        raise LocatedError(f"invalid number of arguments (expected at most 3, got {len(rest)})")
    return TIME


RULES: dict[str, Callable[[Sequence[Nature]], Nature]] = {
    "len": _length,
    "abs": _numeric("abs", None),
    **{name: _numeric(name, FLOAT) for name in ("ceil", "floor", "round")},
    "int": _numeric("int", INT, strings=True),
    "float": _numeric("float", FLOAT, strings=True),
    **{name: _aggregate(name) for name in ("max", "min", "mean", "median")},
    "now": _now,
    "date": _date,
    "first": _collection("first", "cannot get first element from {}"),
    "last": _collection("last", "cannot get last element from {}"),
    "take": _take,
    "keys": _mapping("cannot get keys from {}"),
    "values": _mapping("cannot get values from {}"),
    "toPairs": _mapping("cannot transform {} to pairs"),
    "fromPairs": _collection("fromPairs", "cannot transform {} from pairs"),
    "reverse": _collection("reverse", "cannot reverse {}"),
    "uniq": _collection("uniq", "cannot uniq {}"),
    "concat": _concat,
    "flatten": _collection("flatten", "cannot flatten {}"),
}

LOOPS = frozenset(
    (
        *("all", "none", "any", "one", "filter", "map", "count", "sum", "find", "findIndex", "findLast"),
        *("findLastIndex", "groupBy", "sortBy", "reduce"),
    )
)
BUILTIN_NAMES = frozenset({*OVERLOADS, *RULES, *LOOPS, "get"})
