"""From source to syntax tree: lark's LALR parser, a token pass in between, and the builder of nodes.

The token pass decides what depends on neighbours only: keywords (but not after a dot), builtins that loop, and the
brace that opens a predicate instead of a map. The parser keeps its own stack, so depth of input is no danger here.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from functools import cache

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken, VisitError

from ferrata.metrics.expression.build import Builder
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.go_format import quote
from ferrata.metrics.expression.limits import MAX_SOURCE
from ferrata.metrics.expression.nodes import Node, require_bounds
from ferrata.metrics.expression.operators import SUFFIXES, WORDS
from ferrata.metrics.expression.signatures import LOOPS

_KEYWORDS = {
    "let": "LET", "if": "IF", "else": "ELSE", "not": "NOT",
    **dict.fromkeys(WORDS, "WORD"), **dict.fromkeys(SUFFIXES, "SUFFIX"),
}  # fmt: skip
_OPENING = frozenset({"LPAR", "LSQB", "LBRACE"})
_CLOSING = frozenset({"RPAR", "RSQB", "RBRACE"})
_KINDS = {"IDENT": "Identifier", "PREDICATE": "Identifier", "NUMBER": "Number", "BYTES": "Bytes"}


class _TokenPass:
    """Renames tokens by what stands beside them; lark calls `process` with the whole stream."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Yield the tokens of `stream`, renamed."""
        tokens = list(stream)
        if tokens and tokens[-1].type == "SEMICOLON":
            tokens.pop()
        frames: list[int] = []  # per open bracket: arguments seen of a looping builtin, -1 for any other bracket
        for position, token in enumerate(tokens):
            before = tokens[position - 1] if position else None
            following = tokens[position + 1] if position + 1 < len(tokens) else None
            yield _renamed(token, before, following, frames)
            if token.type in _OPENING:
                frames.append(_frame(tokens, position))
            elif token.type in _CLOSING and frames:
                frames.pop()
            elif token.type == "COMMA" and frames and frames[-1] >= 0:
                frames[-1] += 1


def _renamed(token: Token, before: Token | None, following: Token | None, frames: list[int]) -> Token:
    touching = before is not None and before.end_pos == token.start_pos
    if token.type == "IDENT":
        if touching and before is not None and before.type == "NUMBER":
            raise LocatedError(f"bad number syntax: {quote(before + token[0])}", int(token.start_pos or 0))
        if before is not None and before.type in ("DOT", "OPTIONAL"):
            return token
        if token.value in _KEYWORDS:
            return Token.new_borrow_pos(_KEYWORDS[token.value], token.value, token)
        if token.value in LOOPS and following is not None and following.type == "LPAR":
            return Token.new_borrow_pos("PREDICATE", token.value, token)
    opens = token.type == "LBRACE" and bool(frames) and frames[-1] == 1
    if opens and before is not None and before.type in ("COMMA", "LPAR"):
        return Token.new_borrow_pos("PREDICATE_BRACE", token.value, token)
    return token


def _frame(tokens: list[Token], position: int) -> int:
    if tokens[position].type != "LPAR" or position == 0 or tokens[position - 1].value not in LOOPS:
        return -1
    leader = tokens[position - 2].type if position > 1 else ""
    if leader in ("DOT", "OPTIONAL"):
        return -1
    return 1 if leader == "VBAR" else 0


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
        raise _unexpected(error.token, len(source)) from None
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


def _unexpected(token: Token, length: int) -> LocatedError:
    if token.type == "$END":
        return LocatedError("unexpected token EOF", max(length - 1, 0))
    return LocatedError(f"unexpected token {_described(token)}", int(token.start_pos or 0))


def _described(token: Token) -> str:
    if token.type in ("STRING", "RAW"):
        return f"String({quote(token.value[1:-1])})"
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
