"""What happens to a canary's other revisions, which are neither new nor stable, on their way to zero.

No revision loses a pod here while a Service or a split that was written or observed can still reach it.
"""

from __future__ import annotations

from ferrata.plan.rollout import retire
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import Revision, RolloutSnapshot


def others_retire(s: RolloutSnapshot, d: Draft) -> Draft:
    """Every other revision with pods, the newest first."""
    others = sorted((o for o in s.others if o.replicas > 0), key=lambda o: o.number, reverse=True)
    return _retire_routed(s, d, others) if s.spec.canary.routed else _retire_basic(s, d, others)


def _retire_basic(s: RolloutSnapshot, d: Draft, others: list[Revision]) -> Draft:
    """Unhealthy pods first, then as many as availability can spare."""
    unhealthy = [retire.scale_down(o, o.available) for o in others if o.replicas > o.available]
    if unhealthy:
        return d.do(*unhealthy)
    spare = sum(r.available for r in s.revisions) - (s.spec.replicas - s.spec.canary.max_unavailable)
    for other in others:
        taken = min(other.replicas, max(0, spare))
        spare -= taken
        if taken:
            d = d.do(retire.scale_down(other, other.replicas - taken))
    return d


def _retire_routed(s: RolloutSnapshot, d: Draft, others: list[Revision]) -> Draft:
    """A revision that traffic just left keeps its pods for the delay; one from in between goes at once."""
    free = [other for other in others if other.hash not in retire.protected_hashes(s, d)]
    waiting = [other for other in free if _may_wait(s, d, other)]
    at_once = [retire.scale_down(other, 0) for other in free if other not in waiting]
    return retire.after_delay(s, d.do(*at_once), waiting)


def _may_wait(s: RolloutSnapshot, d: Draft, other: Revision) -> bool:
    """A dynamic stable revision gave its pods back as its traffic left; without steps all traffic leaves at once."""
    if s.spec.canary.dynamic_stable and s.spec.step_count:
        return False
    return d.status.stable_rs == s.new_hash or bool(other.scale_down_deadline)
