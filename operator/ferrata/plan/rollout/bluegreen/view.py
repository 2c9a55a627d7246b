"""How a blue-green release is seen by the questions that every strategy shares. See `plan/rollout/view.py`."""

from __future__ import annotations

from collections.abc import Sequence

from ferrata.model import keys
from ferrata.model.status import RolloutStatus, RunStatus
from ferrata.plan.actions import Event
from ferrata.plan.rollout.bluegreen.facts import PAUSE, by_hash, is_fast_rollback
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot

_FINISHED = frozenset({"Successful", "Failed", "Error", "Inconclusive"})


def is_available(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether the active revision has all its pods."""
    active, wanted = by_hash(s, d.status.blue_green.active), s.spec.replicas
    return active is not None and active.replicas == active.available == active.desired_annotation == wanted


def is_in_place(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether every Service selects the new revision."""
    status, services = d.status, d.status.blue_green
    has_preview = bool(s.spec.blue_green.preview_service)
    return services.active == status.current_pod_hash != "" and (
        not has_preview or services.preview == status.current_pod_hash
    )


def has_moved(old: RolloutStatus, new: RolloutStatus) -> bool:
    """Whether a Service was switched."""
    before, after = old.blue_green, new.blue_green
    return (before.active, before.preview) != (after.active, after.preview)


def is_meant_to_wait(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether analysis before the switch is under way."""
    run = d.status.blue_green.pre_run
    return s.spec.blue_green.pre_promotion_analysis and run is not None and not _is_finished(run)


def waits_for_a_person(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether a preview waits that is not promoted by time."""
    return d.status.is_paused_for(PAUSE) and not s.spec.blue_green.promotes_itself


def waits_for(s: RolloutSnapshot, d: Draft) -> str:
    """The switch, then analysis, then the promotion."""
    status = d.status
    if status.blue_green.active != status.current_pod_hash or not status.current_pod_hash:
        return "active service cutover pending"
    if status.stable_rs == status.current_pod_hash != "":
        return ""
    run = status.blue_green.post_run
    if s.spec.blue_green.post_promotion_analysis and (run is None or not _is_finished(run)):
        return "waiting for analysis to complete"
    return "waiting for post-promotion verification to complete"


def goes_back_fast(s: RolloutSnapshot) -> bool:
    """Whether the release goes back to a revision that is still up."""
    return is_fast_rollback(s)


def keeps_run(s: RolloutSnapshot, d: Draft, kind: str) -> bool:
    """Whether the run is of the side of the switch on which the release is."""
    is_switched = d.status.blue_green.active == s.new_hash
    return is_switched == (kind == keys.ROLLOUT_TYPE_POST_PROMOTION)


_ORDER = (
    "SwitchService",
    "RolloutNotCompleted",
    "ScalingReplicaSet",
    "AnalysisRun",
    "RolloutCompleted",
    "RolloutAborted",
    "RolloutPaused",
    "RolloutResumed",
)
"""Beginnings of reasons; what is not listed comes first."""


def events_in_order(events: Sequence[Event]) -> tuple[Event, ...]:
    """Services, the beginning, sizes, verdicts, the end, pauses."""
    return tuple(sorted(events, key=lambda event: _rank(event.reason)))


def _rank(reason: str) -> int:
    return next((place for place, start in enumerate(_ORDER, 1) if reason.startswith(start)), 0)


def _is_finished(run: RunStatus) -> bool:
    return run.status in _FINISHED
