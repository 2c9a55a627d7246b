"""How a canary is seen by the questions that every strategy shares. See `plan/rollout/view.py`."""

from __future__ import annotations

from collections.abc import Sequence

from ferrata.model import keys
from ferrata.model.rollout import Step
from ferrata.model.status import RolloutStatus
from ferrata.plan.actions import Event
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def is_available(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether as many pods as were asked for are available, of whatever revision."""
    return d.status.available_replicas >= s.spec.replicas


def is_in_place(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether the new revision is the stable one, its steps are done, and no other pods run."""
    status, index = d.status, d.status.current_step_index
    return (
        status.replicas == s.spec.replicas
        and (index is None or index >= s.spec.step_count)
        and status.stable_rs == status.current_pod_hash != ""
    )


def has_moved(old: RolloutStatus, new: RolloutStatus) -> bool:
    """Whether step or steps are others."""
    index = new.current_step_index
    moved = old.current_step_index is not None and index not in {None, old.current_step_index}
    return moved or old.current_step_hash != new.current_step_hash


def is_meant_to_wait(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether the current step is one that waits."""
    step = _current(s, d)
    return step is not None and step.is_meant_to_wait


def waits_for_a_person(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether the current step is one that only a promotion ends."""
    step = _current(s, d)
    return step is not None and step.waits_for_a_person


def waits_for(s: RolloutSnapshot, d: Draft) -> str:
    """Old pods without a router; then the steps."""
    status = d.status
    if not s.spec.canary.routed and status.replicas > status.updated_replicas:
        return "old replicas are pending termination"
    if not status.stable_rs or status.stable_rs != status.current_pod_hash:
        return "waiting for all steps to complete"
    return ""


def goes_back_fast(_: RolloutSnapshot) -> bool:
    """Never: a canary going back climbs like any other."""
    return False


def keeps_run(s: RolloutSnapshot, d: Draft, kind: str) -> bool:
    """Whether the run goes beside the steps, or its step is still the current one."""
    return kind == keys.ROLLOUT_TYPE_BACKGROUND or s.status.current_step_index == d.status.current_step_index


_ORDER = (
    ("SwitchService",),
    ("RolloutStepCompleted",),
    ("RolloutResumed",),
    ("ScalingReplicaSet",),
    ("RolloutCompleted",),
    ("TrafficWeightUpdated",),
    ("RolloutPaused", "RolloutAborted"),
)
"""What is not listed comes first."""


def events_in_order(events: Sequence[Event]) -> tuple[Event, ...]:
    """Services, steps, sizes, completion, weights, pauses; but Services follow a completed release."""
    ranks = {reason: place for place, reasons in enumerate(_ORDER, 1) for reason in reasons}
    if any(event.reason == "RolloutCompleted" for event in events):
        ranks["SwitchService"] = ranks["RolloutCompleted"]
    return tuple(sorted(events, key=lambda event: ranks.get(event.reason, 0)))


def _current(s: RolloutSnapshot, d: Draft) -> Step | None:
    index = d.status.current_step_index
    return None if index is None or index >= s.spec.step_count else s.spec.steps[index]
