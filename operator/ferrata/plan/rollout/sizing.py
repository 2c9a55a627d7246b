"""From wanted sizes to what is to be done about ReplicaSets."""

from __future__ import annotations

from dataclasses import replace

from ferrata.plan.actions import CreateRevision, Phase, ScaleRevision
from ferrata.plan.rollout import restart
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import Revision, RolloutSnapshot


def resized(s: RolloutSnapshot, d: Draft, revision: Revision, wanted: int, *, keeps_deadline: bool = False) -> Draft:
    """`revision` asks for `wanted` pods; nothing when size, noted number of desired pods and deadline are right."""
    wanted += restart.extra_pods(s, d, revision)
    is_noted = revision.desired_annotation == s.spec.replicas
    has_right_deadline = keeps_deadline or not revision.scale_down_deadline
    if revision.replicas == wanted and is_noted and has_right_deadline:
        return d
    return d.do(ScaleRevision(revision.name, wanted, order(revision, wanted), None if keeps_deadline else ""))


def order(revision: Revision, wanted: int) -> Phase:
    """When a change of `revision` to `wanted` pods is carried out: more pods first, fewer last."""
    return Phase.SHRINK if wanted < revision.replicas else Phase.GROW


def missing_revision_is_created(s: RolloutSnapshot, d: Draft) -> Draft:
    """The desired revision is created at its first size instead of being created empty and scaled."""
    if s.new is None or s.new.exists:
        return d
    own = [action for action in d.actions if isinstance(action, ScaleRevision) and action.name == s.new.name]
    size = own[0].replicas if own else 0
    others = tuple(action for action in d.actions if action not in own)
    return replace(d, actions=others).do(CreateRevision(s.new.hash, s.new.number, size))
