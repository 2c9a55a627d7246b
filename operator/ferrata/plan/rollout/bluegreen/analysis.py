"""Analysis before and after the switch."""

from __future__ import annotations

from ferrata.plan.rollout import runs
from ferrata.plan.rollout.bluegreen.facts import active_hash, by_hash, planned_active
from ferrata.plan.rollout.bluegreen.sizes import is_ready, is_saturated
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def pre_promotion_run_exists(s: RolloutSnapshot, d: Draft) -> Draft:
    """A run for a preview that is ready. One that has begun goes on when pods come and go."""
    if not s.spec.blue_green.pre_promotion_analysis or not runs.may_start(s, d) or d.status.blue_green.checkpoint:
        return d
    has_begun = runs.current(s, runs.PRE_PROMOTION) is not None
    serves = planned_active(s, d) == s.new_hash or by_hash(s, active_hash(s)) is None
    if serves or not (has_begun or is_ready(s, d)):
        return d
    return d.do(*runs.start_if_needed(s, runs.PRE_PROMOTION))


def post_promotion_run_exists(s: RolloutSnapshot, d: Draft) -> Draft:
    """A run for the new revision once users are known to be served by it."""
    if not s.spec.blue_green.post_promotion_analysis or not runs.may_start(s, d):
        return d
    has_begun = runs.current(s, runs.POST_PROMOTION) is not None
    if s.distinct_stable is None or active_hash(s) != s.new_hash or not (has_begun or is_saturated(s)):
        return d
    return d.do(*runs.start_if_needed(s, runs.POST_PROMOTION))
