# ruff: noqa: E501  tables of expressions read best with one entry to a line
"""Where we differ from expr-lang, each with its reason and the test that recognizes it.

A difference that none of these recognizes fails the test, and so does one of these that no longer occurs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.expressions.generator import Case
from tests.expressions.oracle import Outcome

_MISMATCH = re.compile(r"invalid operation: \S+ \(mismatched types (.+) and (.+)\)")
_MISMATCH_RUNNING = re.compile(r"invalid operation: (\S+(?: \{\})?) (?:<|>|<=|>=) (\S+(?: \{\})?)$")
_ARRAYS = ("[]float64", "[]interface {}", "[]int", "[]string")
_BESIDE = ("float64", "int", "int64", "uint8", "unknown", "interface {}")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A difference that stays. `certain` is false where expr-lang's own answer changes from run to run."""

    name: str
    reason: str
    recognizes: Callable[[Case, Outcome, Outcome], bool]
    certain: bool = True


def _vector(_: Case, __: Outcome, theirs: Outcome) -> bool:
    found = _MISMATCH.match(theirs.message) or _MISMATCH_RUNNING.match(theirs.message)
    if not found:
        return False
    left, right = found.groups()
    return (left in _ARRAYS and right in _BESIDE) or (right in _ARRAYS and left in _BESIDE)


def _find_last(case: Case, _: Outcome, theirs: Outcome) -> bool:
    return "findLast" in case.source and theirs.failed == "run" and "bool" in theirs.message


def _nil_as_static_type(_: Case, ours: Outcome, theirs: Outcome) -> bool:
    conversion = re.fullmatch(r"interface conversion: interface \{\} is (nil|bool), not (int|string)", theirs.message)
    return conversion is not None and ours.failed != "compile"


def _order_of_keys(case: Case, ours: Outcome, theirs: Outcome) -> bool:
    return re.search(r"\b(keys|values|toPairs)\(", case.source) is not None and "compile" not in (
        ours.failed,
        theirs.failed,
    )


def _folded(case: Case, ours: Outcome, theirs: Outcome) -> bool:
    logic = re.search(r"\b(and|or)\b|&&|\|\|", case.source)
    constant = re.search(r"\b(true|false)\b|==", case.source)
    return bool(ours.failed == "run" and theirs.failed != "compile" and logic and constant)


def _both_refused(ours: Outcome, theirs: Outcome) -> bool:
    return bool(ours.failed and ours.failed == theirs.failed)


def _json_message(_: Case, ours: Outcome, theirs: Outcome) -> bool:
    return _both_refused(ours, theirs) and ours.message.startswith("invalid JSON: ")


def _empty_reduce(_: Case, ours: Outcome, theirs: Outcome) -> bool:
    return _both_refused(ours, theirs) and ours.message == "reduce of empty array with no initial value"


def _number_of_nil(_: Case, ours: Outcome, theirs: Outcome) -> bool:
    return _both_refused(ours, theirs) and theirs.message == "reflect: call of reflect.Value.Type on zero Value"


def _sign_and_postfix(case: Case, ours: Outcome, theirs: Outcome) -> bool:
    written = re.search(r"[+\-!] ?(\d[\d.]*|true|false|nil)(\[|\.[A-Za-z])", case.source)
    return bool(ours.failed == "compile" and theirs.failed and written and ours.message.startswith("unexpected token"))


def _layout(_: Case, ours: Outcome, __: Outcome) -> bool:
    return ours.failed == "run" and ours.message.startswith("parsing time ")


def _looks_ahead(_: Case, ours: Outcome, theirs: Outcome) -> bool:
    lexical = (
        "literal not terminated",
        "invalid char escape",
        "unrecognized character",
        "bad number syntax",
        "invalid ",
    )
    return ours.failed == theirs.failed == "compile" and (
        ours.message.startswith(lexical) or theirs.message.startswith(lexical)
    )


def _remainder(_: Case, ours: Outcome, theirs: Outcome) -> bool:
    return ours.failed == "run" and theirs.failed == "compile" and theirs.message == "integer divide by zero"


def _pointer(_: Case, ours: Outcome, theirs: Outcome) -> bool:
    return ours.failed == theirs.failed == "compile" and theirs.message == 'unexpected token Operator("#")'


DISAGREEMENTS = (
    Disagreement(
        "a vector of one",
        "An array beside a number compares as its element when it has exactly one. So such a comparison is refused when "
        "it is evaluated, not when it is compiled, and other faults of the same expression may be found before it.",
        _vector,
    ),
    Disagreement(
        "findLast and findLastIndex",
        "expr-lang leaves one boolean per turn under their answer, and an operator takes it for its left operand.",
        _find_last,
    ),
    Disagreement(
        "nil where a type was promised",
        "expr-lang trusts what a search was declared to answer and fails on nil; `nil == 1` is false here as elsewhere.",
        _nil_as_static_type,
    ),
    Disagreement(
        "order of keys",
        "Go walks over a map in an order that changes from run to run; a verdict must not, so ours is sorted.",
        _order_of_keys,
        certain=False,
    ),
    Disagreement(
        "folded logic",
        "expr-lang drops `and true`, `or false`, and all beside a deciding constant, without evaluating it. Here each side "
        "is evaluated from left to right and must be a boolean, so that a fault is not hidden.",
        _folded,
    ),
    Disagreement(
        "what is wrong with JSON",
        "The text behind `invalid JSON:` is that of our own parser.",
        _json_message,
    ),
    Disagreement(
        "reduce of nothing",
        "Said in words instead of a slice index out of range.",
        _empty_reduce,
    ),
    Disagreement(
        "int(nil)",
        "Said in words instead of a panic of Go's reflection.",
        _number_of_nil,
    ),
    Disagreement(
        "a sign, a constant and a postfix",
        "`-2.5.Add()` and `-1[0]` are syntax errors as `2.5.Add()` is; expr-lang parses them and then refuses the type.",
        _sign_and_postfix,
    ),
    Disagreement(
        "layouts of date",
        "A layout is turned into one of strptime: the text names no part that did not fit, and no part may come twice.",
        _layout,
    ),
    Disagreement(
        "which fault of several",
        "Both refuse to read it. Where there are several slips, the lexer looks one word further ahead than expr-lang's.",
        _looks_ahead,
    ),
    Disagreement(
        "1 % 0",
        "expr-lang works out operations on constants while it compiles; here nothing is worked out before it is evaluated.",
        _remainder,
    ),
    Disagreement(
        "# outside of a predicate",
        "Found when types are checked, so that another fault may be found before it.",
        _pointer,
    ),
)
