"""The builtins that run a predicate over a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cmp_to_key
from typing import TYPE_CHECKING

from ferrata.metrics.expression.arithmetic import add, ordered
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.nodes import Array, Builtin, Literal, Node, Predicate
from ferrata.metrics.expression.run import Loop
from ferrata.metrics.expression.values import Groups, key_of, type_name

if TYPE_CHECKING:
    from ferrata.metrics.expression.evaluator import Evaluator

Rule = Callable[["Evaluator", Builtin], object]


@contextmanager
def _loop(evaluator: Evaluator, node: Builtin) -> Iterator[Loop]:
    collection = evaluator.value(node.arguments[0])
    if isinstance(collection, bytes):
        collection = list(collection)
    if not isinstance(collection, list):
        raise LocatedError(_no_length(collection))
    loop = Loop(collection)
    evaluator.run.loops.append(loop)
    try:
        yield loop
    finally:
        evaluator.run.loops.pop()


def _no_length(value: object) -> str:
    if value is None:
        return "reflect: call of reflect.Value.Len on zero Value"
    return f"reflect: call of reflect.Value.Len on {type_name(value)} Value"


def _body(node: Builtin) -> Node:
    predicate = node.arguments[1]
    return predicate.body if isinstance(predicate, Predicate) else predicate


def _turns(evaluator: Evaluator, loop: Loop, *, backwards: bool = False) -> Iterator[object]:
    """Yield each element while the loop stands at it."""
    indices = range(len(loop.items))
    for index in reversed(indices) if backwards else indices:
        evaluator.run.step()
        loop.index = index
        yield loop.items[index]


def _hits(evaluator: Evaluator, node: Builtin, loop: Loop, *, backwards: bool = False) -> Iterator[int]:
    """Yield the places where the predicate holds (or the element itself, without a predicate)."""
    for item in _turns(evaluator, loop, backwards=backwards):
        answer = evaluator.value(_body(node)) if len(node.arguments) > 1 else item
        if evaluator.truth(answer):
            yield loop.index


def _all(evaluator: Evaluator, node: Builtin) -> object:
    with _loop(evaluator, node) as loop:
        return all(evaluator.truth(evaluator.value(_body(node))) for _ in _turns(evaluator, loop))


def _any(evaluator: Evaluator, node: Builtin) -> object:
    with _loop(evaluator, node) as loop:
        return next(_hits(evaluator, node, loop), None) is not None


def _none(evaluator: Evaluator, node: Builtin) -> object:
    return not _any(evaluator, node)


def _count(evaluator: Evaluator, node: Builtin) -> int:
    with _loop(evaluator, node) as loop:
        return sum(1 for _ in _hits(evaluator, node, loop))


def _one(evaluator: Evaluator, node: Builtin) -> object:
    return _count(evaluator, node) == 1


def _filter(evaluator: Evaluator, node: Builtin) -> object:
    with _loop(evaluator, node) as loop:
        found = [loop.items[index] for index in _hits(evaluator, node, loop)]
    evaluator.run.grow(len(found))
    return found


def _map(evaluator: Evaluator, node: Builtin) -> object:
    with _loop(evaluator, node) as loop:
        found = [evaluator.value(_body(node)) for _ in _turns(evaluator, loop)]
    evaluator.run.grow(len(found))
    return found


def _find(*, backwards: bool, index: bool) -> Rule:
    def rule(evaluator: Evaluator, node: Builtin) -> object:
        with _loop(evaluator, node) as loop:
            for place in _hits(evaluator, node, loop, backwards=backwards):
                return place if index else loop.items[place]
        return None

    return rule


def find_edge(evaluator: Evaluator, node: Builtin, *, backwards: bool) -> object:
    """Return the first or last element that passes a filter; LocatedError when none does."""
    with _loop(evaluator, node) as loop:
        for place in _hits(evaluator, node, loop, backwards=backwards):
            return loop.items[place]
    raise LocatedError("reflect: slice index out of range")


def _sum(evaluator: Evaluator, node: Builtin) -> object:
    source = node.arguments[0]
    if len(node.arguments) == 1 and isinstance(source, Array) and _folds(source):
        return _sum_of_parts(evaluator, source)
    total: object = 0
    with _loop(evaluator, node) as loop:
        for item in _turns(evaluator, loop):
            total = add(evaluator.value(_body(node)) if len(node.arguments) > 1 else item, total)
    return total


def _folds(source: Array) -> bool:
    """Tell whether expr-lang turns `sum([a, b, c])` into `a + (b + c)`: two parts or more, not all constant."""
    return len(source.items) >= 2 and not all(isinstance(item, Literal) for item in source.items)


def _sum_of_parts(evaluator: Evaluator, source: Array) -> object:
    *head, total = [evaluator.value(item) for item in source.items]
    for item in reversed(head):
        total = add(item, total)
    return total


def _group(evaluator: Evaluator, node: Builtin) -> object:
    groups = Groups()
    members: dict[object, list[object]] = {}
    with _loop(evaluator, node) as loop:
        for item in _turns(evaluator, loop):
            key = evaluator.value(_body(node))
            found = members.setdefault(key_of(key), [])
            found.append(item)
            groups[key_of(key)] = (key, found)
    return groups


def order_of(word: object, problem: str) -> bool:
    """Return whether `word` asks for descending order; LocatedError with `problem` when it is no order."""
    if word not in ("asc", "desc"):
        raise LocatedError(problem)
    return word == "desc"


def arranged(items: list[object], keys: list[object], *, descending: bool) -> list[object]:
    """Return `items` sorted by `keys`; LocatedError when two keys have no order."""

    def compare(left: tuple[object, object], right: tuple[object, object]) -> int:
        first, second = (right, left) if descending else (left, right)
        if ordered("<", first[0], second[0]):
            return -1
        return 1 if ordered("<", second[0], first[0]) else 0

    pairs = sorted(zip(keys, items, strict=True), key=cmp_to_key(compare))
    return [item for _, item in pairs]


def _sort(evaluator: Evaluator, node: Builtin) -> object:
    with _loop(evaluator, node) as loop:
        word = evaluator.value(node.arguments[2]) if len(node.arguments) == 3 else "asc"
        if not isinstance(word, str):
            raise LocatedError("sortBy order argument must be a string")
        descending = order_of(word, "unknown order, use asc or desc")
        keys = [evaluator.value(_body(node)) for _ in _turns(evaluator, loop)]
        evaluator.run.grow(len(keys))
        evaluator.run.step(3 * len(keys) * len(keys).bit_length())  # comparisons of a sort
        return arranged(list(loop.items), keys, descending=descending)


def _reduce(evaluator: Evaluator, node: Builtin) -> object:
    with _loop(evaluator, node) as loop:
        if len(node.arguments) == 3:
            loop.gathered = evaluator.value(node.arguments[2])
            first = 0
        elif loop.items:
            loop.gathered = loop.items[0]
            first = 1
        else:
            raise LocatedError("reduce of empty array with no initial value")
        for index in range(first, len(loop.items)):
            evaluator.run.step()
            loop.index = index
            loop.gathered = evaluator.value(_body(node))
        return loop.gathered


LOOPS: dict[str, Rule] = {
    "all": _all,
    "any": _any,
    "none": _none,
    "one": _one,
    "count": _count,
    "filter": _filter,
    "map": _map,
    "find": _find(backwards=False, index=False),
    "findIndex": _find(backwards=False, index=True),
    "findLast": _find(backwards=True, index=False),
    "findLastIndex": _find(backwards=True, index=True),
    "sum": _sum,
    "groupBy": _group,
    "sortBy": _sort,
    "reduce": _reduce,
}
