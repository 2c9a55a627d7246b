"""Which weight counts: the one that sizes the canary, and the one that its traffic gets."""

from __future__ import annotations

from collections.abc import Sequence

from ferrata.model.rollout import CanaryScale, RolloutSpec, Step
from ferrata.model.status import RolloutStatus
from ferrata.plan.rollout.canary import dynamic
from ferrata.snapshot.rollout import Confirmation, RolloutSnapshot


def last_set_weight(steps: Sequence[Step], upto: int) -> int:
    """The last weight that any of the first `upto` steps set; 0 when none does."""
    set_ = (step.traffic_weight for step in reversed(steps[: max(0, upto)]))
    return next((weight for weight in set_ if weight is not None), 0)


def canary_scale(spec: RolloutSpec, status: RolloutStatus) -> CanaryScale | None:
    """The scale in force: the last one up to the current step, unless that one says to match the traffic."""
    index, steps = status.current_step_index, spec.steps
    keeps_after_abort = spec.canary.abort_scale_down_delay == 0
    if not spec.canary.routed or index is None or index >= len(steps) or (status.abort and not keeps_after_abort):
        return None
    asked = (step.scale for step in reversed(steps[: index + 1]))
    scale = next((scale for scale in asked if scale is not None), None)
    return None if scale == CanaryScale() else scale


def step_weight(s: RolloutSnapshot, status: RolloutStatus) -> int:
    """The weight of the present step, 0 to the maximum: the maximum when everything belongs to the new revision."""
    spec, full, index = s.spec, s.spec.canary.max_weight, status.current_step_index
    if status.promote_full or not status.stable_rs or status.stable_rs == s.new_hash:
        return full
    if status.abort:
        return dynamic.landing_weight(s) if spec.canary.dynamic_stable else 0
    if index is None or index >= spec.step_count:
        return full
    return last_set_weight(spec.steps, index + 1)


def is_taken(s: RolloutSnapshot) -> bool:
    """Whether the canary Service still carries weight for a revision that was superseded."""
    view, route = s.services.get(s.spec.canary.canary_service), s.route
    if view is None or route is None or view.selects in {"", s.new_hash, s.status.stable_rs}:
        return False
    return route.reaches_canary


def serves(s: RolloutSnapshot, weight: int) -> bool:
    """Whether the data plane is known to give the canary exactly `weight`."""
    return s.route is not None and s.route.weight == weight and s.route.confirmation is Confirmation.CONFIRMED
