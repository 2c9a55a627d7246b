"""dynamicStableScale: the stable revision shrinks as its share of the traffic does, and grows before that does.

The way back is taken in the landing points that the steps' weights are: nothing is sent to a stable revision that has
no pods for it yet, and no pods go that traffic can still reach.
"""

from __future__ import annotations

from ferrata.model.rollout import share
from ferrata.snapshot.rollout import Confirmation, Revision, RolloutSnapshot


def landing_weight(s: RolloutSnapshot) -> int:
    """The next lower weight on the way back after an abort: that of a step for which there are more than enough pods
    of the canary, seen from the last step; 0 when there is none left, or nobody there to carry it.
    """
    stable, new, canary = s.distinct_stable, s.new, s.spec.canary
    if stable is None or new is None or new.available == 0:
        return 0
    missing = s.spec.replicas - stable.available
    # A canary that keeps all its pods does not tell how far the way back is; what the stable revision lacks does.
    pods = missing if canary.keeps_aborted_pods else max(missing, new.available)
    weights = [step.traffic_weight for step in reversed(s.spec.steps) if step.traffic_weight is not None]
    return next((w for w in weights if share(s.spec.replicas, w, canary.max_weight) < pods), 0)


def rollback_weight(s: RolloutSnapshot) -> int:
    """Weight of an aborted canary: as low as the stable revision's available pods allow, and never more than before."""
    stable, full = s.distinct_stable, s.spec.canary.max_weight
    if stable is None or s.new is None or s.spec.replicas == 0:
        return 0
    carried = full * stable.available // s.spec.replicas
    least, landing, before = max(0, full - carried), landing_weight(s), written_weight(s)
    if before is None:
        return max(least, landing)
    if landing == 0:
        return min(least, before)
    return before if carried < full - landing else min(landing, before)


def promoted_weight(s: RolloutSnapshot) -> int:
    """Weight of a canary that is promoted in full: what its available pods can carry."""
    if s.new is None or s.spec.replicas == 0:
        return 0
    return min(s.spec.canary.max_weight, s.spec.canary.max_weight * s.new.available // s.spec.replicas)


def written_weight(s: RolloutSnapshot) -> int | None:
    """The canary's weight as it was last written; None when nothing was."""
    if s.route is not None and s.route.weight is not None:
        return s.route.weight
    return None if s.status.weights is None else s.status.weights.canary


def least_canary(s: RolloutSnapshot, canary: Revision) -> int:
    """Pods below which `canary` may not be taken now, given the traffic that may reach it."""
    weight = written_weight(s)
    if _is_uncertain(s):
        return canary.replicas
    return share(s.spec.replicas, weight or 0, s.spec.canary.max_weight)


def least_stable(s: RolloutSnapshot, stable: Revision) -> int:
    """Pods below which the stable revision may not be taken now, given the traffic that may reach it."""
    weight, full = written_weight(s), s.spec.canary.max_weight
    if _is_uncertain(s):
        return max(stable.replicas, s.spec.replicas if weight is None else 0)
    return share(s.spec.replicas, full - (weight or 0), full)


def _is_uncertain(s: RolloutSnapshot) -> bool:
    """Whether the data plane may serve something else than what was written last."""
    return s.route is None or s.route.weight is None or s.route.confirmation is Confirmation.PENDING
