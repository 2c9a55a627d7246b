"""An AnalysisRun from measurement to verdict: counters, limits, fail-fast, texts, dry runs, retention, due times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ferrata.model.analysis import Measurement, Metric, MetricResult, RunSpec, RunState
from ferrata.plan.analysis.assess import assess, metric_phase
from ferrata.plan.analysis.record import record
from ferrata.plan.analysis.tasks import due, due_at, is_terminating, wake_up
from ferrata.plan.analysis.validate import fault

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENDLESS = Metric("m", interval=60.0, count=None)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def measured(spec: RunSpec, phases: str, name: str = "m", state: RunState | None = None, text: str = "") -> RunState:
    """A state after measurements, one letter each: S, F, I or E."""
    words = {"S": "Successful", "F": "Failed", "I": "Inconclusive", "E": "Error"}
    state = state or RunState()
    for letter in phases:
        state = record(spec, state, name, Measurement(words[letter], NOW, NOW, message=text), {})
    return state


def result_of(state: RunState, name: str = "m") -> MetricResult:
    found = state.result(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("phases", "counters"),
    [  # count, successful, failed, inconclusive, error, consecutive errors, consecutive successes
        ("S", (1, 1, 0, 0, 0, 0, 1)),
        ("F", (1, 0, 1, 0, 0, 0, 0)),
        ("I", (1, 0, 0, 1, 0, 0, 0)),
        ("E", (0, 0, 0, 0, 1, 1, 0)),
        ("SSE", (2, 2, 0, 0, 1, 1, 0)),
        ("EES", (1, 1, 0, 0, 2, 0, 1)),
        ("EEF", (1, 0, 1, 0, 2, 0, 0)),
        ("SSI", (3, 2, 0, 1, 0, 0, 0)),
    ],
)
def test_every_measurement_moves_the_counters_of_its_phase(phases: str, counters: tuple[int, ...]) -> None:
    r = result_of(measured(RunSpec((ENDLESS,)), phases))
    seen = (r.count, r.successful, r.failed, r.inconclusive, r.error, r.consecutive_error, r.consecutive_success)
    assert seen == counters


@pytest.mark.parametrize(
    ("metric", "phases", "phase"),
    [
        (ENDLESS, "S", "Running"),
        (ENDLESS, "F", "Failed"),
        (ENDLESS, "I", "Inconclusive"),
        (ENDLESS, "EEEE", "Running"),
        (ENDLESS, "EEEEE", "Error"),
        (ENDLESS, "EEEESEEEE", "Running"),
        (replace(ENDLESS, failure_limit=2), "FSF", "Running"),
        (replace(ENDLESS, failure_limit=2), "FSFSF", "Failed"),
        (replace(ENDLESS, failure_limit=-1, success_limit=2), "FFFFSFS", "Running"),
        (replace(ENDLESS, failure_limit=-1, success_limit=2), "FFFFSS", "Successful"),
        (replace(ENDLESS, count=3), "SS", "Running"),
        (replace(ENDLESS, count=3), "SSS", "Successful"),
        (replace(ENDLESS, count=3), "SSEE", "Running"),
        (replace(ENDLESS, count=3, failure_limit=1), "SFS", "Successful"),
        (replace(ENDLESS, count=4, failure_limit=2, success_limit=2), "SFSF", "Inconclusive"),
        (replace(ENDLESS, count=4, failure_limit=-1, success_limit=2), "SFSF", "Failed"),
        (replace(ENDLESS, inconclusive_limit=1, failure_limit=1), "IFFI", "Inconclusive"),
    ],
)
def test_limits_decide_the_phase_of_a_metric(metric: Metric, phases: str, phase: str) -> None:
    result = result_of(measured(RunSpec((metric,)), phases))
    assert metric_phase(metric, result, terminating=False) == phase


def test_a_phase_that_is_final_stays() -> None:
    assert metric_phase(ENDLESS, MetricResult("m", "Failed"), terminating=False) == "Failed"


def test_a_metric_without_measurements_waits_unless_the_run_is_to_end() -> None:
    assert metric_phase(ENDLESS, MetricResult("m"), terminating=False) == "Pending"
    assert metric_phase(ENDLESS, MetricResult("m"), terminating=True) == "Successful"


def test_a_run_starts_with_its_first_assessment_and_runs_until_every_metric_has_ended() -> None:
    spec = RunSpec((replace(ENDLESS, count=2),))
    first = assess(spec, measured(spec, "S"), NOW).state
    assert (first.phase, first.started, first.completed, first.message) == ("Running", NOW, None, "")
    done = assess(spec, measured(spec, "S", state=first), at(60))
    assert (done.state.phase, done.state.started, done.state.completed) == ("Successful", NOW, at(60))
    assert [(e.reason, e.message, e.type) for e in done.events] == [
        ("MetricSuccessful", "Metric 'm' Completed. Result: Successful", "Normal"),
        ("AnalysisRunSuccessful", "Analysis Completed. Result: Successful", "Normal"),
    ]


@pytest.mark.parametrize(
    ("phases", "text", "phase", "message"),
    [
        ("F", "", "Failed", 'Metric "m" assessed Failed due to failed (1) > failureLimit (0)'),
        ("I", "", "Inconclusive", 'Metric "m" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)'),
        (
            "EEEEE",
            "down",
            "Error",
            'Metric "m" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4): "Error Message: down"',
        ),
    ],
)
def test_a_run_says_which_metric_ended_it_and_why(phases: str, text: str, phase: str, message: str) -> None:
    spec = RunSpec((ENDLESS,))
    state = assess(spec, measured(spec, phases, text=text), NOW).state
    assert (state.phase, state.message) == (phase, message)


def test_a_bad_metric_ends_the_others_in_the_next_pass() -> None:
    spec = RunSpec((replace(ENDLESS, name="a"), replace(ENDLESS, name="b")))
    state = measured(spec, "S", "b", measured(spec, "F", "a"))
    first = assess(spec, state, NOW).state
    assert (first.phase, result_of(first, "a").phase, result_of(first, "b").phase) == ("Running", "Failed", "Running")
    assert is_terminating(spec, first)
    assert due(spec, first, at(999)) == ()
    assert wake_up(spec, first, at(1)) == at(1)
    second = assess(spec, first, at(1)).state
    assert (second.phase, result_of(second, "b").phase) == ("Failed", "Successful")
    assert second.message == 'Metric "a" assessed Failed due to failed (1) > failureLimit (0)'
    assert wake_up(spec, second, at(2)) is None


def test_the_worst_phase_wins_and_a_worse_one_without_a_limit_keeps_the_message() -> None:
    unmet = replace(ENDLESS, name="b", count=1, failure_limit=-1, success_limit=1)
    spec = RunSpec((replace(ENDLESS, name="a"), unmet))
    state = assess(spec, measured(spec, "F", "b", measured(spec, "I", "a")), NOW).state
    assert state.phase == "Failed"
    assert state.message.startswith('Metric "a" assessed Inconclusive')
    summary = state.summary
    assert (summary.count, summary.successful, summary.inconclusive, summary.failed) == (2, 1, 1, 0)


def test_a_run_that_is_told_to_end_is_successful_at_once() -> None:
    spec = RunSpec((ENDLESS,), terminate=True)
    state = assess(spec, measured(spec, "S", state=RunState(phase="Running", started=NOW)), at(5)).state
    assert (state.phase, state.message, state.completed) == ("Successful", "Run Terminated", at(5))
    assert assess(spec, RunState(), NOW).state.phase == "Successful"


def test_a_dry_run_metric_is_counted_and_never_decides() -> None:
    spec = RunSpec((replace(ENDLESS, name="a"), replace(ENDLESS, name="b", count=1)), dry_run=frozenset({"a"}))
    state = assess(spec, measured(spec, "S", "b", measured(spec, "F", "a")), NOW).state
    assert (state.phase, state.message) == ("Successful", "")
    assert result_of(state, "a").message == "Metric assessed Failed due to failed (1) > failureLimit (0)"
    assert state.summary.to_json() == {"count": 1, "successful": 1}
    assert state.dry_run_summary is not None
    assert state.dry_run_summary.to_json() == {"count": 1, "failed": 1}
    assert not is_terminating(spec, state)


@pytest.mark.parametrize(("retention", "kept"), [({}, 10), ({"m": 3}, 3), ({"m": 0}, 10), ({"m": 20}, 12)])
def test_the_newest_measurements_are_kept_and_counters_count_all(retention: dict[str, int], kept: int) -> None:
    spec = RunSpec((replace(ENDLESS, failure_limit=99),), retention=retention)
    result = result_of(measured(spec, "F" + "S" * 11))
    assert (len(result.measurements), result.count) == (kept, 12)


@pytest.mark.parametrize(
    ("metric", "phases", "seconds"),
    [
        (ENDLESS, "", 0),
        (ENDLESS, "S", 60),
        (ENDLESS, "E", 10),
        (replace(ENDLESS, interval=2.0), "E", 10),
        (replace(ENDLESS, interval=None, count=1), "E", 10),
        (replace(ENDLESS, count=1), "S", None),
        (replace(ENDLESS, initial_delay=30.0), "", 30),
        (replace(ENDLESS, initial_delay=30.0), "S", 60),
    ],
)
def test_when_a_metric_is_due(metric: Metric, phases: str, seconds: int | None) -> None:
    spec = RunSpec((metric,))
    state = replace(measured(spec, phases), started=NOW)
    assert due_at(metric, state, NOW) == (None if seconds is None else at(seconds))
    if seconds:
        assert due(spec, state, at(seconds - 1)) == ()
        assert due(spec, state, at(seconds)) == (metric,)
        assert wake_up(spec, state, NOW) == at(seconds)


def test_a_delayed_metric_is_not_measured_before_the_run_has_started() -> None:
    spec = RunSpec((replace(ENDLESS, initial_delay=30.0),))
    assert due(spec, RunState(), NOW) == ()
    assert assess(spec, RunState(), NOW).state.phase == "Running"


GOOD = Metric("m", interval=1.0, provider={"prometheus": {}})


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        ((), "no metrics specified"),
        ((GOOD,), ""),
        ((GOOD, GOOD), "metrics[1]: duplicate name 'm'"),
        ((replace(GOOD, success_limit=-1),), "metrics[0]: consecutiveSuccessLimit must be >= 0"),
        ((replace(GOOD, failure_limit=-2),), "metrics[0]: failureLimit must be >= 0, or -1 to be disabled"),
        (
            (replace(GOOD, failure_limit=-1),),
            "metrics[0]: failureLimit and consecutiveSuccessLimit cannot both be disabled",
        ),
        ((replace(GOOD, inconclusive_limit=-1),), "metrics[0]: inconclusiveLimit must be >= 0"),
        ((replace(GOOD, error_limit=-1),), "metrics[0]: consecutiveErrorLimit must be >= 0"),
        (
            (replace(GOOD, given_count=2, failure_limit=2, success_limit=1),),
            "metrics[0]: count (2) must be >= failureLimit + consecutiveSuccessLimit (2 + 1) if both >= 0",
        ),
        (
            (replace(GOOD, given_count=2, failure_limit=-1, success_limit=3),),
            "metrics[0]: count must be >= consecutiveSuccessLimit",
        ),
        ((replace(GOOD, given_count=2, inconclusive_limit=3),), "metrics[0]: count must be >= inconclusiveLimit"),
        (
            (replace(GOOD, given_count=2, interval=None),),
            "metrics[0]: interval must be specified when count > 1",
        ),
        ((replace(GOOD, interval=None, failure_limit=3),), ""),
        ((replace(GOOD, provider={}),), "metrics[0]: no provider specified"),
        ((replace(GOOD, provider={"web": {}, "job": {}}),), "metrics[0]: multiple providers specified"),
        ((replace(GOOD, provider={"plugin": {"a": {}, "b": {}}}),), "metrics[0]: multiple providers specified"),
    ],
)
def test_a_run_that_cannot_be_carried_out_is_refused_with_the_reason(metrics: tuple[Metric, ...], text: str) -> None:
    assert fault(metrics) == text
