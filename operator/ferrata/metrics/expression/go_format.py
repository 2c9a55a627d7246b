"""Numbers, strings and values printed as Go prints them.

`strconv.FormatFloat(x, 'f', -1, 64)` for measurements, `%v` for arguments and messages, `strconv.Quote` for tokens.
"""

from __future__ import annotations

import math
from decimal import Decimal

_GENERAL_PRECISION = 6  # strconv: the shortest form of 'g' changes to an exponent from this decimal exponent on


def _special(x: float) -> str | None:
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "+Inf" if x > 0 else "-Inf"
    return None


def format_float_f(x: float) -> str:
    """Return the shortest decimal that reads back as `x`, never with an exponent: `0.5`, `10`, `NaN`, `+Inf`."""
    if (special := _special(x)) is not None:
        return special
    text = format(Decimal(repr(x)), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def format_float_v(x: float) -> str:
    """Return `x` as `%v` prints it: shortest digits, with an exponent when it is below -4 or at least 6: `1e+06`."""
    if (special := _special(x)) is not None:
        return special
    shown = Decimal(repr(x)).adjusted()
    return format_float_f(x) if x == 0 or -4 <= shown < _GENERAL_PRECISION else _exponent(x)


def format_float_json(x: float) -> str:
    """Return `x` as `encoding/json` prints it: plain unless below 1e-6 or at least 1e21. No NaN or infinity."""
    size = abs(x)
    if size != 0 and (size < 1e-6 or size >= 1e21):
        return _exponent(x).replace("e-0", "e-")
    return format_float_f(x)


def _exponent(x: float) -> str:
    exact = Decimal(repr(x)).normalize()
    sign, digits, _ = exact.as_tuple()
    fraction = "".join(map(str, digits[1:]))
    shown = exact.adjusted()
    return f"{'-' if sign else ''}{digits[0]}{'.' + fraction if fraction else ''}e{shown:+03d}"


_QUOTED = {'"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
           "\v": "\\v"}  # fmt: skip


def quote(text: str) -> str:
    """Return `text` in double quotes as `strconv.Quote` does."""
    return '"' + "".join(_quoted(char) for char in text) + '"'


def _quoted(char: str) -> str:
    if char in _QUOTED:
        return _QUOTED[char]
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def format_duration(nanoseconds: int) -> str:
    """Return a duration as Go's `Duration.String`: `1m0s`, `1.5s`, `300ms`, `0s`."""
    size = abs(nanoseconds)
    sign = "-" if nanoseconds < 0 else ""
    if size == 0:
        return "0s"
    for unit, width in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if size < width * 1000:
            return f"{sign}{_decimal(size, width)}{unit}"
    minutes, rest = divmod(size, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, 10**9)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else f"{sign}{text}"


def _decimal(size: int, width: int) -> str:
    whole, fraction = divmod(size, width)
    if not fraction:
        return str(whole)
    return f"{whole}.{str(fraction).rjust(len(str(width)) - 1, '0').rstrip('0')}"
