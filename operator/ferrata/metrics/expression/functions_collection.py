"""Builtins on arrays and maps."""

from __future__ import annotations

from collections.abc import Callable

from ferrata.metrics.expression.arithmetic import equal, to_int
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.limits import MAX_VALUE_DEPTH
from ferrata.metrics.expression.loops import arranged, order_of
from ferrata.metrics.expression.run import Run
from ferrata.metrics.expression.structure import fetch, lookup
from ferrata.metrics.expression.values import (
    AnyMap,
    Named,
    Pair,
    Pairs,
    entries,
    format_value,
    is_integer,
    key_of,
    kind,
    type_name,
    weight,
)

Function = Callable[[Run, list[object]], object]
_SORTED = frozenset({"[]interface {}", "[]int", "[]float64", "[]string"})  # of any other array, expr-lang sorts nothing


def _array(value: object, refusal: str) -> list[object]:
    if isinstance(value, list):
        return value
    if isinstance(value, bytes):
        return list(value)
    raise LocatedError(refusal.format(kind(value)))


def _mapping(value: object, refusal: str) -> dict[object, object]:
    if isinstance(value, dict):
        return value
    raise LocatedError(refusal.format(kind(value)))


def _length(_: Run, args: list[object]) -> object:
    if isinstance(args[0], str | list | dict | bytes):
        return len(args[0])
    raise LocatedError(f"invalid argument for len (type {type_name(args[0])})")


def _edge(index: int) -> Function:
    def find(_: Run, args: list[object]) -> object:
        try:
            return fetch(args[0], index)
        except LocatedError:  # an empty or unfit collection has no first and no last: nil
            return None

    return find


def _get(_: Run, args: list[object]) -> object:
    base, key = args
    if isinstance(base, dict):
        return lookup(base, key)[0]
    if not isinstance(base, list | str | bytes):
        return None
    to_int(key)
    try:
        return fetch(base, key)
    except LocatedError:  # out of range is nil here, which is what `get` is for
        return None


def _take(run: Run, args: list[object]) -> object:
    source = args[0]
    if not isinstance(source, list | bytes):
        raise LocatedError(f"cannot take from {kind(source)}")
    if not is_integer(args[1]) and not isinstance(args[1], Named):
        raise LocatedError(f"cannot take {kind(args[1])} elements")
    run.step(weight(source))
    size = to_int(args[1])
    if size < 0:
        raise LocatedError("reflect.Value.Slice: slice index out of bounds")
    return type(source)(source[:size])


def _keys(run: Run, args: list[object]) -> object:
    pairs = entries(_mapping(args[0], "cannot get keys from {}"))
    run.grow(len(pairs))
    return [key for key, _ in pairs]


def _values(run: Run, args: list[object]) -> object:
    pairs = entries(_mapping(args[0], "cannot get values from {}"))
    run.grow(len(pairs))
    return [value for _, value in pairs]


def _to_pairs(run: Run, args: list[object]) -> object:
    pairs = entries(_mapping(args[0], "cannot transform {} to pairs"))
    run.grow(len(pairs))
    return Pairs([Pair(pair) for pair in pairs])


def _from_pairs(run: Run, args: list[object]) -> object:
    if not isinstance(args[0], list):
        raise LocatedError(f"cannot transform {format_value(args[0])} from pairs")
    run.grow(len(args[0]))
    found = AnyMap()
    for pair in args[0]:
        if not isinstance(pair, list):
            raise LocatedError(f"invalid pair {format_value(pair)}")
        if len(pair) != 2:
            raise LocatedError(f"invalid pair length {format_value(pair)}")
        found[key_of(pair[0])] = (pair[0], pair[1])
    return found


def _reverse(run: Run, args: list[object]) -> object:
    items = _array(args[0], "cannot reverse {}")
    run.grow(len(items))
    return list(reversed(items))


def _unique(run: Run, args: list[object]) -> object:
    found: list[object] = []
    for item in _array(args[0], "cannot uniq {}"):
        run.step((len(found) + 1) * (1 + weight(item)))
        if not any(equal(item, other) for other in found):
            found.append(item)
    return found


def _concat(run: Run, args: list[object]) -> object:
    found: list[object] = []
    for argument in args:
        items = _array(argument, "cannot concat {}")
        run.grow(len(items))
        found.extend(items)
    return found


def _flatten(run: Run, args: list[object]) -> object:
    found: list[object] = []
    pending = [(item, 1) for item in reversed(_array(args[0], "cannot flatten {}"))]
    while pending:
        item, depth = pending.pop()
        run.step(2)
        if depth > MAX_VALUE_DEPTH:
            raise LocatedError("recursion depth exceeded")
        if isinstance(item, list):
            pending.extend((inner, depth + 1) for inner in reversed(item))
        else:
            found.append(item)
    run.grow(len(found))
    return found


def _sort(run: Run, args: list[object]) -> object:
    word = args[1] if len(args) > 1 else "asc"
    if not isinstance(word, str):
        raise LocatedError(f"sort order argument must be a string (got {type_name(word)})")
    descending = order_of(word, f"invalid order {word}, expected asc or desc")
    items = list(args[0]) if isinstance(args[0], list) and type_name(args[0]) in _SORTED else []
    run.step(3 * len(items) * len(items).bit_length())  # comparisons of a sort
    run.grow(len(items))
    return arranged(items, items, descending=descending)


COLLECTION_FUNCTIONS: dict[str, Function] = {
    "len": _length,
    "first": _edge(0),
    "last": _edge(-1),
    "get": _get,
    "take": _take,
    "keys": _keys,
    "values": _values,
    "toPairs": _to_pairs,
    "fromPairs": _from_pairs,
    "reverse": _reverse,
    "uniq": _unique,
    "concat": _concat,
    "flatten": _flatten,
    "sort": _sort,
}
