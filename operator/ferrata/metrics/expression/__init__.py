"""The expression language of success and failure conditions: expr-lang as Argo Rollouts users write it.

    source -> parser (grammar.lark, operators) -> nodes -> checker (natures) -> evaluator -> value -> judgement

Typed before it is evaluated, bounded in size, depth, steps and memory (limits), without eval and without look-around in
patterns (regex). One rule is ours: a vector of exactly one number compares as that number (`result >= 0.95` with
`[0.97]`).
"""

from __future__ import annotations

from ferrata.metrics.expression.errors import ExpressionError
from ferrata.metrics.expression.judgement import (
    Judgement,
    check,
    evaluate_condition,
    evaluate_time,
    judge,
    judge_quickly,
)
from ferrata.metrics.expression.program import Program, compile  # noqa: A004  see there
from ferrata.metrics.expression.values import Floats, JsonArray

__all__ = [
    "ExpressionError",
    "Floats",
    "JsonArray",
    "Judgement",
    "Program",
    "check",
    "compile",
    "evaluate_condition",
    "evaluate_time",
    "judge",
    "judge_quickly",
]
