"""The one table of operators, and the resolution of a flat chain of operands and operators into a tree.

Precedences and associativity are those of expr-lang 1.17; a higher number binds tighter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.limits import MAX_DEPTH
from ferrata.metrics.expression.nodes import Binary, Node, Unary

PIPE = "|"
COALESCE = "??"

BINARY: dict[str, int] = {
    PIPE: 0,
    **dict.fromkeys(("or", "||"), 10),
    **dict.fromkeys(("and", "&&"), 15),
    **dict.fromkeys(("==", "!=", "<", ">", ">=", "<=", "in", "matches", "contains", "startsWith", "endsWith"), 20),
    "..": 25,
    **dict.fromkeys(("+", "-"), 30),
    **dict.fromkeys(("*", "/", "%"), 60),
    **dict.fromkeys(("**", "^"), 100),
    COALESCE: 500,
}
RIGHT_ASSOCIATIVE = frozenset({"**", "^"})
UNARY: dict[str, int] = {"not": 50, "!": 50, "-": 90, "+": 90}
ORDER = frozenset({"<", ">", "<=", ">="})
SUFFIXES = frozenset({"in", "matches", "contains", "startsWith", "endsWith"})
WORDS = frozenset({"or", "and"})


@dataclass(frozen=True, slots=True)
class Prefix:
    """A unary operator in front of an operand."""

    operator: str
    at: int


@dataclass(frozen=True, slots=True)
class Infix:
    """A binary operator between two operands; `negated` for `not in` and its like."""

    operator: str
    at: int
    negated: bool = False


@dataclass(frozen=True, slots=True)
class PipeInto:
    """A call that takes everything to its left as its first argument."""

    call: Callable[[Node], Node]
    at: int
    operator: str = PIPE
    negated: bool = False


Item = Prefix | Infix | PipeInto | Node


class _Climb:
    """Precedence climbing over a chain. A pipe's result is the left operand of whatever follows it."""

    def __init__(self, items: list[Item]) -> None:
        self.items = items
        self.position = 0

    def operand(self, depth: int) -> Node:
        item = self.items[self.position]
        self.position += 1
        if isinstance(item, Prefix):
            if depth > MAX_DEPTH:
                raise LocatedError(f"expression nests deeper than {MAX_DEPTH} levels", item.at)
            return Unary(item.at, item.operator, self.climb(UNARY[item.operator], depth + 1))
        if isinstance(item, Node):
            return item
        raise LocatedError(f'unexpected token Operator("{item.operator}")', item.at)

    def climb(self, lowest: int, depth: int) -> Node:
        left = self.operand(depth)
        before = ""
        while (operator := self.peek(lowest)) is not None:
            self.position += 1
            if isinstance(operator, PipeInto):
                left = operator.call(left)
            elif before == COALESCE and operator.operator != COALESCE:
                raise LocatedError(
                    f"Operator ({operator.operator}) and coalesce expressions (??) cannot be mixed. "
                    "Wrap either by parentheses.",
                    operator.at,
                )
            elif operator.operator in ORDER:
                left = self.comparison(left, operator, depth)
            else:
                left = self.binary(left, operator, depth)
            before = operator.operator
        return left

    def peek(self, lowest: int) -> Infix | PipeInto | None:
        if self.position >= len(self.items):
            return None
        item = self.items[self.position]
        if isinstance(item, (Infix, PipeInto)) and BINARY[item.operator] >= lowest:
            return item
        return None

    def binary(self, left: Node, operator: Infix, depth: int) -> Node:
        precedence = BINARY[operator.operator]
        if depth > MAX_DEPTH:
            raise LocatedError(f"expression nests deeper than {MAX_DEPTH} levels", operator.at)
        right = self.climb(precedence if operator.operator in RIGHT_ASSOCIATIVE else precedence + 1, depth + 1)
        node: Node = Binary(operator.at, operator.operator, left, right)
        return Unary(operator.at, "not", node) if operator.negated else node

    def comparison(self, left: Node, operator: Infix | PipeInto, depth: int) -> Node:
        """Chain `1 < x < 5` into `1 < x && x < 5`."""
        root: Node | None = None
        while True:
            right = self.climb(BINARY[operator.operator] + 1, depth + 1)
            step = Binary(operator.at, operator.operator, left, right)
            root = step if root is None else Binary(operator.at, "&&", root, step)
            left = right
            following = self.peek(0)
            if following is None or following.operator not in ORDER:
                return root
            operator = following
            self.position += 1


def resolve(items: list[Item]) -> Node:
    """Return the tree of a chain of prefixes, operands and operators, as expr-lang would bind them."""
    return _Climb(items).climb(0, 1)
