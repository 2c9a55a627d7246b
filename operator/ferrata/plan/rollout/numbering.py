"""Revision numbers, and how the beginning of an update is told."""

from __future__ import annotations

from dataclasses import replace

from ferrata.plan.actions import NumberRevision, NumberRollout
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import Revision, RolloutSnapshot


def with_desired_revision(s: RolloutSnapshot) -> RolloutSnapshot:
    """The snapshot with the desired revision, still empty, as it will be once it is created, if it is missing."""
    if s.new is not None:
        return s
    number = max((r.number for r in s.revisions), default=0) + 1
    name = f"{s.spec.name}-{s.template_hash}"
    new = Revision(name, s.template_hash, number, 0, 0, 0, 0, s.now, s.spec.replicas, exists=False)
    return replace(s, new=new)


def new_revision_is_told(s: RolloutSnapshot, d: Draft) -> Draft:
    """Says which number the desired revision gets, and that it is created."""
    if number(s) != s.revision_annotation:
        d = d.say("RolloutUpdated", f"Rollout updated to revision {number(s)}")
    if s.new is not None and not s.new.exists:
        d = d.say("NewReplicaSetCreated", f"Created ReplicaSet {s.new.name} (revision {number(s)})")
    return d


def update_is_told(s: RolloutSnapshot, d: Draft) -> Draft:
    """Says that an update begins; one that supersedes another unfinished one is not announced again."""
    completed = d.status.condition("Completed")
    is_announced = completed is not None and completed.status == "False"
    is_new = not is_announced and (d.status.current_pod_hash != s.new_hash or not s.status.current_step_hash)
    if is_new and d.status.stable_rs != s.new_hash:
        text = f"Rollout not completed, started update to revision {number(s)} ({s.new_hash})"
        d = d.say("RolloutNotCompleted", text)
    return d.put(current_pod_hash=s.new_hash)


def revision_is_numbered(s: RolloutSnapshot, d: Draft) -> Draft:
    """The desired revision has the highest number, and the Rollout names it."""
    if s.new is not None and s.new.number != number(s):
        d = d.do(NumberRevision(s.new.name, number(s)))
    return d.do(NumberRollout(number(s))) if number(s) != s.revision_annotation else d


def number(s: RolloutSnapshot) -> int:
    """The number of the desired revision once this pass is over."""
    if s.new is None:
        return s.revision_annotation
    return max(s.new.number, max((r.number for r in s.older), default=0) + 1)
