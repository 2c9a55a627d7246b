"""From source to syntax tree: lark's LALR parser, a token pass in between, and the builder of nodes.

The token pass decides what depends on neighbours only: keywords (but not after a dot), builtins that loop, and the
brace that opens a predicate instead of a map. The parser keeps its own stack, so depth of input is no danger here.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken, VisitError

from ferrata.metrics.expression import literals
from ferrata.metrics.expression.build import Builder
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.go_format import quote
from ferrata.metrics.expression.limits import MAX_SOURCE
from ferrata.metrics.expression.nodes import Node, require_bounds
from ferrata.metrics.expression.operators import SUFFIXES, WORDS
from ferrata.metrics.expression.signatures import LOOPS

_KEYWORDS = {
    **dict.fromkeys(("true", "false", "nil"), "CONSTANT"), "let": "LET", "if": "IF", "else": "ELSE", "not": "NOT",
    **dict.fromkeys(WORDS, "WORD"), **dict.fromkeys(SUFFIXES, "SUFFIX"),
}  # fmt: skip
_OPENING = frozenset({"LPAR", "LSQB", "LBRACE"})
_CLOSING = frozenset({"RPAR", "RSQB", "RBRACE"})
_KINDS = {
    "IDENT": "Identifier",
    "PREDICATE": "Identifier",
    "CONSTANT": "Identifier",
    "NUMBER": "Number",
    "BYTES": "Bytes",
}


class _TokenPass:
    """Renames tokens by what stands beside them; lark calls `process` with the whole stream."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Yield the tokens of `stream`, renamed."""
        frames = [_Frame()]
        seen: list[Token] = []  # the last two tokens before this one
        for token, following in _with_next(stream):
            if token.type == "SEMICOLON" and following is None:
                return
            renamed = _renamed(token, seen[-1] if seen else None, following, frames[-1])
            frames[-1].pass_over(renamed)
            yield renamed
            if token.type in _OPENING:
                frames.append(_frame(token, seen))
            elif token.type in _CLOSING and len(frames) > 1:
                frames.pop()
            seen = [*seen[-1:], token]


@dataclass(slots=True)
class _Frame:
    """One open bracket. `argument` is the place in a call of a looping builtin, -1 in any other bracket."""

    argument: int = -1
    lets: int = 0  # `let` whose value is being read

    def pass_over(self, token: Token) -> None:
        """Take note of a token directly inside this bracket; LocatedError for a predicate in need of braces."""
        if token.type == "COMMA" and self.argument >= 0:
            self.argument += 1
        elif token.type == "LET":
            self.lets += 1
        elif token.type == "SEMICOLON":
            if self.argument == 1 and not self.lets:
                raise LocatedError("wrap predicate with brackets { and }", int(token.start_pos or 0))
            self.lets = max(self.lets - 1, 0)


def _with_next(stream: Iterator[Token]) -> Iterator[tuple[Token, Token | None]]:
    """Yield each token with the one behind it, so that an error is found no earlier than its token is reached."""
    token = next(stream, None)
    while token is not None:
        following = next(stream, None)
        yield token, following
        token = following


def _renamed(token: Token, before: Token | None, following: Token | None, frame: _Frame) -> Token:
    if token.type == "NUMBER" and following is not None and following.type == "IDENT":
        if token.end_pos == following.start_pos:
            raise LocatedError(f"bad number syntax: {quote(token + following[0])}", int(following.start_pos or 0))
    elif token.type == "IDENT":
        if before is not None and before.type in ("DOT", "OPTIONAL"):
            return token
        if token.value in _KEYWORDS:
            return Token.new_borrow_pos(_KEYWORDS[token.value], token.value, token)
        if token.value in LOOPS and following is not None and following.type == "LPAR":
            return Token.new_borrow_pos("PREDICATE", token.value, token)
    if token.type == "LBRACE" and frame.argument == 1 and before is not None and before.type in ("COMMA", "LPAR"):
        return Token.new_borrow_pos("PREDICATE_BRACE", token.value, token)
    return token


def _frame(token: Token, seen: list[Token]) -> _Frame:
    if token.type != "LPAR" or not seen or seen[-1].value not in LOOPS:
        return _Frame()
    leader = seen[-2].type if len(seen) > 1 else ""
    if leader in ("DOT", "OPTIONAL"):
        return _Frame()
    return _Frame(1 if leader == "VBAR" else 0)


@cache
def _grammar() -> Lark:
    text = importlib.resources.files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        text, parser="lalr", lexer="basic", postlex=_TokenPass(), transformer=Builder(), maybe_placeholders=True
    )


def parse(source: str) -> Node:
    """Return the tree of `source`; LocatedError says what is wrong and where. Bounded in size and depth."""
    if len(source) > MAX_SOURCE:
        raise LocatedError(f"expression is longer than {MAX_SOURCE} characters")
    try:
        tree = _grammar().parse(source)
    except UnexpectedToken as error:
        raise _unexpected(error.token, error.expected, len(source)) from None
    except UnexpectedCharacters as error:
        raise _unread(source, int(str(error.pos_in_stream))) from None
    except VisitError as error:
        if isinstance(error.orig_exc, LocatedError):
            raise error.orig_exc from None
        raise
    if not isinstance(tree, Node):
        raise LocatedError("unexpected token EOF", len(source))
    require_bounds(tree)
    return tree


def _unexpected(token: Token, expected: set[str], length: int) -> LocatedError:
    at = max(length - 1, 0) if token.type == "$END" else int(token.start_pos or 0)
    problem = f"unexpected token {_described(token)}"
    if expected == {"IDENT"} and token.type != "$END":
        return LocatedError("expected name", at)
    if "NUMBER" in expected and "LSQB" not in expected:
        keys = "a quoted string, a number, a identifier, or an expression enclosed in parentheses"
        return LocatedError(f"a map key must be {keys} ({problem})", at)
    return LocatedError(problem, at)


def _described(token: Token) -> str:
    if token.type == "$END":
        return "EOF"
    if token.type in ("STRING", "RAW"):
        value = literals.raw(token) if token.type == "RAW" else literals.string(token, int(token.start_pos or 0))
        return f"String({quote(value)})" if value else "String"
    brackets = token.type in _OPENING | _CLOSING | {"PREDICATE_BRACE"}
    return f"{_KINDS.get(token.type, 'Bracket' if brackets else 'Operator')}({quote(token.value)})"


def _unread(source: str, at: int) -> LocatedError:
    rest = source[at:]
    if rest[0] in "\"'`":
        return LocatedError("literal not terminated", at)
    if rest.startswith("/*"):
        return LocatedError("unclosed comment", at)
    if rest[0] in "&=":
        return LocatedError(f'unexpected token Operator("{rest[0]}")', at)
    return LocatedError(f"unrecognized character: U+{ord(rest[0]):04X} '{rest[0]}'", at)
