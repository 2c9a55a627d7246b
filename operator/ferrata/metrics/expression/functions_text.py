"""Builtins on strings, JSON and base64. Sizes are checked before anything large is made."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Sequence

from ferrata.metrics.expression.arithmetic import BUDGET, to_int
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.go_format import format_float_json
from ferrata.metrics.expression.limits import MAX_MEMORY, MAX_VALUE_DEPTH
from ferrata.metrics.expression.run import Run
from ferrata.metrics.expression.structure import from_octets, octets
from ferrata.metrics.expression.values import (
    AnyMap,
    Strings,
    entries,
    format_value,
    is_integer,
    type_name,
)

Function = Callable[[Run, list[object]], object]
# What Go's unicode.IsSpace trims; Python's strip() knows the separators 0x1c to 0x1f as well.
_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def text(value: object) -> str:
    """Return a string; anything else is Go's failed conversion."""
    if isinstance(value, str):
        return value
    shown = "nil" if value is None else type_name(value)
    raise LocatedError(f"interface conversion: interface {{}} is {shown}, not string")


def _bounded(size: int) -> None:
    if size > MAX_MEMORY:
        raise LocatedError(BUDGET)


def _trim(run: Run, args: list[object]) -> object:
    run.step(len(text(args[0])))
    return text(args[0]).strip(text(args[1]) if len(args) > 1 else _SPACES)


def _trim_prefix(_: Run, args: list[object]) -> object:
    return text(args[0]).removeprefix(text(args[1]) if len(args) > 1 else " ")


def _trim_suffix(_: Run, args: list[object]) -> object:
    return text(args[0]).removesuffix(text(args[1]) if len(args) > 1 else " ")


def _pieces(whole: str, separator: str, limit: int) -> list[str]:
    """Cut `whole` at `separator`, at most into `limit` pieces (no limit when negative)."""
    if limit == 0:
        return []
    if not separator:
        cut = len(whole) if limit < 0 else min(limit, len(whole))
        return [*whole[: cut - 1], whole[cut - 1 :]] if cut else []
    return whole.split(separator, limit - 1 if limit > 0 else -1)


def _split(run: Run, args: list[object]) -> object:
    limit = to_int(args[2]) if len(args) > 2 else -1
    run.grow(len(text(args[0])))
    return Strings(_pieces(text(args[0]), text(args[1]), limit))


def _split_after(run: Run, args: list[object]) -> object:
    limit = to_int(args[2]) if len(args) > 2 else -1
    run.grow(len(text(args[0])))
    pieces = _pieces(text(args[0]), text(args[1]), limit)
    return Strings([piece + text(args[1]) for piece in pieces[:-1]] + pieces[-1:])


def _replace(run: Run, args: list[object]) -> object:
    whole, old, new = (text(part) for part in args[:3])
    times = to_int(args[3]) if len(args) > 3 else -1
    found = whole.count(old)
    if times >= 0:
        found = min(found, times)
    _bounded(len(whole) + found * max(len(new) - len(old), 0))
    run.step(len(whole))
    return whole.replace(old, new, times if times >= 0 else -1)


def _repeat(run: Run, args: list[object]) -> object:
    whole, times = text(args[0]), to_int(args[1])
    if times < 0:
        raise LocatedError(f"invalid argument for repeat (expected positive integer, got {times})")
    if times > MAX_MEMORY:
        raise LocatedError(BUDGET)
    run.grow(len(octets(whole)) * times)
    return whole * times


def _join(run: Run, args: list[object]) -> object:
    glue = text(args[1]) if len(args) > 1 else ""
    if not isinstance(args[0], list) or type_name(args[0]) not in ("[]string", "[]interface {}"):
        shown = "%!s(<nil>)" if args[0] is None else type_name(args[0])
        raise LocatedError(f"invalid argument for join (type {shown})")
    parts = [text(part) for part in args[0]]
    size = sum(len(part) for part in parts) + len(glue) * max(len(parts) - 1, 0)
    _bounded(size)
    run.step(size)
    return glue.join(parts)


def _index(find: Callable[[bytes, bytes], int]) -> Function:
    return lambda _, args: find(octets(text(args[0])), octets(text(args[1])))


def _case(change: Callable[[str], str]) -> Function:
    def convert(run: Run, args: list[object]) -> object:
        run.step(len(text(args[0])))
        # One character for one: Go maps runes, so 'ß' stays as it is.
        return "".join(new if len(new := change(char)) == 1 else char for char in text(args[0]))

    return convert


def _to_json(run: Run, args: list[object]) -> object:
    parts: list[str] = []
    _write(run, args[0], parts, 0)
    whole = "".join(parts)
    _bounded(len(whole))
    return whole


def _write(run: Run, value: object, parts: list[str], depth: int) -> None:
    """Append `value` as Go's MarshalIndent writes it: two spaces, sorted keys, HTML characters escaped."""
    if depth > MAX_VALUE_DEPTH:
        raise LocatedError("recursion depth exceeded")
    run.step(8)
    if isinstance(value, dict):
        if isinstance(value, AnyMap):
            raise LocatedError(f"json: unsupported type: {type_name(value)}")
        pairs = [(f"{_json_string(str(key))}: ", item) for key, item in entries(value)]
        _write_items(run, pairs, "{}", parts, depth)
    elif isinstance(value, list):
        _write_items(run, [("", item) for item in value], "[]", parts, depth)
    else:
        parts.append(_json_scalar(value))


def _write_items(run: Run, items: Sequence[tuple[str, object]], brackets: str, parts: list[str], depth: int) -> None:
    if not items:
        parts.append(brackets)
        return
    pad = "\n" + "  " * (depth + 1)
    for place, (lead, item) in enumerate(items):
        parts.append(f"{brackets[0] if not place else ','}{pad}{lead}")
        _write(run, item, parts, depth + 1)
    parts.append("\n" + "  " * depth + brackets[1])


def _json_scalar(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        if not math.isfinite(value):
            shown = {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
            raise LocatedError(f"json: unsupported value: {shown}")
        return format_float_json(value)
    if is_integer(value):
        return str(int(value))  # type: ignore[call-overload]
    if isinstance(value, bytes):
        return f'"{base64.b64encode(value).decode()}"'
    if isinstance(value, str):
        return _json_string(value)
    return _json_string(format_value(value))


_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def _json_string(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).translate(_HTML)


def _from_json(run: Run, args: list[object]) -> object:
    source = text(args[0])
    run.step(len(source) // 2)
    try:
        return json.loads(source, parse_int=_json_number, parse_float=_json_number, parse_constant=_no_constant)
    except RecursionError:
        raise LocatedError("exceeded max depth") from None
    except ValueError as error:
        raise LocatedError(f"invalid JSON: {error}") from None


def _json_number(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        raise LocatedError(f"json: cannot unmarshal number {written} into Go value of type float64")
    return number


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _to_base64(_: Run, args: list[object]) -> object:
    return base64.b64encode(octets(text(args[0]))).decode()


def _from_base64(_: Run, args: list[object]) -> object:
    source = text(args[0]).replace("\r", "").replace("\n", "")
    try:
        return from_octets(base64.b64decode(source, validate=True))
    except (binascii.Error, ValueError):
        raise LocatedError(f"illegal base64 data at input byte {_first_bad(source)}") from None


def _first_bad(source: str) -> int:
    alphabet = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    bad = next((place for place, char in enumerate(source) if char not in alphabet), len(source))
    return bad if bad < len(source) else len(source) // 4 * 4


TEXT_FUNCTIONS: dict[str, Function] = {
    "trim": _trim,
    "trimPrefix": _trim_prefix,
    "trimSuffix": _trim_suffix,
    "upper": _case(str.upper),
    "lower": _case(str.lower),
    "split": _split,
    "splitAfter": _split_after,
    "replace": _replace,
    "repeat": _repeat,
    "join": _join,
    "indexOf": _index(bytes.find),
    "lastIndexOf": _index(bytes.rfind),
    "hasPrefix": lambda _, args: text(args[0]).startswith(text(args[1])),
    "hasSuffix": lambda _, args: text(args[0]).endswith(text(args[1])),
    "toJSON": _to_json,
    "fromJSON": _from_json,
    "toBase64": _to_base64,
    "fromBase64": _from_base64,
}
