"""`status.duration`: when an update began and ended, and how long of it somebody was waited for."""

from __future__ import annotations

from dataclasses import replace

from ferrata.model.status import INCONCLUSIVE_RUN, Duration
from ferrata.plan.rollout.draft import Draft
from ferrata.plan.rollout.view import view
from ferrata.snapshot.rollout import RolloutSnapshot


def duration(s: RolloutSnapshot, d: Draft) -> Draft:
    """The draft with the update's times brought up to date."""
    old = s.status.duration
    if _begins(s, d):
        old = Duration(started=s.now)
    if old is None or old.started is None:
        return d.put(duration=old)
    return d.put(duration=_completed(s, d, _manual_pause(s, d, old)))


def _begins(s: RolloutSnapshot, d: Draft) -> bool:
    """A changed template or changed steps that lead away from the stable revision, or a retry."""
    is_changed = s.status.current_pod_hash != d.status.current_pod_hash or (
        s.status.current_step_hash != d.status.current_step_hash
    )
    aborted = s.status.condition("Progressing")
    is_retried = aborted is not None and aborted.reason == "RolloutAborted" and not d.status.abort
    return (is_changed and s.status.stable_rs != s.new_hash) or (is_retried and not s.is_fully_promoted)


def _manual_pause(s: RolloutSnapshot, d: Draft, old: Duration) -> Duration:
    waits = _waits_for_a_person(s, d) and not old.completion
    if waits and old.manual_pause_started is None:
        return replace(old, manual_pause_started=s.now)
    if waits or old.manual_pause_started is None:
        return old
    waited = int((s.now - old.manual_pause_started).total_seconds())
    return replace(old, manual_pause_started=None, manual_pause_seconds=(old.manual_pause_seconds or 0) + waited)


def _waits_for_a_person(s: RolloutSnapshot, d: Draft) -> bool:
    if s.spec.paused or d.status.is_paused_for(INCONCLUSIVE_RUN):
        return True
    return bool(d.status.pauses) and view(s.spec).waits_for_a_person(s, d)


def _completed(s: RolloutSnapshot, d: Draft, old: Duration) -> Duration:
    if d.status.abort and not old.completion:
        return replace(old, completion="Aborted", finished=s.now)
    if d.status.stable_rs != s.new_hash:
        return old
    old = old if old.completion else replace(old, completion=_how(s))
    is_whole = s.new is not None and s.new.available >= s.spec.replicas
    return replace(old, finished=s.now) if is_whole and old.finished is None else old


def _how(s: RolloutSnapshot) -> str:
    """A full promotion is told apart from a climb; going back to an older revision is a rollback, a fast one to the
    revision that was stable all the time."""
    if s.status.stable_rs == s.new_hash:
        return "FastRolledBack"
    is_rollback = s.new is not None and s.distinct_stable is not None and s.new.created < s.distinct_stable.created
    if s.status.promote_full or view(s.spec).goes_back_fast(s):
        return "FastRolledBack" if is_rollback else "FastPromoted"
    return "RolledBack" if is_rollback else "Promoted"
