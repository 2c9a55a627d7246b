"""Which step the climb is on. Each question sees the snapshot and the draft so far and answers with a draft.

A pass may move several steps when the facts already allow it: nothing here waits for its own writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from ferrata.model.rollout import Analysis, Pause, SetCanaryScale, SetWeight
from ferrata.model.status import PauseCondition
from ferrata.plan.rollout import sizes
from ferrata.plan.rollout.draft import Draft
from ferrata.plan.rollout.runs import step_outcome
from ferrata.snapshot.rollout import Confirmation, RolloutSnapshot

PAUSE_STEP = "CanaryPauseStep"
INCONCLUSIVE = "InconclusiveAnalysisRun"

Question = Callable[[RolloutSnapshot, Draft], Draft]


def new_revision_restarts_the_steps(s: RolloutSnapshot, d: Draft) -> Draft:
    """A changed template or changed steps begin at step 0; back at the stable revision there is nothing to climb."""
    old = d.status
    if old.current_step_hash == s.step_hash and old.current_pod_hash in {"", s.new_hash}:
        return d
    index = 0 if s.spec.step_count else None
    d = d.put(
        pauses=(),
        controller_pause=False,
        abort=False,
        aborted_at=None,
        promote_full=False,
        step_run=None,
        background_run=None,
        current_step_index=index,
        current_step_hash=s.step_hash,
    )
    if index is not None and old.stable_rs == s.new_hash:
        return d.put(current_step_index=s.spec.step_count).say("SkipSteps", "Rollback to stable ReplicaSets")
    return d


def promoted_rollout_cannot_be_aborted(s: RolloutSnapshot, d: Draft) -> Draft:
    """An abort of a release that is over has nothing to go back to, so it is dropped."""
    if d.status.abort and s.is_fully_promoted:
        return d.put(abort=False, aborted_at=None, promote_full=False)
    return d


def abort_returns_to_the_start(s: RolloutSnapshot, d: Draft) -> Draft:
    """An abort beats every promotion: no pauses, step 0."""
    if not d.status.abort:
        return d if d.status.aborted_at is None else d.put(aborted_at=None)
    return d.put(
        pauses=(),
        controller_pause=False,
        promote_full=False,
        aborted_at=d.status.aborted_at or s.now,
        step_run=None,
        background_run=None,
        current_step_index=0 if s.spec.step_count else None,
    )


def full_promotion_skips_the_steps(s: RolloutSnapshot, d: Draft) -> Draft:
    """promoteFull ends pauses and goes behind the last step."""
    if not d.status.promote_full or d.status.abort:
        return d
    return d.put(
        pauses=(),
        controller_pause=False,
        step_run=None,
        background_run=None,
        current_step_index=s.spec.step_count or None,
    )


def finished_steps_advance(s: RolloutSnapshot, d: Draft) -> Draft:
    """Every step that the facts show as done is left behind; a pause that is reached begins."""
    while (index := _current(s, d)) is not None:
        d = _begin_pause(s, d, index)
        if not _is_done(s, d, index):
            return _wake_for_pause(s, d, index)
        d = _advance(s, d, index)
    return d


def _current(s: RolloutSnapshot, d: Draft) -> int | None:
    """The step that may make progress now; None when there is none, or when a person or a verdict holds the rollout."""
    index = d.status.current_step_index
    if index is None or index >= s.spec.step_count or d.status.abort or s.is_fully_promoted or not d.status.stable_rs:
        return None
    return None if s.spec.paused or d.status.is_paused_for(INCONCLUSIVE) else index


def _begin_pause(s: RolloutSnapshot, d: Draft, index: int) -> Draft:
    is_pause = isinstance(s.spec.canary.steps[index], Pause)
    if not is_pause or d.status.controller_pause or d.status.is_paused_for(PAUSE_STEP):
        return d
    return d.put(pauses=(*d.status.pauses, PauseCondition(PAUSE_STEP, s.now)), controller_pause=True)


def _is_done(s: RolloutSnapshot, d: Draft, index: int) -> bool:
    match s.spec.canary.steps[index]:
        case SetWeight(weight):
            return sizes.are_reached(s, d.status) and (not s.spec.canary.routed or serves(s, weight))
        case SetCanaryScale():
            return sizes.are_reached(s, d.status)
        case Pause(seconds):
            return _pause_is_over(s, d, seconds)
        case Analysis(has_templates):
            return not has_templates or step_outcome(s, index) == "Successful"


def serves(s: RolloutSnapshot, weight: int) -> bool:
    """Whether the data plane is known to give the canary exactly `weight`."""
    return s.route is not None and s.route.weight == weight and s.route.confirmation is Confirmation.CONFIRMED


def _pause_is_over(s: RolloutSnapshot, d: Draft, seconds: float | None) -> bool:
    """Over when its time has passed, or when somebody took the condition away."""
    pause = next((p for p in d.status.pauses if p.reason == PAUSE_STEP), None)
    if pause is None:
        return d.status.controller_pause
    return seconds is not None and pause.since + timedelta(seconds=seconds) <= s.now


def _wake_for_pause(s: RolloutSnapshot, d: Draft, index: int) -> Draft:
    step = s.spec.canary.steps[index]
    pause = next((p for p in d.status.pauses if p.reason == PAUSE_STEP), None)
    if not isinstance(step, Pause) or step.seconds is None or pause is None:
        return d
    return d.wake_at(pause.since + timedelta(seconds=step.seconds))


def _advance(s: RolloutSnapshot, d: Draft, index: int) -> Draft:
    step = s.spec.canary.steps[index]
    pauses = tuple(p for p in d.status.pauses if p.reason != PAUSE_STEP)
    d = d.put(current_step_index=index + 1, pauses=pauses, controller_pause=bool(pauses), step_run=None)
    return d.say("RolloutStepCompleted", f"Rollout step {index + 1}/{s.spec.step_count} completed ({step})")


def whole_revision_becomes_stable(s: RolloutSnapshot, d: Draft) -> Draft:
    """The new revision becomes the stable one as soon as nothing stands against it."""
    reason = promotion_reason(s, d)
    if reason is None:
        return d
    count = s.spec.step_count
    d = d.put(
        pauses=(),
        controller_pause=False,
        abort=False,
        aborted_at=None,
        promote_full=False,
        current_step_index=count or None,
    )
    if d.status.stable_rs == s.new_hash:
        return d
    number = s.new.number if s.new else s.revision_annotation
    text = f"Rollout completed update to revision {number} ({s.new_hash}): {reason}"
    return d.put(stable_rs=s.new_hash).say("RolloutCompleted", text)


def promotion_reason(s: RolloutSnapshot, d: Draft) -> str | None:
    """Why the new revision is to become stable now, or None."""
    if s.stable is None and d.status.stable_rs != s.new_hash:
        return "Initial deploy"
    if d.status.abort or not _is_available(s):
        return None
    if d.status.promote_full:
        return "Full promotion requested"
    if s.is_fully_promoted:
        return "Fast rollback"
    return _all_steps_done(s, d)


def _all_steps_done(s: RolloutSnapshot, d: Draft) -> str | None:
    count, index = s.spec.step_count, d.status.current_step_index
    if d.status.is_paused_for(INCONCLUSIVE) or (index is not None and index < count):
        return None
    if s.spec.canary.routed and count and not serves(s, s.spec.canary.max_weight):
        return None
    return f"Completed all {count} canary steps"


def _is_available(s: RolloutSnapshot) -> bool:
    if s.new is None:
        return False
    return s.new.available >= s.spec.replicas or (
        s.spec.canary.threshold is not None and sizes.is_enough(s.spec, s.new, s.spec.replicas)
    )


def as_promoted(s: RolloutSnapshot, d: Draft) -> RolloutSnapshot:
    """The snapshot as it reads once the draft's promotion is published, so that one pass can finish the release."""
    if d.status.stable_rs == s.status.stable_rs or d.status.stable_rs != s.new_hash:
        return s
    former = () if s.distinct_stable is None else (s.distinct_stable,)
    return replace(s, status=d.status, stable=s.new, others=(*former, *s.others))
