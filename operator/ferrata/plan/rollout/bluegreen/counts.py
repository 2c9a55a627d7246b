"""Pods as clients see them: those that serve users, so that an autoscaler never counts a preview."""

from __future__ import annotations

from ferrata.plan.rollout import counts
from ferrata.plan.rollout.bluegreen.facts import by_hash, planned_active
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def active_pods_count(s: RolloutSnapshot, d: Draft) -> Draft:
    """Counts and selector of the active revision; of every revision while none is active."""
    d = counts.all_pods_count(s, d)
    active = by_hash(s, planned_active(s, d))
    if active is None:
        return d
    return d.put(
        selector=s.spec.selector_of(active.hash),
        hpa_replicas=active.actual,
        ready_replicas=active.ready,
        available_replicas=active.available,
    )
