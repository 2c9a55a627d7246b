"""Labels and annotations that pods carry by the role of their revision: the stable one, or the one on its way."""

from __future__ import annotations

from dataclasses import replace

from ferrata.model.pod_metadata import NO_METADATA, PodMetadata
from ferrata.plan.actions import Action, CreateRevision, LabelPods, LabelRevision
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import Revision, RolloutSnapshot


def pods_carry_their_role(s: RolloutSnapshot, d: Draft) -> Draft:
    """Each revision's template carries what belongs to its role, and then its pods do; what belonged to a former one
    goes. A new revision is created with it.
    """
    for revision in s.revisions:
        wanted = _wanted(s, d, revision)
        if not revision.exists:
            creations = (replace(a, metadata=wanted) if isinstance(a, CreateRevision) else a for a in d.actions)
            d = replace(d, actions=tuple(creations))
        elif not revision.is_deleting:
            d = d.do(*_labelled(revision, wanted))
    return d


def _wanted(s: RolloutSnapshot, d: Draft, revision: Revision) -> PodMetadata:
    strategy = s.spec.strategy
    if revision.hash == (d.status.stable_rs or s.new_hash):
        return strategy.stable_metadata
    return strategy.new_metadata if s.new is not None and revision.name == s.new.name else NO_METADATA


def _labelled(revision: Revision, wanted: PodMetadata) -> tuple[Action, ...]:
    """The template first. Its pods follow once the ReplicaSet's controller has seen it, so that no pod is missed that
    was still made from the former one.
    """
    if revision.metadata != wanted:
        former = revision.metadata if revision.former_metadata is None else revision.former_metadata
        has_pods = bool(revision.replicas or revision.actual)
        return (LabelRevision(revision.name, wanted, former.with_all_of(wanted), has_pods),)
    if revision.former_metadata is None or not revision.is_observed:
        return ()
    return (LabelPods(revision.name, revision.hash, wanted, revision.former_metadata),)
