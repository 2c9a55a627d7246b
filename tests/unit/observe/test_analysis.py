"""Reading an AnalysisRun: arguments filled in, numbers and durations read, rules matched to metrics."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.errors import SpecRejected
from ferrata.observe.analysis import argument_values, read_run, secret_references
from ferrata.plan.analysis.validate import fault

Json = dict[str, Any]
PROVIDER = {"prometheus": {"query": "up"}}


def run(*metrics: Json, **spec: Any) -> Json:
    return {"spec": {"metrics": [{"name": "m", "provider": PROVIDER} | m for m in metrics], **spec}}


@pytest.mark.parametrize(
    ("metric", "count"),
    [
        ({}, 1),
        ({"interval": "1m"}, None),
        ({"count": 0, "interval": "1m"}, None),
        ({"count": "3", "interval": "1m"}, 3),
        ({"count": "many"}, 1),
    ],
)
def test_how_often_a_metric_is_measured(metric: Json, count: int | None) -> None:
    assert read_run(run(metric), {}).metrics[0].count == count


def test_a_failure_limit_without_a_count_is_valid_and_beyond_the_count_is_not() -> None:
    assert fault(read_run(run({"failureLimit": 3}), {}).metrics) == ""
    assert "count (1) must be >=" in fault(read_run(run({"failureLimit": 3, "count": 1}), {}).metrics)


def test_arguments_are_filled_in_and_stay_inside_their_strings() -> None:
    found = read_run(run({"name": "{{args.n}}", "failureLimit": "{{ args.f }}"}), {"n": 'a"b\\', "f": "2"})
    assert (found.metrics[0].name, found.metrics[0].failure_limit) == ('a"b\\', 2)


@pytest.mark.parametrize(
    ("body", "values", "text"),
    [
        (run({}), {"x": None}, 'Unable to resolve metric arguments: argument "x" was not supplied'),
        (run({"name": "{{x}}"}), {}, "Unable to resolve metric arguments: failed to resolve {{x}}"),
        (run({"interval": "5"}), {}, "Analysis spec invalid: metrics[0]: invalid interval string: "),
        (run({"initialDelay": "1d"}), {}, "Analysis spec invalid: metrics[0]: invalid startDelay string: "),
        (
            run({}, dryRun=[{"metricName": "m"}, {"metricName": "z"}]),
            {},
            "Analysis spec invalid: dryRun[1]: Rule didn't match any metric name(s)",
        ),
        (
            run({}, measurementRetention=[{"metricName": "(", "limit": 1}]),
            {},
            "Analysis spec invalid: measurementRetention[0]: Rule didn't match any metric name(s)",
        ),
    ],
)
def test_a_run_that_cannot_be_read_says_why(body: Json, values: dict[str, str | None], text: str) -> None:
    with pytest.raises(SpecRejected) as refused:
        read_run(body, values)
    assert str(refused.value).startswith(text)


def test_rules_find_metrics_anywhere_in_their_names() -> None:
    body = run({"name": "my-test-2"}, {"name": "b"}, dryRun=[{"metricName": "test"}])
    body["spec"]["measurementRetention"] = [{"metricName": ".*", "limit": 3}, {"metricName": "^b$", "limit": -1}]
    found = read_run(body, {})
    assert found.dry_run == {"my-test-2"}
    assert found.retention == {"my-test-2": 3, "b": 0}


def test_secrets_are_looked_up_or_stand_in() -> None:
    secret = {"name": "t", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    body = run({}, args=[{"name": "x", "value": "1"}, secret])
    assert secret_references(body) == [("s", "k")]
    assert argument_values(body) == {"x": "1", "t": "temp-for-secret"}
    assert argument_values(body, {("s", "k"): "hush"}) == {"x": "1", "t": "hush"}
