"""Bringing a canary's revisions to their sizes, in the order that keeps traffic served."""

from __future__ import annotations

from ferrata.plan.rollout import retire, sizing
from ferrata.plan.rollout.canary import sizes, traffic
from ferrata.plan.rollout.canary.retire import others_retire
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import Confirmation, RolloutSnapshot


def revisions_are_scaled(s: RolloutSnapshot, d: Draft) -> Draft:
    """The stable and the new revision first; without a router the others wait until those have their sizes."""
    if s.spec.paused:
        return d
    before = d.actions
    d = _stable_and_new(s, d)
    is_resized = d.actions != before
    if _keeps_canary(s, d):
        d = retire.aborted_revision_waits(s, d)
    return d if is_resized and not s.spec.canary.routed else others_retire(s, d)


def _stable_and_new(s: RolloutSnapshot, d: Draft) -> Draft:
    """Both at their next sizes; a routed canary shrinks only after its traffic did."""
    wanted = sizes.next_sizes(s, d.status)
    keeps_canary, may_shrink = _keeps_canary(s, d), not s.spec.canary.routed or _traffic_is_settled(s, d)
    if s.distinct_stable is not None:
        d = sizing.resized(s, d, s.distinct_stable, wanted.stable)
    if s.new is None or keeps_canary:
        return d
    return sizing.resized(s, d, s.new, wanted.new if may_shrink else max(wanted.new, s.new.replicas))


def _keeps_canary(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether the canary of an aborted release keeps its pods for a while (or for good) instead of being sized."""
    return d.status.abort and s.spec.canary.keeps_aborted_pods and s.distinct_stable is not None and s.new is not None


def _traffic_is_settled(s: RolloutSnapshot, d: Draft) -> bool:
    if s.route is None:
        return True
    is_confirmed = s.route.confirmation is not Confirmation.PENDING
    is_written = s.route.weight in {None, traffic.desired_weight(s, d)} and (
        s.route.managed == traffic.desired_routes(s, d)
    )
    return is_confirmed and is_written
