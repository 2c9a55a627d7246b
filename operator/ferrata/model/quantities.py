"""Kubernetes quantities (`100m`, `1.5Gi`): their value, and the canonical text that Go prints for them."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_NANO = Decimal("1e-9")
_TEXT = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$")


def _split(text: object) -> tuple[Decimal, str]:
    match = _TEXT.match(str(text)) if isinstance(text, str | int | float) and not isinstance(text, bool) else None
    if match is None:
        raise ValueError(f"{text!r} is no quantity: want a number with an optional suffix such as m, k, Mi, Gi")
    return Decimal(match[1]), match[2] or ""


def value(text: object) -> Decimal:
    """The number that `text` stands for, rounded up to nano. Raises ValueError when it is no quantity."""
    number, suffix = _split(text)
    if suffix in _BINARY:
        number *= Decimal(1024) ** _BINARY[suffix]
    elif suffix in _DECIMAL:
        number = number.scaleb(_DECIMAL[suffix])
    else:
        number = number.scaleb(int(suffix[1:]))
    return number.quantize(_NANO, rounding=ROUND_CEILING)


def canonical(text: object) -> str:
    """The text that Go prints for it: no fraction, the largest suffix of its own family. Raises ValueError."""
    _, suffix = _split(text)
    number = value(text)
    if suffix in _BINARY and abs(number) >= 1024 and number == number.to_integral_value():
        return _binary(int(number))
    if suffix in _BINARY and number == number.to_integral_value():
        return str(int(number))
    is_exponent = suffix not in _DECIMAL and suffix not in _BINARY
    return _decimal(number, exponents=is_exponent)


def _binary(number: int) -> str:
    power = 0
    while number and number % 1024 == 0 and power < 6:
        number, power = number // 1024, power + 1
    return f"{number}{['', *_BINARY][power]}"


def _decimal(number: Decimal, *, exponents: bool) -> str:
    if number == 0:
        return "0"
    power = -9
    digits = int(number.scaleb(9))
    while digits % 1000 == 0 and power < 18:
        digits, power = digits // 1000, power + 3
    if exponents:
        return f"{digits}e{power}" if power else str(digits)
    return f"{digits}{next(name for name, exponent in _DECIMAL.items() if exponent == power)}"
