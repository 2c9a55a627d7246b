"""What is certainly wrong with a query is found before Prometheus is asked; what may be right passes."""

from __future__ import annotations

import pytest

from ferrata.metrics.promql import query_fault


@pytest.mark.parametrize(
    "query",
    [
        "up",
        'sum(rate(http_requests_total{job="web", code=~"5..|[4](?:2)\\""}[5m])) by (job) / 2',
        "vector(1) # (not closed",
        "label_replace(up, 'a', `$1(`, '', '')",
        'up{a="}"}[1m:30s] @ end()',
        'up{a=~"#("}',
    ],
)
def test_a_query_that_may_be_right_passes(query: str) -> None:
    assert query_fault(query) == ""


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("", "the query is empty"),
        (" \n", "the query is empty"),
        ("sum(up", '"(" at character 4 is never closed'),
        ("sum(up))", '")" at character 8 closes nothing'),
        ("sum(up[5m)]", '")" at character 10 closes nothing'),
        ('up{a="b}', "the string that begins at character 6 has no end"),
        ("vector(1 # )", '"(" at character 7 is never closed'),
    ],
)
def test_what_is_left_open_is_named_with_its_place(query: str, fault: str) -> None:
    assert query_fault(query) == fault
