# ruff: noqa: E501  tables of expressions read best with one entry to a line
"""What is refused, in which words and where; and the verdicts that conditions lead to."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from ferrata.metrics.expression import ExpressionError, Floats, JsonArray, check, evaluate_time, judge
from ferrata.metrics.expression.program import compile as compiled

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NO_DATA = "metric result is nil or empty: no data returned from the metric provider"


def refused(source: str, result: object = None) -> tuple[str, int, int]:
    with pytest.raises(ExpressionError) as caught:
        compiled(source).evaluate(result, NOW)
    return caught.value.message, caught.value.line, caught.value.column


@pytest.mark.parametrize(
    ("source", "message", "column"),
    [
        ("result >", "unexpected token EOF", 8), ("1 +* 2", 'unexpected token Operator("*")', 4), ("(1", "unexpected token EOF", 2), ("[, 1]", 'unexpected token Operator(",")', 2),
        ("true(1)", 'unexpected token Bracket("(")', 5), ("1[0]", 'unexpected token Bracket("[")', 2), ('"abc', "literal not terminated", 1), ("1h", 'bad number syntax: "1h"', 2),
        ('"\\q"', "invalid char escape", 3), ("result.(1)", "expected name", 8), ("any([1], 1; true)", "wrap predicate with brackets { and }", 11), ("a @ b", "unrecognized character: U+0040 '@'", 3),
        ('1 "a\\tb"', 'unexpected token String("a\\tb")', 3), ("1 ?? 2 + 3", "Operator (+) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.", 8),
        ("map([1])", "expected at least 2 arguments", 1),
        ("{1 + 1: 2}", 'unexpected token Operator("+")', 4),
        ("{!a: 1}", 'a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses (unexpected token Operator("!"))', 2),
    ],
)  # fmt: skip
def test_syntax_errors_have_a_place(source: str, message: str, column: int) -> None:
    assert refused(source) == (message, 1, column)


def test_a_place_counts_lines() -> None:
    assert refused("1 +\n  2 +\n  foo") == ("unknown name foo", 3, 3)


@pytest.mark.parametrize(
    ("source", "result", "message"),
    [
        ("x > 1", 1.0, "unknown name x"), ('result == "a"', 1.0, "invalid operation: == (mismatched types float64 and string)"), ("result > 1", "a", "invalid operation: > (mismatched types string and int)"),
        ("isNaN(result)", "a", "cannot use string as argument (type float64) to call isNaN "), ("result.a", 1.0, "type float64 has no field a"), ("result.a", None, "type nil has no field a"),
        ("!1", None, "invalid operation: ! (mismatched type int)"), ("1 ? 2 : 3", None, "non-bool expression (type int) used as condition"), ("filter(1, true)", None, "builtin filter takes only array (got int)"),
        ("filter([1], #)", None, "predicate should return boolean (got int)"), ('result["a"]', Floats([1.0]), "array elements can only be selected using an integer (got string)"), ("len(1)", None, "invalid argument for len (type int)"),
        ("let result = 1; 2", None, "cannot redeclare result"), ("let len = 1; 2", None, "cannot redeclare builtin len"), ("1.5 % 2", None, "invalid operation: % (mismatched types float64 and int)"), ("#", None, 'unexpected token Operator("#")'),
        ('"a" matches "("', None, "error parsing regexp: missing closing ): `(`"), ("upper(1)", None, "cannot use int as argument (type string) to call upper "), ("asInt()", None, "not enough arguments to call asInt"),
    ],
)  # fmt: skip
def test_what_can_never_work_is_found_before_it_is_evaluated(source: str, result: object, message: str) -> None:
    found, line, column = refused(source, result)
    assert found == message
    assert (line, column) >= (1, 1)


@pytest.mark.parametrize(
    ("source", "result", "message"),
    [
        ("result[3]", Floats([1.0]), "index out of range: 3 (array length is 1)"), ('asInt("1.1")', None, 'strconv.ParseInt: parsing "1.1": invalid syntax'), ("asInt(result)", True, "asInt() not supported on bool true"),
        ("asFloat(result)", JsonArray([]), "asFloat() not supported on []interface {} []"), ("result.a < 1", {"a": None}, "invalid operation: <nil> < int"), ("result.a && true", {"a": 1}, "interface conversion: interface {} is float64, not bool"),
        ("1 % 0", None, "runtime error: integer divide by zero"), ("fromJSON('1e400')", None, "json: cannot unmarshal number 1e400 into Go value of type float64"), ('duration("1d")', None, 'time: unknown unit "d" in duration "1d"'),
        ('date("nonsense")', None, "invalid date nonsense"), ("result.a.b", {}, "cannot fetch b from <nil>"), ('repeat("a", -1)', None, "invalid argument for repeat (expected positive integer, got -1)"),
    ],
)  # fmt: skip
def test_what_fails_while_it_is_evaluated(source: str, result: object, message: str) -> None:
    assert refused(source, result)[0] == message


@pytest.mark.parametrize(
    ("success", "failure", "result", "phase"),
    [
        (None, None, 1.0, "Successful"), ("result > 1", None, 2.0, "Successful"), ("result > 1", None, 1.0, "Failed"), (None, "result > 1", 2.0, "Failed"), (None, "result > 1", 1.0, "Successful"),
        ("result > 1", "result < 0", 0.5, "Inconclusive"), ("result > 1", "result > 1", 2.0, "Failed"), ("result > 1", "x", 2.0, "Error"), ("len(result) > 0", None, Floats(), "Failed"),
        ("result < 1", None, math.nan, "Failed"), (None, "result < 1", math.nan, "Successful"), ("result < 1", "result >= 1", math.nan, "Inconclusive"),
    ],
)  # fmt: skip
def test_a_verdict(success: str | None, failure: str | None, result: object, phase: str) -> None:
    assert judge(success, failure, result, NOW).phase == phase


@pytest.mark.parametrize("result", [None, Floats(), JsonArray()])
def test_no_data_is_told_as_what_it_is(result: object) -> None:
    found = judge("result[0] >= 0.95", None, result, NOW)
    assert found.phase == "Error"
    assert found.message == f'could not evaluate successCondition "result[0] >= 0.95": {NO_DATA}'


def test_an_answer_that_is_no_boolean_is_an_error() -> None:
    assert (
        judge(None, "result", 0.5, NOW).message
        == 'could not evaluate failureCondition "result": expected bool, but got float64'
    )


def test_the_start_of_a_range_is_an_instant() -> None:
    assert evaluate_time('now() - duration("1h")', NOW) == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    with pytest.raises(ExpressionError, match=r"expected time\.Time, but got int"):
        evaluate_time("1", NOW)


def test_check_finds_what_is_wrong_whatever_the_result() -> None:
    assert check("result[0] >= 0.95 && result.ok") is None
    assert check("result >= x") == "unknown name x (1:11)"
    assert check("result >=") == "unexpected token EOF (1:9)"


def test_a_program_is_compiled_once() -> None:
    assert compiled("result > 12345") is compiled("result > 12345")
