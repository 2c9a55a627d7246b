"""Syntax tree of an expression: what was written, with the offset of each part. Nodes compare by identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.limits import MAX_DEPTH, MAX_NODES


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Anything in the tree. `at` is the offset in characters that errors point to."""

    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Node):
    """A constant: None, bool, int, float, str or bytes."""

    value: object


@dataclass(frozen=True, slots=True, eq=False)
class Identifier(Node):
    """A name: `result`, a variable of `let`, or a function."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    """`-x`, `+x`, `!x`, `not x`."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Node):
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Chain(Node):
    """The extent of an optional chain: nil inside makes the whole of it nil."""

    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Member(Node):
    """`base.name`, `base[index]`, `base?.name`; `method` when it is called at once."""

    base: Node
    key: Node
    optional: bool = False
    method: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Slice(Node):
    """`base[start:stop]`."""

    base: Node
    start: Node | None
    stop: Node | None


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A call of an environment function or a method."""

    callee: Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Builtin(Node):
    """A call of a builtin, with predicates among its arguments where the builtin loops."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Predicate(Node):
    """The body of a loop, evaluated once per element."""

    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Pointer(Node):
    """`#`, `#index` or `#acc`; name is empty for the element."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Let(Node):
    """`let name = value; body`."""

    name: str
    value: Node
    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Sequence(Node):
    """`a; b; c`, whose value is that of the last."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Conditional(Node):
    """`test ? yes : no`, or `if test { yes } else { no }`."""

    test: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True, eq=False)
class Array(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Map(Node):
    """`{a: 1}` as pairs of key and value."""

    pairs: tuple[tuple[Node, Node], ...]


def children(node: Node) -> Iterator[Node]:
    """Yield the direct parts of `node` in the order they are written."""
    match node:
        case Unary(operand=part) | Chain(body=part) | Predicate(body=part):
            yield part
        case Binary(left=left, right=right):
            yield from (left, right)
        case Member(base=base, key=key):
            yield from (base, key)
        case Slice(base=base, start=start, stop=stop):
            yield from (part for part in (base, start, stop) if part is not None)
        case Call(callee=callee, arguments=arguments):
            yield from (callee, *arguments)
        case Let(value=value, body=body):
            yield from (value, body)
        case Conditional(test=test, yes=yes, no=no):
            yield from (test, yes, no)
        case Builtin(arguments=items) | Sequence(items=items) | Array(items=items):
            yield from items
        case Map(pairs=pairs):
            yield from (part for pair in pairs for part in pair)


def require_bounds(root: Node) -> None:
    """Raise LocatedError when the tree is too deep or too large to be walked.

    The left operand of a binary operator is no deeper than the operator: walkers follow that spine in a loop.
    """
    pending = [(root, 1)]
    count = 0
    while pending:
        node, depth = pending.pop()
        count += 1
        if count > MAX_NODES:
            raise LocatedError("compilation failed: expression exceeds maximum allowed nodes", node.at)
        if depth > MAX_DEPTH:
            raise LocatedError(f"expression nests deeper than {MAX_DEPTH} levels", node.at)
        spine = node.left if isinstance(node, Binary) else None
        pending.extend((part, depth if part is spine else depth + 1) for part in children(node))
