"""What the measurements mean: a phase for each metric, then one for the run.

Texts are those that clients of the API know. A dry-run metric is counted, and never decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ferrata.model.analysis import (
    ERROR,
    FAILED,
    INCONCLUSIVE,
    PENDING,
    RUNNING,
    SUCCESSFUL,
    TERMINAL,
    Metric,
    MetricResult,
    RunSpec,
    RunState,
    Summary,
)
from ferrata.plan.actions import Event
from ferrata.plan.analysis.tasks import is_terminating

_SEVERITY = {SUCCESSFUL: 0, RUNNING: 1, PENDING: 2, INCONCLUSIVE: 3, ERROR: 4, FAILED: 5}


@dataclass(frozen=True, slots=True)
class Assessment:
    """The state after assessing, and what to say about changes."""

    state: RunState
    events: tuple[Event, ...] = ()


def limit_check(metric: Metric, result: MetricResult) -> tuple[str, str]:
    """(phase, why) when a limit is exceeded, ("", "") otherwise; of several the last one counts."""
    found = ("", "")
    if metric.failure_limit >= 0 and result.failed > metric.failure_limit:
        found = FAILED, f"failed ({result.failed}) > failureLimit ({metric.failure_limit})"
    if result.inconclusive > metric.inconclusive_limit:
        found = INCONCLUSIVE, f"inconclusive ({result.inconclusive}) > inconclusiveLimit ({metric.inconclusive_limit})"
    if result.consecutive_error > metric.error_limit:
        text = f"consecutiveErrors ({result.consecutive_error}) > consecutiveErrorLimit ({metric.error_limit})"
        found = ERROR, text
    return found


def metric_phase(metric: Metric, result: MetricResult, *, terminating: bool) -> str:
    """The phase of one metric."""
    if result.phase in TERMINAL:
        return result.phase
    if result.last is None:
        return SUCCESSFUL if terminating else PENDING
    if result.last.finished is None:
        return RUNNING
    exceeded, _ = limit_check(metric, result)
    if exceeded:
        return exceeded
    return _within_limits(metric, result, terminating=terminating)


def _within_limits(metric: Metric, result: MetricResult, *, terminating: bool) -> str:
    if metric.success_limit > 0 and result.consecutive_success >= metric.success_limit:
        return SUCCESSFUL
    if metric.count is not None and result.count >= metric.count:
        if metric.success_limit > 0:
            return INCONCLUSIVE if metric.failure_limit >= 0 else FAILED
        return SUCCESSFUL
    return SUCCESSFUL if terminating else RUNNING


def assess(spec: RunSpec, state: RunState, now: datetime) -> Assessment:
    """The state with every metric and the run judged anew."""
    terminating = is_terminating(spec, state)
    events: list[Event] = []
    results = []
    for metric in spec.metrics:
        result = state.result(metric.name)
        if result is not None:
            judged = _judge(metric, result, terminating=terminating)
            events += _metric_event(result, judged)
            results.append(judged)
    state = replace(state, results=tuple(results), started=state.started or now)
    return _assess_run(spec, state, now, terminating=terminating, events=tuple(events))


def _judge(metric: Metric, result: MetricResult, *, terminating: bool) -> MetricResult:
    phase = metric_phase(metric, result, terminating=terminating)
    if phase == result.phase:
        return result
    message = result.last.message if result.last else ""
    _, why = limit_check(metric, result)
    if result.dry_run and phase in TERMINAL and why:
        message = f"Metric assessed {phase} due to {why}"
    return replace(result, phase=phase, message=message)


def _metric_event(old: MetricResult, new: MetricResult) -> list[Event]:
    if old.phase == new.phase or new.phase not in TERMINAL:
        return []
    text = f"Metric '{new.name}' Completed. Result: {new.phase}"
    return [Event(f"Metric{new.phase}", text, _type(new.phase))]


def _type(phase: str) -> str:
    return "Warning" if phase in {FAILED, ERROR} else "Normal"


def _assess_run(
    spec: RunSpec, state: RunState, now: datetime, *, terminating: bool, events: tuple[Event, ...]
) -> Assessment:
    worst, message = _worst(spec, state)
    everything_ended = all((r := state.result(m.name)) is not None and r.phase in TERMINAL for m in spec.metrics)
    is_over = terminating or everything_ended
    phase = (worst or SUCCESSFUL) if is_over else RUNNING
    if is_over and not message and spec.terminate:
        message = "Run Terminated"
    state = replace(state, **_summaries(spec, state))  # type: ignore[arg-type]
    if phase == state.phase:
        return Assessment(state, events)
    state = replace(state, phase=phase, message=message if is_over else "", completed=now if is_over else None)
    if is_over:
        text = f"Analysis Completed. Result: {phase}"
        events = (*events, Event(f"AnalysisRun{phase}", text, _type(phase)))
    return Assessment(state, events)


def _worst(spec: RunSpec, state: RunState) -> tuple[str, str]:
    """(phase, message) of the worst ended metric that counts; of equals the first.

    The message is that of the last metric to become the worst one by exceeding a limit.
    """
    worst, message = "", ""
    for metric in spec.metrics:
        result = state.result(metric.name)
        if result is None or result.dry_run or result.phase not in TERMINAL:
            continue
        if worst and _SEVERITY[result.phase] <= _SEVERITY[worst]:
            continue
        worst, (_, why) = result.phase, limit_check(metric, result)
        if why:
            message = f'Metric "{metric.name}" assessed {result.phase} due to {why}'
            message += f': "Error Message: {result.message}"' if result.message else ""
    return worst, message


def _summaries(spec: RunSpec, state: RunState) -> dict[str, Summary]:
    counting = [m for m in spec.metrics if m.name not in spec.dry_run]
    dry = [m for m in spec.metrics if m.name in spec.dry_run]
    return {"summary": _summary(counting, state), "dry_run_summary": _summary(dry, state)}


def _summary(metrics: list[Metric], state: RunState) -> Summary:
    """Metrics by the limit that ended them; one that ended without exceeding a limit counts as successful."""
    ends = {SUCCESSFUL: 0, FAILED: 0, INCONCLUSIVE: 0, ERROR: 0}
    for metric in metrics:
        result = state.result(metric.name)
        if result is not None and result.phase in TERMINAL:
            ends[limit_check(metric, result)[0] or SUCCESSFUL] += 1
    return Summary(len(metrics), ends[SUCCESSFUL], ends[FAILED], ends[INCONCLUSIVE], ends[ERROR])
