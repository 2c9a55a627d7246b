"""The functions that the environment adds to the language: asInt, asFloat, isNaN, isInf, isNil, default.

`isNil` and `default` look at `result` whatever their first argument is: so do the peer's, and manifests rely on it.
"""

from __future__ import annotations

import math
import re

from ferrata.metrics.expression.arithmetic import to_int
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.go_format import quote
from ferrata.metrics.expression.run import Run
from ferrata.metrics.expression.signatures import ENVIRONMENT
from ferrata.metrics.expression.values import EnvironmentFunction, Int64, format_value, is_number, type_name

_DIGITS, _HEX = r"(?:\d+(?:_\d+)*)", r"(?:[0-9a-f]+(?:_[0-9a-f]+)*)"
_FLOAT = re.compile(
    rf"[+-]?(?:inf(?:inity)?|nan|(?:{_DIGITS}\.?{_DIGITS}?|\.{_DIGITS})(?:e[+-]?{_DIGITS})?"
    rf"|(?P<hex>0x_?(?:{_HEX}\.?{_HEX}?|\.{_HEX})p[+-]?{_DIGITS}))",
    re.IGNORECASE | re.ASCII,
)
_INTEGER = re.compile(r"[+-]?\d+")


def parse_integer(text: str, function: str) -> int:
    """Read a base-10 integer as Go's strconv does; LocatedError with its message."""
    if not _INTEGER.fullmatch(text) or not text.isascii():
        raise LocatedError(f"strconv.{function}: parsing {quote(text)}: invalid syntax")
    size = text.lstrip("+-0") or "0"
    number = (-1 if text.startswith("-") else 1) * int(size) if len(size) < 20 else 2**63
    if not -(2**63) <= number < 2**63:
        raise LocatedError(f"strconv.{function}: parsing {quote(text)}: value out of range")
    return number


def parse_float(text: str) -> float:
    """Read a float as Go's strconv does; LocatedError with its message."""
    found = _FLOAT.fullmatch(text)
    if found is None:
        raise LocatedError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax")
    plain = text.replace("_", "")
    out_of_range = LocatedError(f"strconv.ParseFloat: parsing {quote(text)}: value out of range")
    try:
        value = float.fromhex(plain) if found["hex"] else float(plain)
    except OverflowError:
        raise out_of_range from None
    if math.isinf(value) and "inf" not in plain.lower():
        raise out_of_range
    return value


def _unsupported(name: str, value: object) -> LocatedError:
    return LocatedError(f"{name}() not supported on {type_name(value)} {format_value(value)}")


def _as_int(value: object) -> object:
    if is_number(value):
        return Int64(to_int(value))
    if isinstance(value, str):
        return Int64(parse_integer(value, "ParseInt"))
    raise _unsupported("asInt", value)


def _as_float(value: object) -> object:
    if is_number(value):
        return float(value)  # type: ignore[arg-type]
    if isinstance(value, str):
        return parse_float(value)
    raise _unsupported("asFloat", value)


def _float(value: object) -> float:
    if isinstance(value, float):
        return value
    shown = "nil" if value is None else type_name(value)
    raise LocatedError(f"interface conversion: interface {{}} is {shown}, not float64")


def call_environment(run: Run, function: EnvironmentFunction, arguments: list[object]) -> object:
    """Return what the function answers; LocatedError when it cannot."""
    wanted = len(ENVIRONMENT[function.name][1].takes)
    if len(arguments) != wanted:
        raise LocatedError(f"invalid number of arguments: expected {wanted}, got {len(arguments)}")
    match function.name:
        case "asInt":
            return _as_int(arguments[0])
        case "asFloat":
            return _as_float(arguments[0])
        case "isNaN":
            return math.isnan(_float(arguments[0]))
        case "isInf":
            return math.isinf(_float(arguments[0]))
        case "isNil":
            return run.result is None
    return arguments[1] if run.result is None else run.result
