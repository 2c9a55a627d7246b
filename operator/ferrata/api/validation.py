"""Whether a Rollout says something that can be carried out, judged by its own text alone.

validate_spec   the first thing that is wrong, or None

Texts, paths and order are those that clients of `argoproj.io/v1alpha1` know (the strategy's name is missing in the
paths of its fields there, and so it is here). What depends on other objects is in `validation_references`.

    validation            the Rollout itself, blue-green
    validation_shape      JSON types, before everything else
    validation_pod        the pod template and the selector
    validation_canary     the canary strategy and its steps
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ferrata.api.spec_error import SpecError, internal, invalid, required
from ferrata.api.unknown import refused_in_rollout
from ferrata.api.validation_canary import canary_errors
from ferrata.api.validation_pod import selector_errors, template_errors
from ferrata.api.validation_shape import shape_errors
from ferrata.model.remembered import Remembered

__all__ = ["SpecError", "validate_spec"]

Json = dict[str, Any]
NOT_NEGATIVE: Final = "must be greater than or equal to 0"
_STRATEGY: Final = "spec.strategy"
_FIRST_ERRORS: Final = Remembered[SpecError | None]()
_MISSING_STRATEGY: Final = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'"
_SAME_SERVICE: Final = (
    "This rollout uses the same service for the active and preview services, but two different services are required."
)
_HISTORY_LIMIT: Final = "This rollout's revision history limit can not be smaller than the rollout's scale down limit"


def validate_spec(rollout: Json) -> SpecError | None:
    """The first error in the spec of `rollout` (the raw object), or None. Never raises, whatever it looks like."""
    if not isinstance(rollout, dict):
        return next(_errors(rollout), None)
    return _FIRST_ERRORS.of(rollout.get("spec"), lambda: next(_errors(rollout), None))


def _errors(rollout: Json) -> Iterator[SpecError]:
    yield from shape_errors(rollout)
    yield from refused_in_rollout(rollout)
    spec = rollout.get("spec")
    if spec is None:
        yield required("spec", "Rollout has missing field '.spec'")
        return
    if (spec.get("replicas") or 0) < 0:
        yield invalid("spec.replicas", spec["replicas"], NOT_NEGATIVE)
    yield from _template_errors(spec)
    yield from _number_errors(spec)
    yield from _strategy_errors(spec)


def _template_errors(spec: Json) -> Iterator[SpecError]:
    by_reference = spec.get("workloadRef") is not None
    selector, template = spec.get("selector"), spec.get("template") or {}
    if selector is not None:
        yield from selector_errors(selector, "spec.selector")
    elif not by_reference:
        yield required("spec.selector", "Rollout has missing field '.spec.selector'")
    if not by_reference:
        yield from template_errors(template, selector or {}, "spec.template")
    elif any((template.get("metadata") or {}).get(part) for part in ("labels", "annotations")):
        yield internal("spec.template", "template must be empty for workload reference rollout")


def _number_errors(spec: Json) -> Iterator[SpecError]:
    for field in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        if (spec.get(field) or 0) < 0:
            yield invalid(f"spec.{field}", spec[field], NOT_NEGATIVE)
    deadline = spec.get("progressDeadlineSeconds")
    deadline = 600 if deadline is None else deadline
    if deadline <= (spec.get("minReadySeconds") or 0):
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _strategy_errors(spec: Json) -> Iterator[SpecError]:
    strategy = spec.get("strategy") or {}
    canary, blue_green = strategy.get("canary"), strategy.get("blueGreen")
    if canary is None and blue_green is None:
        yield required(f"{_STRATEGY}.strategy", _MISSING_STRATEGY)
    elif canary is not None and blue_green is not None:
        yield invalid(f"{_STRATEGY}.strategy", "blueGreen: true canary: true", "Multiple Strategies can not be listed")
    elif canary is not None:
        yield from canary_errors(canary, _STRATEGY)
        yield from _anti_affinity_errors(canary.get("antiAffinity"))
    else:
        yield from _blue_green_errors(spec, blue_green or {})
        yield from _anti_affinity_errors((blue_green or {}).get("antiAffinity"))


def _blue_green_errors(spec: Json, blue_green: Json) -> Iterator[SpecError]:
    active = blue_green.get("activeService") or ""
    if active == (blue_green.get("previewService") or ""):
        yield invalid(f"{_STRATEGY}.activeService", active, _SAME_SERVICE)
    limit = blue_green.get("scaleDownDelayRevisionLimit")
    history = spec.get("revisionHistoryLimit")
    if limit is not None and limit > (10 if history is None else history):
        yield invalid(f"{_STRATEGY}.scaleDownDelayRevisionLimit", limit, _HISTORY_LIMIT)


def _anti_affinity_errors(anti_affinity: Json | None) -> Iterator[SpecError]:
    if anti_affinity is None:
        return
    preferred = anti_affinity.get("preferredDuringSchedulingIgnoredDuringExecution")
    demanded = anti_affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    field = f"{_STRATEGY}.antiAffinity"
    if (preferred is None) == (demanded is None):
        yield invalid(field, anti_affinity, "AntiAffinity must have exactly one strategy listed")
    weight = (preferred or {}).get("weight") or 0
    if preferred is not None and not 1 <= weight <= 100:
        path = f"{field}.preferredDuringSchedulingIgnoredDuringExecution.weight"
        yield invalid(path, weight, "AntiAffinity weight must be between 1-100")
