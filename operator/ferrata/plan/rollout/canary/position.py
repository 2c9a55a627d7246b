"""Which step the climb is on. Each question sees the snapshot and the draft so far and answers with a draft.

A pass may move several steps when the facts already allow it: nothing here waits for its own writes.
"""

from __future__ import annotations

from ferrata.model.status import INCONCLUSIVE_RUN, BlueGreenStatus
from ferrata.plan.rollout import promotion
from ferrata.plan.rollout.canary import sizes
from ferrata.plan.rollout.canary.steps.base import ClimbStep
from ferrata.plan.rollout.canary.steps.pause import PAUSE_STEP
from ferrata.plan.rollout.canary.weights import serves
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def new_revision_restarts_the_steps(s: RolloutSnapshot, d: Draft) -> Draft:
    """A changed template or changed steps begin at step 0; back at the stable revision there is nothing to climb."""
    old = d.status
    d = d.put(blue_green=BlueGreenStatus())
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


def abort_returns_to_the_start(s: RolloutSnapshot, d: Draft) -> Draft:
    """An abort beats every promotion that was asked for before it: no pauses, step 0."""
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
    """Every step that the facts show as done is left behind; the one that is reached begins."""
    while (step := current_step(s, d)) is not None:
        d = step.begin(s, d)
        if not step.is_done(s, d):
            return d
        d = _advance(s, d, step)
    return d


def current_step(s: RolloutSnapshot, d: Draft) -> ClimbStep | None:
    """The step that may make progress now; None when there is none, or when a person or a verdict holds the rollout."""
    index = d.status.current_step_index
    if index is None or index >= s.spec.step_count or d.status.abort or s.is_fully_promoted or not d.status.stable_rs:
        return None
    return None if s.spec.paused or d.status.is_paused_for(INCONCLUSIVE_RUN) else step_at(s, index)


def step_at(s: RolloutSnapshot, index: int) -> ClimbStep:
    """The step at `index` with its way of being carried out, which every parsed step has."""
    step = s.spec.steps[index]
    if not isinstance(step, ClimbStep):
        raise TypeError(f"step {index} ({step}) is of no kind that can be carried out")
    return step


def _advance(s: RolloutSnapshot, d: Draft, step: ClimbStep) -> Draft:
    index = (d.status.current_step_index or 0) + 1
    pauses = tuple(p for p in d.status.pauses if p.reason != PAUSE_STEP)
    d = step.leave(d).put(current_step_index=index, pauses=pauses, controller_pause=bool(pauses), step_run=None)
    return d.say("RolloutStepCompleted", f"Rollout step {index}/{s.spec.step_count} completed ({step})")


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
    return promotion.completed(s, d, reason)


def promotion_reason(s: RolloutSnapshot, d: Draft) -> str | None:
    """Why the new revision is to become stable now, or None."""
    if s.stable is None and d.status.stable_rs != s.new_hash:
        return "Initial deploy"
    if d.status.abort or not _is_available(s):
        return None
    if d.status.promote_full:
        if s.spec.canary.dynamic_stable and not serves(s, s.spec.canary.max_weight):
            return None
        return "Full promotion requested"
    if s.is_fully_promoted:
        return "Fast rollback"
    return _all_steps_done(s, d)


def _all_steps_done(s: RolloutSnapshot, d: Draft) -> str | None:
    count, index = s.spec.step_count, d.status.current_step_index
    if d.status.is_paused_for(INCONCLUSIVE_RUN) or (index is not None and index < count):
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
