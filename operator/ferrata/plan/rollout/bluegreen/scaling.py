"""Bringing revisions to their sizes. What users are served by is never touched; the rest goes after its delay."""

from __future__ import annotations

from ferrata.model.status import INCONCLUSIVE_RUN
from ferrata.plan.rollout import retire, runs, sizing
from ferrata.plan.rollout.bluegreen.facts import active_hash, is_fast_rollback
from ferrata.plan.rollout.bluegreen.sizes import new_size
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def stable_is_whole(s: RolloutSnapshot, d: Draft) -> Draft:
    """The stable revision has all replicas for as long as there may be a way back to it."""
    return d if s.distinct_stable is None else sizing.resized(s, d, s.distinct_stable, s.spec.replicas)


def new_is_sized(s: RolloutSnapshot, d: Draft) -> Draft:
    """The new revision at the size of the present position; an aborted one waits out its delay once traffic left it."""
    if s.new is None:
        return d
    is_aborted = d.status.abort and s.distinct_stable is not None
    if is_aborted and s.spec.blue_green.abort_delay is not None:
        return d if active_hash(s) == s.new_hash else retire.aborted_revision_waits(s, d)
    is_rolling_back = s.distinct_stable is not None and is_fast_rollback(s)
    return sizing.resized(s, d, s.new, new_size(s, d), keeps_deadline=is_rolling_back)


def others_retire(s: RolloutSnapshot, d: Draft) -> Draft:
    """Every other revision with pods, the newest first, unless it may still be needed."""
    if d.status.is_paused_for(INCONCLUSIVE_RUN) or _waits_for_verdict(s, d):
        return d
    others = sorted((o for o in s.others if o.replicas > 0), key=lambda o: o.number, reverse=True)
    protected = retire.protected_hashes(s, d)
    return retire.after_delay(s, d, [other for other in others if other.hash not in protected])


def _waits_for_verdict(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether analysis after the switch is still to come, and nobody said how long old revisions are kept."""
    is_asked = s.spec.blue_green.post_promotion_analysis and not runs.are_cancelled(s, d)
    is_open = is_asked and not runs.has_passed(s, runs.POST_PROMOTION)
    return is_open and s.spec.blue_green.scale_down_delay is None
