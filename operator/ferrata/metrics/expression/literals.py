"""Number, string and bytes literals, read as expr-lang reads them."""

from __future__ import annotations

import re

from ferrata.metrics.expression.errors import LocatedError

MAX_INT = 2**63 - 1
_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?",
}  # fmt: skip
_ESCAPE = re.compile(
    r"\\(?:u\{(?P<wide>[0-9a-fA-F]{1,6})\}|[xX](?P<hex>[0-9a-fA-F]{2})|u(?P<short>[0-9a-fA-F]{4})"
    r"|U(?P<long>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2})|(?P<simple>[abfnrtv\\'\"`?])|(?P<bad>[\s\S]))"
)


def number(text: str, at: int) -> int | float:
    """Return the value of a number as written; LocatedError when it does not fit 64 bits."""
    digits = text.replace("_", "")
    lower = digits.lower()
    for prefix, base, name in (("0x", 16, "hex"), ("0b", 2, "binary"), ("0o", 8, "octal")):
        if lower.startswith(prefix):
            return _integer(digits[2:], base, name, digits, at)
    if "." in lower or "e" in lower:
        return _float(digits, at)
    return _integer(digits, 10, "integer", digits, at)


def _integer(digits: str, base: int, name: str, text: str, at: int) -> int:
    if not digits:
        raise LocatedError(f'invalid {name} literal: strconv.ParseInt: parsing "{text}": invalid syntax', at)
    significant = digits.lstrip("0") or "0"
    if len(significant) > 64 or int(significant, base) > MAX_INT:
        raise LocatedError(f'invalid {name} literal: strconv.ParseInt: parsing "{text}": value out of range', at)
    return int(significant, base)


def _float(digits: str, at: int) -> float:
    try:
        value = float(digits)
    except ValueError:
        problem = f'invalid float literal: strconv.ParseFloat: parsing "{digits}": invalid syntax'
        raise LocatedError(problem, at) from None
    if value == float("inf"):
        raise LocatedError(f'invalid float literal: strconv.ParseFloat: parsing "{digits}": value out of range', at)
    return value


def string(text: str, at: int) -> str:
    """Return the content of a quoted string, escapes resolved."""

    def unescape(match: re.Match[str]) -> str:
        if (simple := match["simple"]) is not None:
            if simple in "'\"" and simple != text[0]:
                raise LocatedError("invalid char escape", at + match.start() + 2)
            return _SIMPLE[simple]
        code = _code(match, at + match.start() + 2)
        if code > 0x10FFFF:
            raise LocatedError("unable to unescape string", at)
        return "�" if 0xD800 <= code <= 0xDFFF else chr(code)

    return _ESCAPE.sub(unescape, text[1:-1])


def _code(match: re.Match[str], at: int) -> int:
    if match["octal"] is not None:
        return int(match["octal"], 8)
    digits = match["wide"] or match["hex"] or match["short"] or match["long"]
    if digits is None:
        raise LocatedError("invalid char escape", at)
    return int(digits, 16)


def raw(text: str) -> str:
    """Return the content of a string in backticks; a doubled backtick stands for one."""
    return text[1:-1].replace("``", "`")


def octets(text: str, at: int) -> bytes:
    """Return the content of a bytes literal (`b"..."`); `\\x` and octal escapes are single bytes."""
    out = bytearray()
    position = 0
    body = text[2:-1]
    for match in _ESCAPE.finditer(body):
        out += body[position : match.start()].encode()
        position = match.end()
        if (simple := match["simple"]) is not None:
            out += _SIMPLE[simple].encode()
        elif match["hex"] is not None or match["octal"] is not None:
            out.append(_code(match, at))
        else:
            raise LocatedError("unable to unescape string", at)
    return bytes(out + body[position:].encode())
