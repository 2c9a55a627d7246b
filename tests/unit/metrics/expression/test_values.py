# ruff: noqa: E501  tables of expressions read best with one entry to a line
"""What expressions answer: operators, collections, predicates, pipes, text, numbers, and the functions of conditions."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from ferrata.metrics.expression import ExpressionError, Floats, JsonArray
from ferrata.metrics.expression.program import compile as compiled

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PAGE = {"ok": True, "successPercent": 0.95, "code": 200, "data": {"items": [1, 2, 3]}, "a-b": "dash", "none": None}


def value(source: str, result: object = None) -> object:
    return compiled(source).evaluate(result, NOW)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("7 % 4", 3), ("-7 % 4", -3), ("1 / 2", 0.5), ("4 / 2", 2.0), ("2 ** 3 ** 2", 512.0),
        ("2 ^ 3", 8.0), ("-2 ** 2", -4.0), ("1 == 1.0", True), ("1 < 2 < 3", True), ("1 < 3 < 2", False), ("not true or true", True),
        ("!(true and false)", True), ("true ? 1 : 2", 1), ("nil ?? 5", 5), ("1 in [1, 2]", True), ("3 not in [1, 2]", True),
        ('"a" in {a: 1}', True), ('"abc" contains "b"', True), ('"abc" not startsWith "b"', True), ('"abc" endsWith "c"', True),
        ('"a1" matches "^[a-z][0-9]$"', True), ("1..3 == [1, 2, 3]", True), ('"a" + "b"', "ab"), ("let x = 2; x * x", 4),
        ("if 1 > 2 { 1 } else { 2 }", 2), ("9223372036854775807 + 1", -(2**63)), ("1; 2; 3", 3), ("1 /* one */ + 1 // two", 2),
        ("5 / 0", math.inf), ("-5 / 0", -math.inf),
    ],
)  # fmt: skip
def test_operators(source: str, expected: object) -> None:
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("0x1F", 31), ("0b101", 5), ("0o17", 15), ("1_000", 1000), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("1E-2", 0.01),
        ('"\\x41\\u00e9\\n"', "Aé\n"), ("`raw \\n`", "raw \\n"), ("'it\\'s'", "it's"), ("[1, 2,]", [1, 2]), ("{a: 1, 'b': 2, (\"c\"): 3}", {"a": 1, "b": 2, "c": 3}),
    ],
)  # fmt: skip
def test_literals(source: str, expected: object) -> None:
    found = value(source)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("all([1, 2], # > 0)", True), ("all([], # > 0)", True), ("any([1, 2], {# > 1})", True), ("any([], true)", False), ("none([1], # > 1)", True),
        ("one([1, 2], # == 1)", True), ("filter(1..5, # % 2 == 0)", [2, 4]), ("map(1..3, # * #index)", [0, 2, 6]), ("count(1..4, # > 2)", 2),
        ("find([1, 5, 7], # > 2)", 5), ("findIndex([1, 5, 7], # > 2)", 1), ("findLast([1, 5, 7], # > 2)", 7), ("findLastIndex([1, 5, 7], # < 6)", 1),
        ("find([1], # > 2)", None), ("sum([1, 2, 3])", 6), ("sum([1, 2], # * 2)", 6), ("reduce(1..4, #acc + #)", 10), ("reduce([1], #acc + #, 10)", 11),
        ("sortBy([{a: 2}, {a: 1}], .a)[0].a", 1), ('sortBy([1, 3, 2], #, "desc")', [3, 2, 1]), ("groupBy(1..4, # % 2)[1]", [1, 3]),
        ("map([{v: 1}, {v: 2}], .v)", [1, 2]), ("map([[1, 2], [3]], any(#, # > 2))", [False, True]), ("map(1..2, {let x = #; x + 1})", [2, 3]),
    ],
)  # fmt: skip
def test_predicates(source: str, expected: object) -> None:
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[1, 2, 3][-1]", 3), ("[1, 2, 3][1:]", [2, 3]), ("[1, 2, 3][:-1]", [1, 2]), ("[1, 2][5:]", []), ('"hello"[1:3]', "el"), ("first([])", None),
        ("last([1, 2])", 2), ("get([1], 9)", None), ("take([1, 2, 3], 2)", [1, 2]), ("reverse([1, 2])", [2, 1]), ("uniq([1, 1.0, 2])", [1, 2]),
        ("concat([1], [2])", [1, 2]), ("flatten([1, [2, [3]]])", [1, 2, 3]), ("sort([3, 1, 2])", [1, 2, 3]), ('sort([1, 2], "desc")', [2, 1]),
        ("keys({b: 1, a: 2})", ["a", "b"]), ("values({a: 2})", [2]), ("len(toPairs({a: 1}))", 1), ('fromPairs([["a", 1]])["a"]', 1), ("max([1, 5], 3)", 5),
        ("min(2, 1.5)", 1.5), ("mean([1, 2])", 1.5), ("median([3, 1, 2])", 2.0), ("mean([])", 0.0), ("len({a: 1})", 1),
    ],
)  # fmt: skip
def test_collections(source: str, expected: object) -> None:
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('upper("ab") + lower("CD")', "ABcd"), ('trim("  a ")', "a"), ('trim("xax", "x")', "a"), ('trimPrefix("v1", "v")', "1"), ('trimSuffix("1s", "s")', "1"),
        ('split("a,b", ",")', ["a", "b"]), ('splitAfter("a,b", ",")', ["a,", "b"]), ('split("a,b,c", ",", 2)', ["a", "b,c"]), ('replace("aa", "a", "b", 1)', "ba"),
        ('repeat("ab", 2)', "abab"), ('join(["a", "b"], "-")', "a-b"), ('indexOf("abc", "c")', 2), ('lastIndexOf("aba", "a")', 2), ('hasPrefix("abc", "a")', True),
        ('hasSuffix("abc", "a")', False), ("string(0.5)", "0.5"), ("string(1000000.0)", "1e+06"), ("string([1, nil])", "[1 <nil>]"), ("type(1.0)", "float"),
        ("type(groupBy([1], #))", "map"), ("toJSON({a: [1, \"<\"]})", '{\n  "a": [\n    1,\n    "\\u003c"\n  ]\n}'), ("fromJSON('{\"a\": 1}').a", 1.0),
        ('fromBase64(toBase64("é"))', "é"), ('"a" | upper() | len()', 1), ('len("é")', 1),
    ],
)  # fmt: skip
def test_text(source: str, expected: object) -> None:
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("abs(-2)", 2), ("ceil(1.2)", 2.0), ("floor(-1.2)", -2.0), ("round(2.5)", 3.0), ("int(1.9)", 1), ('int("12")', 12), ('float("0x1p4")', 16.0), ('float("1.")', 1.0), ('float(".5e1")', 5.0),
        ('asFloat("1_000.5")', 1000.5), ('asInt("-007")', -7), ("asInt(1.9)", 1), ("asFloat(1)", 1.0), ("bitand(6, 3)", 2), ("bitshl(1, 4)", 16), ("bitnot(0)", -1),
        ("isNaN(0.0 / 0)", True), ("isInf(-1 / 0)", True), ("isInf(1)", False),
    ],
)  # fmt: skip
def test_numbers(source: str, expected: object) -> None:
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("result.ok && result.successPercent >= 0.90", True), ("result.code == 200", True), ('result["a-b"]', "dash"), ("result?.data?.items[1]", 2.0),
        ("result?.missing?.deeper", None), ("result.missing ?? 7", 7), ('"ok" in result', True), ('get(result, "no")', None), ("result.none == nil", True),
        ("result.data.items | filter(# > 1) | len()", 2),
    ],
)  # fmt: skip
def test_members_of_decoded_json(source: str, expected: object) -> None:
    assert value(source, PAGE) == expected


def test_default_and_is_nil_look_at_result_whatever_they_are_given() -> None:
    assert value("default(1, 7)", None) == 7
    assert value("default(nil, 7)", 3.0) == 3.0
    assert value("isNil(1)", None) is True
    assert value("isNil(nil)", 1.0) is False


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("result >= 0.95", True),
        ("0.95 > result", False),
        ("result == 0.97", True),
        ("result != 1", True),
        ("result[0] >= 0.95", True),
    ],
)
@pytest.mark.parametrize("vector", [Floats([0.97]), [0.97], JsonArray([0.97])], ids=["vector", "list", "json"])
def test_a_vector_of_one_compares_as_its_element(source: str, expected: object, vector: object) -> None:
    assert value(source, vector) is expected


@pytest.mark.parametrize("vector", [Floats([1.0, 2.0]), JsonArray(["a"])])
def test_any_other_array_does_not_compare_with_a_number(vector: object) -> None:
    with pytest.raises(ExpressionError, match=r"invalid operation: >= \(mismatched types \[\].* and float64\)"):
        value("result >= 0.95", vector)


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "=="])
def test_nothing_compares_with_nan(operator: str) -> None:
    assert value(f"result {operator} result", math.nan) is False
    assert value(f"result[0] {operator} 1", Floats([math.nan])) is False
    assert value("result != result", math.nan) is True


def test_times_and_durations() -> None:
    assert value('now() - duration("5m")') == datetime(2026, 1, 2, 2, 59, 5, tzinfo=UTC)
    assert value('date("2024-01-02T03:04:05Z").Year()') == 2024
    assert value('(date("2024-01-02") - date("2024-01-01")).Hours()') == 24.0
    assert value('duration("1h") > duration("59m")') is True
