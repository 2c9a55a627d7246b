"""The builder: one method per grammar rule, called bottom-up while the parser reduces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lark import Token, Transformer

from ferrata.metrics.expression import literals
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.nodes import (
    Array,
    Binary,
    Builtin,
    Call,
    Chain,
    Conditional,
    Identifier,
    Let,
    Literal,
    Map,
    Member,
    Node,
    Pointer,
    Predicate,
    Sequence,
    Slice,
    Unary,
)
from ferrata.metrics.expression.operators import Infix, Item, PipeInto, Prefix, resolve
from ferrata.metrics.expression.signatures import BUILTIN_NAMES

_CONSTANTS = {"true": True, "false": False, "nil": None}
_ONE_ARGUMENT = frozenset({"count", "sum"})
_THREE_ARGUMENTS = frozenset({"sortBy", "reduce"})


def _at(token: Token) -> int:
    return int(token.start_pos or 0)


def _written(parts: list[Any]) -> list[Any]:
    """Drop the placeholders of optional parts and the separators."""
    return [part for part in parts if part is not None and not isinstance(part, Token)]


def _member(base: Node, name: Token, optional: bool, arguments: list[Node] | None = None) -> Node:
    at = _at(name)
    chained = isinstance(base, Chain)
    inner = base.body if isinstance(base, Chain) else base
    node: Node = Member(at, inner, Literal(at, str(name)), optional, arguments is not None)
    if arguments is not None:
        node = Call(at, node, tuple(arguments))
    return Chain(at, node) if chained or optional else node


def _call(name: Token, arguments: list[Node]) -> Node:
    if name.value in BUILTIN_NAMES:
        return Builtin(_at(name), str(name), tuple(arguments))
    return Call(_at(name), Identifier(_at(name), str(name)), tuple(arguments))


def _loop(name: Token, arguments: list[Any]) -> Node:
    written = _written(arguments)
    if len(written) < 2 and name.value not in _ONE_ARGUMENT:
        raise LocatedError("expected at least 2 arguments", _at(name))
    if len(written) > 2 and name.value not in _THREE_ARGUMENTS:
        raise LocatedError('unexpected token Operator(",")', written[2].at)
    return Builtin(_at(name), str(name), tuple(written))


class Builder(Transformer[Token, Any]):
    """Methods are named as in the grammar. A node's offset is that of the token an error would point to."""

    def start(self, parts: list[Any]) -> Node:
        node: Node = parts[0]
        return node

    def sequence(self, parts: list[Any]) -> Node:
        items = _written(parts)
        first: Node = items[0]
        return first if len(items) == 1 else Sequence(first.at, tuple(items))

    def let(self, parts: list[Any]) -> Node:
        _, name, value, body = parts
        return Let(_at(name), str(name), value, body)

    def conditional(self, parts: list[Any]) -> Node:
        node: Node = parts[1]
        return node

    def branches(self, parts: list[Any]) -> Node:
        test, yes, no = [part for part in parts if isinstance(part, Node)]
        return Conditional(test.at, test, yes, no)

    def otherwise(self, parts: list[Any]) -> Node:
        node: Node = _written(parts)[0]
        return node

    def choose(self, parts: list[Any]) -> Node:
        return Conditional(parts[0].at, *parts)

    def choose_itself(self, parts: list[Any]) -> Node:
        return Conditional(parts[0].at, parts[0], parts[0], parts[1])

    def binary(self, parts: list[Any]) -> Infix:
        return Infix(str(parts[0]), _at(parts[0]))

    def negated(self, parts: list[Any]) -> Infix:
        return Infix(str(parts[1]), _at(parts[1]), negated=True)

    def prefix(self, parts: list[Any]) -> Prefix:
        return Prefix(str(parts[0]), _at(parts[0]))

    def prefixed(self, parts: list[Any]) -> list[Item]:
        return parts

    def tail(self, parts: list[Any]) -> list[Item]:
        operator, operand = parts
        return [operator, *_flat(operand)]

    def pipe(self, parts: list[Any]) -> list[Item]:
        name, arguments = parts
        return [PipeInto(_piped(_call, name, arguments), _at(name))]

    def pipe_predicate(self, parts: list[Any]) -> list[Item]:
        name, *arguments = parts
        return [PipeInto(_piped(_loop, name, arguments), _at(name))]

    def chain(self, parts: list[Any]) -> Node:
        return resolve([item for part in parts for item in _flat(part)])

    def member(self, parts: list[Any]) -> Node:
        return _member(parts[0], parts[-1], optional=False)

    def optional_member(self, parts: list[Any]) -> Node:
        return _member(parts[0], parts[-1], optional=True)

    def method(self, parts: list[Any]) -> Node:
        return _member(parts[0], parts[-2], optional=False, arguments=parts[-1])

    def optional_method(self, parts: list[Any]) -> Node:
        return _member(parts[0], parts[-2], optional=True, arguments=parts[-1])

    def index(self, parts: list[Any]) -> Node:
        base, bracket, key = parts
        return Member(_at(bracket), base, key)

    def optional_index(self, parts: list[Any]) -> Node:
        base, _, bracket, key = parts
        return Chain(_at(bracket), Member(_at(bracket), base, key, True))

    def slice_all(self, parts: list[Any]) -> Node:
        return Slice(_at(parts[1]), parts[0], None, None)

    def slice_to(self, parts: list[Any]) -> Node:
        return Slice(_at(parts[1]), parts[0], None, parts[2])

    def slice_from(self, parts: list[Any]) -> Node:
        return Slice(_at(parts[1]), parts[0], parts[2], None)

    def slice(self, parts: list[Any]) -> Node:
        return Slice(_at(parts[1]), parts[0], parts[2], parts[3])

    def name(self, parts: list[Any]) -> Node:
        (token,) = parts
        return Identifier(_at(token), str(token))

    def constant(self, parts: list[Any]) -> Node:
        (token,) = parts
        return Literal(_at(token), _CONSTANTS[token.value])

    def call(self, parts: list[Any]) -> Node:
        return _call(*parts)

    def loop(self, parts: list[Any]) -> Node:
        return _loop(parts[0], parts[1:])

    def number(self, parts: list[Any]) -> Node:
        return Literal(_at(parts[0]), literals.number(parts[0], _at(parts[0])))

    def string(self, parts: list[Any]) -> Node:
        return Literal(_at(parts[0]), literals.string(parts[0], _at(parts[0])))

    def raw(self, parts: list[Any]) -> Node:
        return Literal(_at(parts[0]), literals.raw(parts[0]))

    def bytes(self, parts: list[Any]) -> Node:
        return Literal(_at(parts[0]), literals.octets(parts[0], _at(parts[0])))

    def group(self, parts: list[Any]) -> Node:
        node: Node = parts[0]
        # A group hides an optional chain's extent only by what follows it, as in expr-lang.
        return node

    def array(self, parts: list[Any]) -> Node:
        return Array(_at(parts[0]), tuple(_written(parts)))

    def map(self, parts: list[Any]) -> Node:
        return Map(_at(parts[0]), tuple(_written(parts)))

    def pair(self, parts: list[Any]) -> tuple[Node, Node]:
        return parts[0], parts[1]

    def key(self, parts: list[Any]) -> Node:
        (token,) = parts
        if token.type == "STRING":
            return Literal(_at(token), literals.string(token, _at(token)))
        return Literal(_at(token), literals.raw(token) if token.type == "RAW" else str(token))

    def computed_key(self, parts: list[Any]) -> Node:
        node: Node = parts[0]
        return node

    def pointer(self, parts: list[Any]) -> Node:
        sign, name = parts
        return Pointer(_at(sign), str(name or ""))

    def element_member(self, parts: list[Any]) -> Node:
        return _member(Pointer(_at(parts[0]), ""), parts[1], optional=False)

    def element_method(self, parts: list[Any]) -> Node:
        return _member(Pointer(_at(parts[0]), ""), parts[1], optional=False, arguments=parts[2])

    def arguments(self, parts: list[Any]) -> list[Node]:
        return _written(parts)

    def predicate(self, parts: list[Any]) -> Node:
        (body,) = parts
        return Predicate(body.at, body)

    def predicate_block(self, parts: list[Any]) -> Node:
        brace, body, *_ = parts
        return Predicate(_at(brace), body)


def _flat(part: Any) -> list[Item]:
    return part if isinstance(part, list) else [part]


def _piped(make: Callable[[Token, list[Any]], Node], name: Token, arguments: list[Any]) -> Callable[[Node], Node]:
    return lambda left: make(name, [left, *arguments])


def is_integer_literal(node: Node) -> bool:
    """Tell whether `node` is arithmetic on integer literals, which a parameter of type float64 turns into floats."""
    match node:
        case Literal(value=value):
            return type(value) is int
        case Unary(operand=operand):
            return is_integer_literal(operand)
        case Binary(operator="+" | "-" | "*", left=left, right=right):
            return is_integer_literal(left) and is_integer_literal(right)
    return False
