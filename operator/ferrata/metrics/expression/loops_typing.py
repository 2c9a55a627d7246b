"""Static rules of the builtins that loop over a collection with a predicate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.natures import ARRAY, BOOL, INT, UNKNOWN, Nature, array_of, groups_of
from ferrata.metrics.expression.nodes import Builtin, Predicate

if TYPE_CHECKING:
    from ferrata.metrics.expression.checker import Checker


@dataclass(frozen=True, slots=True)
class Scope:
    """The innermost loop: what it runs over and which of `#index` and `#acc` it knows."""

    collection: Nature
    names: dict[str, Nature]


Rule = Callable[["Checker", Builtin], Nature]


def _collection(checker: Checker, node: Builtin) -> Nature:
    found = checker.type_of(node.arguments[0])
    if not (found.array or found.unknown):
        raise LocatedError(f"builtin {node.name} takes only array (got {found.name})", node.arguments[0].at)
    return found


def _body(checker: Checker, node: Builtin, collection: Nature, **names: Nature) -> Nature:
    predicate = node.arguments[1]
    checker.scopes.append(Scope(collection, names))
    answer = checker.type_of(predicate.body if isinstance(predicate, Predicate) else predicate)
    checker.scopes.pop()
    if answer.nil:
        raise LocatedError("predicate should has one input and one output param", predicate.at)
    return answer


def _test(checker: Checker, node: Builtin, collection: Nature) -> None:
    answer = _body(checker, node, collection)
    if not (answer.kind == "bool" or answer.unknown):
        raise LocatedError(f"predicate should return boolean (got {answer.name})", node.arguments[1].at)


def _tested(returns: Callable[[Nature], Nature]) -> Rule:
    def rule(checker: Checker, node: Builtin) -> Nature:
        collection = _collection(checker, node)
        if len(node.arguments) > 1:
            _test(checker, node, collection)
        return returns(collection)

    return rule


def _map(checker: Checker, node: Builtin) -> Nature:
    return array_of(_body(checker, node, _collection(checker, node), index=INT))


def _sum(checker: Checker, node: Builtin) -> Nature:
    collection = _collection(checker, node)
    return _body(checker, node, collection) if len(node.arguments) == 2 else collection.item()


def _group(checker: Checker, node: Builtin) -> Nature:
    collection = _collection(checker, node)
    _body(checker, node, collection)
    return groups_of(collection.item())


def _sort(checker: Checker, node: Builtin) -> Nature:
    collection = _collection(checker, node)
    _body(checker, node, collection)
    if len(node.arguments) == 3:
        order = checker.type_of(node.arguments[2])
        if not (order.kind == "string" or order.unknown):
            raise LocatedError(f"sortBy order argument must be a string (got {order.name})", node.arguments[2].at)
    return collection


def _reduce(checker: Checker, node: Builtin) -> Nature:
    answer = _body(checker, node, _collection(checker, node), index=INT, acc=UNKNOWN)
    if len(node.arguments) == 3:
        checker.type_of(node.arguments[2])
    return answer


LOOP_RULES: dict[str, Rule] = {
    **dict.fromkeys(("all", "none", "any", "one"), _tested(lambda _: BOOL)),
    "filter": _tested(lambda collection: ARRAY if collection.unknown else array_of(collection.item())),
    "map": _map,
    "count": _tested(lambda _: INT),
    "sum": _sum,
    **dict.fromkeys(("find", "findLast"), _tested(lambda collection: collection.item())),
    **dict.fromkeys(("findIndex", "findLastIndex"), _tested(lambda _: INT)),
    "groupBy": _group,
    "sortBy": _sort,
    "reduce": _reduce,
}
