"""Which metrics are due, and when the next one will be."""

from __future__ import annotations

from datetime import datetime, timedelta

from ferrata.model.analysis import ERROR, FAILED, INCONCLUSIVE, TERMINAL, Metric, MetricResult, RunSpec, RunState

ERROR_PAUSE = 10.0
"""Seconds between a failed query and the next, whatever the interval."""


def is_terminating(spec: RunSpec, state: RunState) -> bool:
    """Whether the run is to end: somebody said so, or a metric that counts has ended badly."""
    bad = {FAILED, ERROR, INCONCLUSIVE}
    return spec.terminate or any(r.phase in bad and not r.dry_run for r in state.results)


def due(spec: RunSpec, state: RunState, now: datetime) -> tuple[Metric, ...]:
    """Metrics to measure now, in their order."""
    if is_terminating(spec, state):
        return ()
    return tuple(m for m in spec.metrics if (at := due_at(m, state, now)) is not None and at <= now)


def due_at(metric: Metric, state: RunState, now: datetime) -> datetime | None:
    """When `metric` is to be measured next; None when it is not to be measured any more."""
    result = state.result(metric.name)
    if result is None or result.last is None:
        return _first(metric, state, now)
    if result.phase in TERMINAL or (metric.count is not None and result.count >= metric.count):
        return None
    finished = result.last.finished
    return now if finished is None else finished + timedelta(seconds=_pause(metric, result))


def _first(metric: Metric, state: RunState, now: datetime) -> datetime:
    if metric.initial_delay is None:
        return now
    return (state.started or now) + timedelta(seconds=metric.initial_delay)


def _pause(metric: Metric, result: MetricResult) -> float:
    if result.last is not None and result.last.phase == ERROR:
        return ERROR_PAUSE
    return ERROR_PAUSE if metric.interval is None else metric.interval


def wake_up(spec: RunSpec, state: RunState, now: datetime) -> datetime | None:
    """The next moment at which there is something to do; None for a run that is over.

    That is `now` for a run that is to end: a metric that ended badly ends the others without their being due.
    """
    if state.phase in TERMINAL:
        return None
    if is_terminating(spec, state):
        return now
    return min((at for m in spec.metrics if (at := due_at(m, state, now)) is not None), default=None)
