"""Static rules of the binary operators: the type of the answer, or None when the operands can never work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ferrata.metrics.expression import regex
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.natures import (
    BOOL,
    BYTES,
    DURATION,
    FLOAT,
    INT,
    NIL,
    STRING,
    TIME,
    UNKNOWN,
    Nature,
    array_of,
)
from ferrata.metrics.expression.nodes import Binary, Literal


@dataclass(frozen=True, slots=True)
class Operands:
    """An operation and the static types of its two sides."""

    node: Binary
    left: Nature
    right: Nature

    def both(self, family: str, other: str = "") -> bool:
        """Tell whether the left is of `family` and the right of `other` (the same when not given)."""
        return self.left.of(family) and self.right.of(other or family)

    def maybe(self, *families: str) -> bool:
        """Tell whether it may work because a side is unknown."""
        return self.left.maybe_compatible(self.right, *families)


Rule = Callable[[Operands], Nature | None]


def mismatch(operator: str, left: Nature, right: Nature) -> str:
    """Return expr-lang's refusal of two types."""
    return f"invalid operation: {operator} (mismatched types {left.name} and {right.name})"


def _table(answers: dict[tuple[str, str], Nature | None], maybe: Nature) -> Rule:
    """Make a rule of pairs of families; None stands for the promotion of two numbers."""
    families = tuple(dict.fromkeys(family for pair in answers for family in pair))

    def rule(operands: Operands) -> Nature | None:
        for (left, right), answer in answers.items():
            if operands.both(left, right):
                return answer or (FLOAT if operands.left.floating or operands.right.floating else INT)
        return maybe if operands.maybe(*families) else None

    return rule


def _equality(operands: Operands) -> Nature | None:
    return BOOL if operands.left.comparable_to(operands.right) else None


def _member_of(operands: Operands) -> Nature | None:
    left, right = operands.left, operands.right
    if right.kind == "map":
        key = right.key or UNKNOWN
        if not left.unknown and not left.assignable_to(key):
            raise LocatedError(f"cannot use {left.name} as type {key.name} in map key", operands.node.at)
        return BOOL
    if right.array:
        if not left.comparable_to(right.item()):
            raise LocatedError(f"cannot use {left.name} as type {right.item().name} in array", operands.node.at)
        return BOOL
    if right.kind == "struct":
        return BOOL if left.unknown or left.kind == "string" else None
    return BOOL if right.unknown or (left.unknown and right.kind == "string") else None


def _matches(operands: Operands) -> Nature | None:
    pattern = operands.node.right
    if isinstance(pattern, Literal) and isinstance(pattern.value, str):
        try:
            regex.compile_pattern(pattern.value)
        except LocatedError as error:
            raise LocatedError(error.message, operands.node.at) from None
    if (operands.left.kind == "string" or operands.left == BYTES) and operands.right.kind == "string":
        return BOOL
    return BOOL if operands.maybe("string") else None


def _range(operands: Operands) -> Nature | None:
    return array_of(INT) if operands.both("integer") or operands.maybe("integer") else None


def _coalesce(operands: Operands) -> Nature | None:
    left, right = operands.left, operands.right
    if left.nil or right.nil:
        return NIL if left.nil and right.nil else (right if left.nil else left)
    return left if right.assignable_to(left) else UNKNOWN


_LOGIC = _table({("bool", "bool"): BOOL}, BOOL)
_ORDER = _table({(family, family): BOOL for family in ("number", "string", "time", "duration")}, BOOL)
_TEXT = _table({("string", "string"): BOOL}, BOOL)
_QUOTIENT = _table({("number", "number"): FLOAT}, FLOAT)

OPERATOR_RULES: dict[str, Rule] = {
    **dict.fromkeys(("==", "!="), _equality),
    **dict.fromkeys(("or", "||", "and", "&&"), _LOGIC),
    **dict.fromkeys(("<", ">", "<=", ">="), _ORDER),
    **dict.fromkeys(("contains", "startsWith", "endsWith"), _TEXT),
    **dict.fromkeys(("/", "**", "^"), _QUOTIENT),
    "%": _table({("integer", "integer"): INT}, INT),
    "-": _table(
        {
            ("number", "number"): None,
            ("time", "time"): DURATION,
            ("time", "duration"): TIME,
            ("duration", "duration"): DURATION,
        },
        UNKNOWN,
    ),
    "+": _table(
        {
            ("number", "number"): None,
            ("string", "string"): STRING,
            ("time", "duration"): TIME,
            ("duration", "time"): TIME,
            ("duration", "duration"): DURATION,
        },
        UNKNOWN,
    ),
    "*": _table(
        {
            ("number", "number"): None,
            ("number", "duration"): DURATION,
            ("duration", "number"): DURATION,
            ("duration", "duration"): DURATION,
        },
        UNKNOWN,
    ),
    "in": _member_of,
    "matches": _matches,
    "..": _range,
    "??": _coalesce,
}
