"""Pods as Kubernetes counts them, and the selector that finds them."""

from __future__ import annotations

from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def all_pods_count(s: RolloutSnapshot, d: Draft) -> Draft:
    """Counts over every owned ReplicaSet, which is also what an autoscaler sees."""
    actual = sum(r.actual for r in s.revisions)
    return d.put(
        observed_generation=str(s.spec.generation),
        selector=s.spec.selector,
        replicas=actual,
        hpa_replicas=actual,
        updated_replicas=s.new.actual if s.new else 0,
        ready_replicas=sum(r.ready for r in s.revisions),
        available_replicas=sum(r.available for r in s.revisions),
    )
