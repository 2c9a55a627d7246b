"""From conditions and a value to a verdict, in the order and the words that clients of Argo Rollouts know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ferrata.metrics.expression.errors import ExpressionError, TooCostlyError
from ferrata.metrics.expression.evaluator import NO_DATA
from ferrata.metrics.expression.limits import MAX_STEPS, QUICK_SOURCE, QUICK_STEPS
from ferrata.metrics.expression.program import Program
from ferrata.metrics.expression.program import compile as compiled
from ferrata.metrics.expression.values import type_name, weight

Phase = Literal["Successful", "Failed", "Inconclusive", "Error"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the conditions say about one value; `message` is empty unless the phase is Error."""

    phase: Phase
    message: str = ""


def evaluate_condition(label: str, source: str, result: object, now: datetime, most: int = MAX_STEPS) -> bool:
    """Return the answer of one condition; `label` is its field (`successCondition`). Raises ExpressionError.

    Any failure on a nil or empty result is told as what it is: the provider had no data.
    """
    try:
        return _answer(compiled(source), result, now, most)
    except TooCostlyError:
        if most < MAX_STEPS:
            raise
        problem = f"evaluation takes more than {MAX_STEPS} steps"
        raise ExpressionError(f'could not evaluate {label} "{source}": {problem}') from None
    except ExpressionError as error:
        empty = result is None or (isinstance(result, list | tuple) and not result)
        message = NO_DATA if empty else error.message
        text = f'could not evaluate {label} "{source}": {message}'
        raise ExpressionError(text, error.line, error.column) from None


def _answer(program: Program, result: object, now: datetime, most: int) -> bool:
    answer = program.evaluate(result, now, most)
    if isinstance(answer, bool):
        return answer
    raise ExpressionError(f"expected bool, but got {type_name(answer)}")


def judge_quickly(success: str | None, failure: str | None, result: object, now: datetime) -> Judgement | None:
    """Return the phase of a measurement, or None when that takes more than a few milliseconds: `judge` it elsewhere."""
    if max(len(success or ""), len(failure or "")) > QUICK_SOURCE or weight(result) > QUICK_STEPS:
        return None
    try:
        return judge(success, failure, result, now, QUICK_STEPS)
    except TooCostlyError:
        return None


def judge(success: str | None, failure: str | None, result: object, now: datetime, most: int = MAX_STEPS) -> Judgement:
    """Return the phase of a measurement. Both conditions are always evaluated; an error in either is an Error.

    Raises TooCostlyError when `most` is less than the limit and a condition takes more steps.
    """
    passed = failed = False
    problem = ""
    for label, source in (("successCondition", success), ("failureCondition", failure)):
        if not source:
            continue
        try:
            answer = evaluate_condition(label, source, result, now, most)
        except TooCostlyError:
            raise
        except ExpressionError as error:
            problem = problem or error.message
            continue
        if label == "successCondition":
            passed = answer
        else:
            failed = answer
    if problem:
        return Judgement("Error", problem)
    return Judgement(_phase(bool(success), bool(failure), passed, failed))


def _phase(has_success: bool, has_failure: bool, passed: bool, failed: bool) -> Phase:
    if failed:
        return "Failed"
    if passed or not has_success:
        return "Successful" if passed or not has_success else "Failed"
    return "Inconclusive" if has_failure else "Failed"


def evaluate_time(source: str, now: datetime) -> datetime:
    """Return the instant of an expression such as `now() - duration("5m")`; ExpressionError when it is none."""
    answer = compiled(source).evaluate(None, now)
    if isinstance(answer, datetime):
        return answer
    raise ExpressionError(f"expected time.Time, but got {type_name(answer)}")


def check(source: str) -> str | None:
    """Return what is wrong with a condition whatever the value will be (syntax, unknown names, types), or None."""
    try:
        compiled(source).require_types()
    except ExpressionError as error:
        place = f" ({error.line}:{error.column})" if error.line else ""
        return f"{error.message}{place}"
    return None
