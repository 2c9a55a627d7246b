# ruff: noqa: E501  tables of expressions read best with one entry to a line
"""Conditions as manuals, blogs and issues show them, each judged on results of every shape."""

from __future__ import annotations

import itertools
import math

from ferrata.metrics.expression import Floats, JsonArray
from tests.expressions.generator import Case

CONDITIONS = (
    "result >= 0.95", "result[0] >= 0.95", "result < 0.05", "result[0] < 0.05", "result == 200", "result != nil",
    "all(result, # > 0.99)", "all(result, {# < 0.1})", "any(result, {# >= 0.9})", "none(result, {isNaN(#)})", "one(result, # == 1)",
    "len(result) == 0 || result[0] < 0.05", "len(result) > 0", "len(result) == 0 or isNaN(result[0]) or result[0] >= 0.95",
    "isNaN(result[0]) || result[0] >= 0.9", "!isNaN(result) && result > 0.5", "isInf(result)", "not isInf(result[0])",
    "default(result, 0) < 0.05", "isNil(result) || result < 5", "result == nil || result[0] < 0.5", "asInt(result) >= 1", "asFloat(result) >= 0.5",
    "asFloat(result.successPercent) >= 0.95", "result.ok && result.successPercent >= 0.90", 'result == "true"', 'result.status == "Passed"',
    "result.code in [200, 201]", "result.code == 200", "result.data[0] == 1", 'result["a-b"] != nil', "result?.data?.items ?? 0 == 0",
    '"ok" in result', '"ok" in keys(result)', 'result matches "^a.*"', 'result contains "ok"', "result | len() > 1",
    "filter(result, # > 1) | len() == 0", "count(result, # > 0.5) <= 2", "sum(result) / len(result) < 1", "mean(result) < 1", "max(result) < 2 and min(result) >= 0",
    "map(result, # * 100)[0] > 95", "find(result, # > 0.5) != nil", "first(result) ?? 0 > 0.5", "get(result, 0) > 0.5", "result[-1] <= 1", "result[0:1][0] >= 0.95",
    "let ratio = result[0]; ratio >= 0.9 && ratio <= 1", "0 <= result[0] <= 1", "result[0] > 0.9 ? true : false", "if len(result) > 0 { result[0] > 0.9 } else { true }",
    "reduce(result, #acc + #) > 1", "sort(result)[0] >= 0", "1", "result", "undefined > 1", "result >", "", "result.[0]",
)  # fmt: skip

RESULTS: tuple[object, ...] = (
    None, 0.0, 0.95, 200.0, math.nan, math.inf, -math.inf, True, False, "", "ok", "0.97", "true", Floats(), Floats([0.97]), Floats([math.nan]),
    Floats([0.5, 0.99, 1.0]), Floats([math.inf, 1.0]), JsonArray(), JsonArray([0.97]), JsonArray([1.0, "a", None]), JsonArray([{"ok": True}]), {},
    {"ok": True, "successPercent": 0.95, "code": 200.0}, {"ok": "yes", "successPercent": "0.97"}, {"data": [1.0], "a-b": 1.0, "status": "Passed"},
    {"data": {"items": 3.0}, "code": "200"},
)  # fmt: skip


def written_cases() -> list[Case]:
    """Every condition on every result; their seeds count down from -1."""
    pairs = itertools.product(CONDITIONS, RESULTS)
    return [Case(-number, source, result) for number, (source, result) in enumerate(pairs, 1)]
