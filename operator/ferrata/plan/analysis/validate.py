"""Whether a run can be carried out at all; the texts are those that clients of the API know."""

from __future__ import annotations

from ferrata.model.analysis import Metric

_LIMITS = (
    ("inconclusiveLimit", "inconclusive_limit"),
    ("consecutiveErrorLimit", "error_limit"),
)


def fault(metrics: tuple[Metric, ...]) -> str:
    """The first thing that is wrong with `metrics`; "" when nothing is."""
    if not metrics:
        return "no metrics specified"
    names: set[str] = set()
    for place, metric in enumerate(metrics):
        text = f"duplicate name '{metric.name}'" if metric.name in names else _metric_fault(metric)
        if text:
            return f"metrics[{place}]: {text}"
        names.add(metric.name)
    return ""


def _metric_fault(metric: Metric) -> str:
    if metric.success_limit < 0:
        return "consecutiveSuccessLimit must be >= 0"
    if metric.failure_limit < -1:
        return "failureLimit must be >= 0, or -1 to be disabled"
    if metric.failure_limit == -1 and metric.success_limit == 0:
        return "failureLimit and consecutiveSuccessLimit cannot both be disabled"
    for name, attribute in _LIMITS:
        if getattr(metric, attribute) < 0:
            return f"{name} must be >= 0"
    return _count_fault(metric) or _provider_fault(metric)


def _count_fault(metric: Metric) -> str:
    count, failures, successes = metric.given_count, metric.failure_limit, metric.success_limit
    if count <= 0:
        return ""
    if failures >= 0 and count < failures + successes:
        return (
            f"count ({count}) must be >= failureLimit + consecutiveSuccessLimit ({failures} + {successes}) if both >= 0"
        )
    if failures < 0 and count < successes:
        return "count must be >= consecutiveSuccessLimit"
    if count < metric.inconclusive_limit:
        return "count must be >= inconclusiveLimit"
    return "interval must be specified when count > 1" if count > 1 and metric.interval is None else ""


def _provider_fault(metric: Metric) -> str:
    given = {key: value for key, value in metric.provider.items() if value is not None}
    kinds = sum(len(value) if key == "plugin" else 1 for key, value in given.items())
    if kinds == 0:
        return "no provider specified"
    return "multiple providers specified" if kinds > 1 else ""
