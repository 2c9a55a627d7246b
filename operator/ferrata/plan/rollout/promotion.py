"""The new revision becoming the stable one: what every strategy does alike."""

from __future__ import annotations

from dataclasses import replace

from ferrata.plan.rollout import numbering
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def promoted_rollout_cannot_be_aborted(s: RolloutSnapshot, d: Draft) -> Draft:
    """An abort of a release that is over has nothing to go back to, so it is dropped."""
    if d.status.abort and s.is_fully_promoted:
        return d.put(abort=False, aborted_at=None, promote_full=False)
    return d


def full_promotion_ends_an_abort(_: RolloutSnapshot, d: Draft) -> Draft:
    """A full promotion that was asked for after an abort takes it back: the last verb wins.

    `aborted_at` tells them apart: the pass that first sees an abort notes it and drops the promotion.
    """
    is_later = d.status.abort and d.status.promote_full and d.status.aborted_at is not None
    return d.put(abort=False, aborted_at=None) if is_later else d


def completed(s: RolloutSnapshot, d: Draft, reason: str) -> Draft:
    """The new revision is the stable one, and it is said when it was not yet."""
    if d.status.stable_rs == s.new_hash:
        return d
    text = f"Rollout completed update to revision {numbering.number(s)} ({s.new_hash}): {reason}"
    return d.put(stable_rs=s.new_hash).say("RolloutCompleted", text)


def as_promoted(s: RolloutSnapshot, d: Draft) -> RolloutSnapshot:
    """The snapshot as it reads once the draft's promotion is published, so that one pass can finish the release."""
    if d.status.stable_rs == s.status.stable_rs or d.status.stable_rs != s.new_hash:
        return s
    former = () if s.distinct_stable is None else (s.distinct_stable,)
    return replace(s, status=d.status, stable=s.new, others=(*former, *s.others))
