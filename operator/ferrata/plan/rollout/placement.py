"""Where the pods of a new revision may run: off the nodes of the stable one, when the strategy asks for that."""

from __future__ import annotations

from dataclasses import replace

from ferrata.plan.actions import CreateRevision, PlaceRevision
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def new_revision_avoids_the_stable_one(s: RolloutSnapshot, d: Draft) -> Draft:
    """A new revision is created with the rule; one that exists gets it, as it may be from an earlier release. What
    runs already is not moved, and a revision that became the stable one keeps what it has.
    """
    stable = d.status.stable_rs
    if s.spec.strategy.anti_affinity is None or s.new is None or stable in {"", s.new_hash}:
        return d
    if not s.new.exists:
        actions = (replace(a, avoids=stable) if isinstance(a, CreateRevision) else a for a in d.actions)
        return replace(d, actions=tuple(actions))
    return d if s.new.avoids == stable else d.do(PlaceRevision(s.new.name, stable))
