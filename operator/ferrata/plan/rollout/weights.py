"""Which weight counts: the one that sizes the canary, and the one that its traffic gets."""

from __future__ import annotations

from collections.abc import Sequence

from ferrata.model.rollout import RolloutSpec, SetCanaryScale, SetWeight, Step
from ferrata.model.status import RolloutStatus


def last_set_weight(steps: Sequence[Step], upto: int) -> int:
    """Weight of the last setWeight among the first `upto` steps; 0 when there is none."""
    return next((step.weight for step in reversed(steps[: max(0, upto)]) if isinstance(step, SetWeight)), 0)


def canary_scale(spec: RolloutSpec, status: RolloutStatus) -> SetCanaryScale | None:
    """The setCanaryScale in force: the last one up to the current step, unless it says matchTrafficWeight."""
    index, steps = status.current_step_index, spec.canary.steps
    keeps_after_abort = spec.canary.abort_scale_down_delay == 0
    if not spec.canary.routed or index is None or index >= len(steps) or (status.abort and not keeps_after_abort):
        return None
    scale = next((step for step in reversed(steps[: index + 1]) if isinstance(step, SetCanaryScale)), None)
    return None if scale is None or scale.match_traffic_weight else scale


def step_weight(spec: RolloutSpec, status: RolloutStatus, new_hash: str) -> int:
    """The weight of the present step, 0 to the maximum: the maximum when everything belongs to the new revision."""
    full, index = spec.canary.max_weight, status.current_step_index
    if status.promote_full or not status.stable_rs or status.stable_rs == new_hash:
        return full
    if status.abort:
        return 0
    if index is None or index >= spec.step_count:
        return full
    return last_set_weight(spec.canary.steps, index + 1)
