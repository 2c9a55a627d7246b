"""Kubernetes quantities (`250m`, `1Gi`, `2e3`): what they are worth, and how Kubernetes prints them.

parse                 text or number -> Quantity
rounded_up_to_milli   the same quantity, in whole thousandths, as the API server stores resources

The printed text is part of a pod template's hash, so it follows Kubernetes to the letter, including its habit of
keeping the author's text wherever its fast path meets one that looks canonical (`1.500` stays, `2000m` becomes `2`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_TEXT: Final = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[+-]?[0-9]*)", re.ASCII)
_EXPONENT: Final = re.compile(r"[eE][+-]?[0-9]{1,4}", re.ASCII)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX: Final = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX: Final = {exponent: suffix for suffix, exponent in _BINARY.items()}
_NANO: Final = 10**9
_MILLI: Final = 10**6
_MAX_BINARY: Final = (2**63 - 1) * _NANO
_MAX_EXPONENT: Final = 1000
_FAST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount in billionths (`nano`), the finest that Kubernetes keeps, and `text`, as Kubernetes prints it."""

    nano: int
    text: str


ZERO: Final = Quantity(0, "0")


def parse(value: object) -> Quantity:
    """The quantity that a manifest's `value` (text or number) stands for.

    Raises ValueError when Kubernetes would refuse it.
    """
    if isinstance(value, str):
        return _parse(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _parse(str(value))
    raise ValueError(f"{value!r} is no quantity: a number with an optional suffix is expected, such as 250m or 1Gi")


@lru_cache(maxsize=4096)
def _parse(text: str) -> Quantity:
    match = _TEXT.fullmatch(text)
    if match is None or not any(character.isdigit() for character in text):
        raise ValueError(f'"{text}" is no quantity: a number with an optional suffix is expected, such as 250m or 1Gi')
    sign, whole, fraction, suffix = match.groups(default="")
    whole = whole or "0"
    if suffix in _BINARY:
        return _binary(text, sign, whole, fraction, _BINARY[suffix])
    exponent = _exponent(text, suffix)
    nano = _scaled(int(whole + fraction), exponent - len(fraction) + 9)
    if _keeps_text(whole + fraction, exponent - len(fraction)):
        return Quantity(_signed(nano, sign), text)
    nano = _signed(nano, sign)
    return Quantity(nano, _decimal_text(nano, scientific=suffix not in _DECIMAL))


def _exponent(text: str, suffix: str) -> int:
    if suffix in _DECIMAL:
        return _DECIMAL[suffix]
    if not _EXPONENT.fullmatch(suffix) or abs(int(suffix[1:])) > _MAX_EXPONENT:
        raise ValueError(f'"{text}" is no quantity: its suffix "{suffix}" is unknown')
    return int(suffix[1:])


def _binary(text: str, sign: str, whole: str, fraction: str, exponent: int) -> Quantity:
    fast = not fraction and 14 - len(whole) - exponent * 3 // 10 >= 0
    if fast and int(whole) & 0x07:
        return Quantity(_signed(int(whole) * 2**exponent * _NANO, sign), text)
    size = min(_scaled(int(whole + fraction) * 2**exponent, 9 - len(fraction)), _MAX_BINARY)
    nano = _signed(size, sign)
    if size < 1024 * _NANO or size % _NANO:
        return Quantity(nano, _decimal_text(nano, scientific=False))
    amount, power = size // _NANO, 0
    while amount >= 1024 and amount % 1024 == 0:
        amount, power = amount // 1024, power + 10
    return Quantity(nano, f"{_signed(amount, sign)}{_BINARY_SUFFIX.get(power, '')}")


def _keeps_text(digits: str, scale: int) -> bool:
    """Whether Kubernetes' fast path keeps the author's text of a decimal quantity."""
    return (
        len(digits) <= _FAST_DIGITS
        and scale >= -9
        and scale % 3 == 0
        and not digits.endswith("000")
        and not digits.startswith("0")
    )


def _scaled(amount: int, power: int) -> int:
    """`amount` times ten to the `power`, rounded up to a whole number."""
    factor: int = 10 ** abs(power)
    return amount * factor if power >= 0 else -(-amount // factor)


def _signed(amount: int, sign: str) -> int:
    return -amount if sign == "-" else amount


def _decimal_text(nano: int, *, scientific: bool) -> str:
    if nano == 0:
        return "0"
    amount, exponent = nano, -9
    while amount % 10 == 0:
        amount, exponent = amount // 10, exponent + 1
    while exponent % 3 or (exponent > 18 and not scientific):
        amount, exponent = amount * 10, exponent - 1
    if scientific:
        return f"{amount}e{exponent}" if exponent else str(amount)
    return f"{amount}{_DECIMAL_SUFFIX[exponent]}"


def rounded_up_to_milli(quantity: Quantity) -> Quantity:
    """`quantity` away from zero to the next thousandth: the API server stores limits and requests like that."""
    if quantity.nano % _MILLI == 0:
        return quantity
    nano = _signed(-(-abs(quantity.nano) // _MILLI) * _MILLI, "-" if quantity.nano < 0 else "")
    return Quantity(nano, _decimal_text(nano, scientific="e" in quantity.text))
