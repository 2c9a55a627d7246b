"""What one measurement changes in the result of its metric."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ferrata.model.analysis import ERROR, FAILED, INCONCLUSIVE, SUCCESSFUL, Measurement, MetricResult, RunSpec, RunState

DEFAULT_RETENTION = 10
"""Measurements kept of a metric."""


def record(spec: RunSpec, state: RunState, name: str, measurement: Measurement, metadata: dict[str, Any]) -> RunState:
    """The state with `measurement` of metric `name` added; old measurements beyond the retention are dropped."""
    old = state.result(name) or MetricResult(name, dry_run=name in spec.dry_run, metadata=metadata)
    kept = int(spec.retention.get(name) or DEFAULT_RETENTION)
    new = _count(replace(old, measurements=(*old.measurements, measurement)[-kept:]), measurement.phase)
    others = [r for r in state.results if r.name != name]
    order = {m.name: place for place, m in enumerate(spec.metrics)}
    results = sorted([*others, new], key=lambda r: order.get(r.name, len(order)))
    return replace(state, results=tuple(results))


def _count(result: MetricResult, phase: str) -> MetricResult:
    if phase == ERROR:
        consecutive = result.consecutive_error + 1
        return replace(result, error=result.error + 1, consecutive_error=consecutive, consecutive_success=0)
    result = replace(result, count=result.count + 1, consecutive_error=0)
    match phase:
        case _ if phase == SUCCESSFUL:
            consecutive = result.consecutive_success + 1
            return replace(result, successful=result.successful + 1, consecutive_success=consecutive)
        case _ if phase == FAILED:
            return replace(result, failed=result.failed + 1, consecutive_success=0)
        case _ if phase == INCONCLUSIVE:
            return replace(result, inconclusive=result.inconclusive + 1, consecutive_success=0)
    raise ValueError(f"{phase!r} is no phase of a finished measurement")
