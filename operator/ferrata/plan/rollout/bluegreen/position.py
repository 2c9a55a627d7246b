"""How far the release is: begun, retried, aborted, promoted."""

from __future__ import annotations

from dataclasses import replace

from ferrata.model.status import BlueGreenStatus
from ferrata.plan.rollout import promotion, runs
from ferrata.plan.rollout.bluegreen.facts import is_fast_rollback, planned_active
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def new_revision_begins_anew(s: RolloutSnapshot, d: Draft) -> Draft:
    """A changed template, or another strategy before this one, leaves nothing behind of the release before."""
    old = d.status
    d = d.put(weights=None, step_run=None, background_run=None, current_step_index=None, current_step_hash="")
    if old.current_pod_hash in {"", s.new_hash} and not old.current_step_hash:
        return d
    return d.put(
        pauses=(),
        controller_pause=False,
        abort=False,
        aborted_at=None,
        promote_full=False,
        blue_green=BlueGreenStatus(),
    )


def retry_begins_anew(s: RolloutSnapshot, d: Draft) -> Draft:
    """After an abort was taken back, analysis is made again and a preview is looked at again."""
    if not runs.is_retried(s):
        return d
    kept = replace(d.status.blue_green, checkpoint=False, pre_run=None, post_run=None)
    return d.put(aborted_at=None, blue_green=kept)


def first_revision_is_stable(s: RolloutSnapshot, d: Draft) -> Draft:
    """With nothing to go back to, the new revision is the stable one before it has pods."""
    if s.stable is not None or d.status.stable_rs == s.new_hash:
        return d
    return _promoted(s, d, "Initial deploy")


def abort_ends_the_release(s: RolloutSnapshot, d: Draft) -> Draft:
    """An abort beats every promotion and pause."""
    if not d.status.abort:
        return d
    kept = replace(d.status.blue_green, checkpoint=False)
    return d.put(
        pauses=(),
        controller_pause=False,
        promote_full=False,
        aborted_at=d.status.aborted_at or s.now,
        blue_green=kept,
    )


def resumed_verdict_is_asked_again(s: RolloutSnapshot, d: Draft) -> Draft:
    """Who resumes after an inconclusive analysis asks for another one; the switch itself is still to be promoted."""
    is_resumed = s.status.controller_pause and not s.status.pauses
    found = (runs.current(s, kind) for kind in runs.kinds(s))
    if is_resumed and any(run is not None and run.phase == "Inconclusive" for run in found):
        return d.put(controller_pause=False)
    return d


def full_promotion_ends_the_pauses(_: RolloutSnapshot, d: Draft) -> Draft:
    """promoteFull waits for pods, and for nothing else."""
    return d.put(pauses=(), controller_pause=False) if d.status.promote_full and not d.status.abort else d


def serving_revision_becomes_stable(s: RolloutSnapshot, d: Draft) -> Draft:
    """The new revision becomes the stable one once it serves and nothing stands against it."""
    reason = promotion_reason(s, d)
    return d if reason is None else _promoted(s, d, reason)


def promotion_reason(s: RolloutSnapshot, d: Draft) -> str | None:
    """Why the new revision is to become stable now, or None."""
    if d.status.abort or planned_active(s, d) != s.new_hash:
        return None
    if d.status.promote_full:
        return "Full promotion requested"
    if is_fast_rollback(s):
        return "Fast rollback"
    if s.spec.blue_green.post_promotion_analysis and not runs.has_passed(s, runs.POST_PROMOTION):
        return None
    return "Completed blue-green update"


def _promoted(s: RolloutSnapshot, d: Draft, reason: str) -> Draft:
    d = d.put(
        pauses=(),
        controller_pause=False,
        abort=False,
        aborted_at=None,
        promote_full=False,
        blue_green=replace(d.status.blue_green, checkpoint=False),
    )
    return promotion.completed(s, d, reason)
