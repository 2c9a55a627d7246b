"""How many pods the new revision should have, and whether it has them."""

from __future__ import annotations

from ferrata.plan.rollout.bluegreen.facts import active_hash, by_hash, is_fast_rollback, planned_active
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def new_size(s: RolloutSnapshot, d: Draft) -> int:
    """All replicas, except for a preview that is being looked at and that users have left."""
    preview = s.spec.blue_green.preview_replicas
    is_decided = d.status.promote_full or d.status.blue_green.checkpoint or is_fast_rollback(s)
    active = planned_active(s, d)
    is_preview = s.new_hash not in {active, active_hash(s)} and by_hash(s, active) is not None
    return preview if preview is not None and is_preview and not is_decided else s.spec.replicas


def is_ready(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether the new revision has the size of the present position, all of it available."""
    return s.new is not None and s.new.exists and s.new.replicas == s.new.available == new_size(s, d)


def is_saturated(s: RolloutSnapshot) -> bool:
    """Whether the new revision could take over: as many available pods as were asked for in all."""
    return s.new is not None and s.new.replicas == s.spec.replicas <= s.new.available
