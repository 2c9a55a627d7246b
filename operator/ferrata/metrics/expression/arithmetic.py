"""Arithmetic and comparison of values with Go's rules: 64-bit integers that wrap, IEEE floats, no hidden conversion."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta

from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.limits import MAX_MEMORY, MAX_VALUE_DEPTH
from ferrata.metrics.expression.values import (
    AnyMap,
    Duration,
    is_integer,
    is_number,
    type_name,
)

MIN_INT = -(2**63)
_SPAN = 2**64
BUDGET = "memory budget exceeded"


def wrap(number: int) -> int:
    """Return `number` as a 64-bit integer after overflow."""
    return (number + 2**63) % _SPAN - 2**63


def to_int(value: object, name: str = "int") -> int:
    """Return a number truncated to an integer; what does not fit becomes the smallest one, as on amd64."""
    if isinstance(value, float):
        if not math.isfinite(value) or not -(2.0**63) <= value < 2.0**63:
            return MIN_INT
        return int(value)
    if is_integer(value):
        return int(value)  # type: ignore[call-overload, no-any-return]
    raise LocatedError(f"invalid operation: {name}({type_name(value)})")


def _float(value: object) -> float:
    if is_number(value):
        return float(value)  # type: ignore[arg-type]
    raise LocatedError(f"invalid operation: float({type_name(value)})")


def _mismatch(operator: str, left: object, right: object) -> LocatedError:
    return LocatedError(f"invalid operation: {type_name(left)} {operator} {type_name(right)}")


_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def ordered(operator: str, left: object, right: object) -> bool:
    """Return the answer of `<`, `>`, `<=` or `>=` between two values of one family."""
    test = _ORDER[operator]
    if is_number(left) and is_number(right):
        if isinstance(left, float) or isinstance(right, float):
            return test(_float(left), _float(right))
        return test(left, right)  # type: ignore[arg-type]
    for family in (str, datetime):
        if isinstance(left, family) and isinstance(right, family):
            return test(left, right)  # type: ignore[arg-type]
    if isinstance(left, Duration) and isinstance(right, Duration):
        return test(left.nanoseconds, right.nanoseconds)
    raise _mismatch(operator, left, right)


def equal(left: object, right: object, depth: int = 0) -> bool:
    """Return whether two values are equal: numbers across types, arrays by element, maps strictly by type."""
    if is_number(left) and is_number(right):
        if isinstance(left, float) or isinstance(right, float):
            return _float(left) == _float(right)
        return left == right
    if isinstance(left, list) and isinstance(right, list):
        loose = "[]interface {}" in (type_name(left), type_name(right))
        scalars = "[2]" not in type_name(left) + type_name(right)
        if loose and scalars:
            return _same_items(left, right, depth, equal)
        return type_name(left) == type_name(right) and _same_items(left, right, depth, equal)
    return identical(left, right, depth)


def identical(left: object, right: object, depth: int = 0) -> bool:
    """Return whether two values are deeply equal and of the same types all the way down."""
    if type_name(left) != type_name(right):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return _same_items(left, right, depth, identical)
    if isinstance(left, AnyMap) and isinstance(right, AnyMap):
        left, right = _by_key(left), _by_key(right)
    if isinstance(left, dict) and isinstance(right, dict):
        _require_depth(depth)
        return left.keys() == right.keys() and all(identical(left[k], right[k], depth + 1) for k in left)
    return left == right


def _by_key(mapping: AnyMap) -> dict[object, object]:
    return {key: pair[1] for key, pair in mapping.items() if isinstance(pair, tuple)}


def _same_items(
    left: list[object], right: list[object], depth: int, same: Callable[[object, object, int], bool]
) -> bool:
    _require_depth(depth)
    return len(left) == len(right) and all(same(a, b, depth + 1) for a, b in zip(left, right, strict=True))


def _require_depth(depth: int) -> None:
    if depth > MAX_VALUE_DEPTH:
        raise LocatedError("recursion depth exceeded")


def add(left: object, right: object) -> object:
    """Return `left + right`: numbers, strings, instants and durations."""
    match left, right:
        case str(), str():
            if len(left) + len(right) > MAX_MEMORY:
                raise LocatedError(BUDGET)
            return left + right
        case datetime(), Duration():
            return shift(left, right.nanoseconds)
        case Duration(), datetime():
            return shift(right, left.nanoseconds)
        case Duration(), Duration():
            return Duration(wrap(left.nanoseconds + right.nanoseconds))
    return _numbers("+", left, right, lambda a, b: a + b, lambda a, b: a + b)


def subtract(left: object, right: object) -> object:
    """Return `left - right`: numbers, instants and durations."""
    match left, right:
        case datetime(), datetime():
            return Duration(wrap((left - right) // timedelta(microseconds=1) * 1000))
        case datetime(), Duration():
            return shift(left, -right.nanoseconds)
        case Duration(), Duration():
            return Duration(wrap(left.nanoseconds - right.nanoseconds))
    return _numbers("-", left, right, lambda a, b: a - b, lambda a, b: a - b)


def multiply(left: object, right: object) -> object:
    """Return `left * right`: numbers, and durations with a number (a float when that is one)."""
    if isinstance(left, Duration) or isinstance(right, Duration):
        first, second = (side.nanoseconds if isinstance(side, Duration) else side for side in (left, right))
        if not (is_number(first) and is_number(second)):
            raise _mismatch("*", left, right)
        product = _numbers("*", first, second, lambda a, b: a * b, lambda a, b: a * b)
        return product if isinstance(product, float) else Duration(to_int(product))
    return _numbers("*", left, right, lambda a, b: a * b, lambda a, b: a * b)


def divide(left: object, right: object) -> float:
    """Return `left / right` as a float; division by zero is infinite or NaN as in IEEE 754."""
    if not (is_number(left) and is_number(right)):
        raise _mismatch("/", left, right)
    a, b = _float(left), _float(right)
    if b == 0:
        if a == 0 or math.isnan(a):
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


def modulo(left: object, right: object) -> int:
    """Return the remainder of integers with the sign of `left`."""
    if not (is_integer(left) and is_integer(right)):
        raise _mismatch("%", left, right)
    a, b = to_int(left), to_int(right)
    if b == 0:
        raise LocatedError("runtime error: integer divide by zero")
    return int(math.copysign(1, a)) * (abs(a) % abs(b))


def power(left: object, right: object) -> float:
    """Return `left ** right` as a float with the special cases of Go's math.Pow."""
    a, b = _float(left), _float(right)
    try:
        return math.pow(a, b)
    except OverflowError:
        odd = b % 2 == 1
        return -math.inf if a < 0 and odd else math.inf
    except ValueError:
        if a == 0:
            return math.copysign(math.inf, a) if b % 2 == 1 else math.inf
        return math.nan


def _numbers(
    operator: str,
    left: object,
    right: object,
    integers: Callable[[int, int], int],
    floats: Callable[[float, float], float],
) -> object:
    if not (is_number(left) and is_number(right)):
        raise _mismatch(operator, left, right)
    if isinstance(left, float) or isinstance(right, float):
        return floats(_float(left), _float(right))
    return wrap(integers(int(left), int(right)))  # type: ignore[call-overload]


def negate(value: object) -> object:
    """Return `-value`."""
    if isinstance(value, float):
        return -value
    if is_integer(value):
        return type(value)(wrap(-value))  # type: ignore[operator, call-arg]
    raise LocatedError(f"invalid operation: - {type_name(value)}")


def shift(moment: datetime, nanoseconds: int) -> datetime:
    """Return `moment` moved by whole microseconds of `nanoseconds`; LocatedError outside the years 1 to 9999."""
    try:
        return moment + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        raise LocatedError("time is outside the years 1 to 9999") from None
