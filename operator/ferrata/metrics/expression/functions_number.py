"""Builtins on numbers: conversion, rounding, aggregates and bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from ferrata.metrics.expression.arithmetic import ordered, to_int, wrap
from ferrata.metrics.expression.environment import parse_float, parse_integer
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.limits import MAX_VALUE_DEPTH
from ferrata.metrics.expression.run import Run
from ferrata.metrics.expression.values import Duration, Named, is_integer, is_number, type_name

Function = Callable[[Run, list[object]], object]


def _int(_: Run, args: list[object]) -> object:
    (value,) = args
    if isinstance(value, str):
        try:
            return parse_integer(value, "Atoi")
        except LocatedError:
            raise LocatedError(f"invalid operation: int({value})") from None
    if isinstance(value, Duration):
        return value.nanoseconds
    if isinstance(value, Named):
        return value.number
    return to_int(value)


def _float(_: Run, args: list[object]) -> object:
    (value,) = args
    if isinstance(value, str):
        try:
            return parse_float(value)
        except LocatedError:
            raise LocatedError(f"invalid operation: float({value})") from None
    if is_number(value):
        return float(value)  # type: ignore[arg-type]
    raise LocatedError(f"invalid operation: float({type_name(value)})")


def _rounding(name: str, operation: Callable[[float], float]) -> Function:
    def convert(_: Run, args: list[object]) -> object:
        (value,) = args
        if not is_number(value):
            raise LocatedError(f"invalid argument for {name} (type {type_name(value)})")
        number = float(value)  # type: ignore[arg-type]
        return math.copysign(operation(number), number) if math.isfinite(number) else number

    return convert


def _away_from_zero(number: float) -> float:
    """Round halves away from zero; beyond 2**52 every float is whole."""
    if abs(number) >= 2.0**52:
        return number
    whole = math.trunc(number)
    return whole + math.copysign(1, number) if abs(number - whole) >= 0.5 else whole


def _absolute(_: Run, args: list[object]) -> object:
    (value,) = args
    if not is_number(value):
        raise LocatedError(f"invalid argument for abs (type {type_name(value)})")
    if isinstance(value, float):
        return -value if value < 0 else value
    return type(value)(wrap(abs(value)))  # type: ignore[arg-type, call-arg]


def _flat(run: Run, name: str, value: object, depth: int = 0) -> Iterator[object]:
    """Yield the numbers of a value that may be nested arrays."""
    run.step(4)
    if depth > MAX_VALUE_DEPTH:
        raise LocatedError("recursion depth exceeded")
    if isinstance(value, list):
        for item in value:
            yield from _flat(run, name, item, depth + 1)
    elif is_number(value):
        yield value
    else:
        raise LocatedError(f"invalid argument for {name} (type {type_name(value)})")


def _extreme(name: str, operator: str) -> Function:
    def find(run: Run, args: list[object]) -> object:
        if len(args) == 1 and not isinstance(args[0], list) and not is_number(args[0]):
            return args[0]
        best: object = None
        for argument in args:
            for value in _flat(run, name, argument):
                if best is None or ordered(operator, best, value):
                    best = value
        return best

    return find


def _numbers(run: Run, name: str, args: list[object]) -> list[float]:
    return [float(value) for argument in args for value in _flat(run, name, argument)]  # type: ignore[arg-type]


def _mean(run: Run, args: list[object]) -> object:
    values = _numbers(run, "mean", args)
    total = 0.0
    for value in values:
        total += value
    return total / len(values) if values else 0.0


def _median(run: Run, args: list[object]) -> object:
    # NaN sorts first, as in Go's sort.Float64s.
    values = sorted(_numbers(run, "median", args), key=lambda value: (not math.isnan(value), value))
    middle = len(values) // 2
    if not values:
        return 0.0
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def _bits(name: str, operation: Callable[[int, int], int], *, shifts: bool = False) -> Function:
    def apply(_: Run, args: list[object]) -> object:
        for value in args:
            if not is_integer(value):
                raise LocatedError(f"cannot use {type_name(value)} as argument (type int) to call {name}")
        left, right = to_int(args[0]), to_int(args[1])
        if shifts and right < 0:
            raise LocatedError(f"invalid operation: negative shift count {right} (type int)")
        return wrap(operation(left, right))

    return apply


def _bitnot(_: Run, args: list[object]) -> object:
    if not is_integer(args[0]):
        raise LocatedError(f"cannot use {type_name(args[0])} as argument (type int) to call bitnot")
    return ~to_int(args[0])


def _logical_right(left: int, right: int) -> int:
    return (left % 2**64) >> min(right, 64)


NUMBER_FUNCTIONS: dict[str, Function] = {
    "abs": _absolute,
    "ceil": _rounding("ceil", math.ceil),
    "floor": _rounding("floor", math.floor),
    "round": _rounding("round", _away_from_zero),
    "int": _int,
    "float": _float,
    "max": _extreme("max", "<"),
    "min": _extreme("min", ">"),
    "mean": _mean,
    "median": _median,
    "bitand": _bits("bitand", lambda a, b: a & b),
    "bitor": _bits("bitor", lambda a, b: a | b),
    "bitxor": _bits("bitxor", lambda a, b: a ^ b),
    "bitnand": _bits("bitnand", lambda a, b: a & ~b),
    "bitshl": _bits("bitshl", lambda a, b: a << b if b < 64 else 0, shifts=True),
    "bitshr": _bits("bitshr", lambda a, b: a >> min(b, 64), shifts=True),
    "bitushr": _bits("bitushr", _logical_right, shifts=True),
    "bitnot": _bitnot,
}
