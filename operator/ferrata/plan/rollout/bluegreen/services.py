"""Which revision each Service selects.

The active Service only ever goes to a revision that can take its traffic; an abort brings it back to the stable one.
"""

from __future__ import annotations

from dataclasses import replace

from ferrata.plan.actions import PointService
from ferrata.plan.rollout.bluegreen.facts import (
    active_hash,
    by_hash,
    is_fast_tracked,
    is_halted,
    planned_active,
    planned_hash,
    selected,
)
from ferrata.plan.rollout.bluegreen.preview import is_analysed, is_promoted
from ferrata.plan.rollout.bluegreen.sizes import is_ready, is_saturated
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import Revision, RolloutSnapshot


def active_follows(s: RolloutSnapshot, d: Draft) -> Draft:
    """The active Service is switched when everything before the switch is done."""
    target = _active_target(s, d)
    if target is None or target.hash == active_hash(s):
        return d
    return _pointed(s, d.put(controller_pause=bool(d.status.pauses)), s.spec.blue_green.active_service, target.hash)


def _active_target(s: RolloutSnapshot, d: Draft) -> Revision | None:
    """The revision that is to serve users; None when that stays as it is."""
    if d.status.abort:
        return s.distinct_stable if _can_take_back(s) else None
    if is_halted(s, d):
        return None
    if s.distinct_stable is not None and by_hash(s, active_hash(s)) is None:
        return s.distinct_stable if s.distinct_stable.available else None
    if not is_ready(s, d) or not is_saturated(s):
        return None
    return s.new if is_fast_tracked(s, d) or (is_promoted(s, d) and is_analysed(s, d)) else None


def _can_take_back(s: RolloutSnapshot) -> bool:
    """Whether the stable revision has as many available pods as the one that was aborted, or all of them."""
    if s.distinct_stable is None:
        return False
    serving = by_hash(s, active_hash(s))
    needed = min(s.spec.replicas, serving.available if serving is not None else 0)
    return s.distinct_stable.available >= max(needed, 1)


def preview_follows(s: RolloutSnapshot, d: Draft) -> Draft:
    """The preview Service goes to the new revision as soon as that exists, ready or not."""
    service = s.spec.blue_green.preview_service
    if not service or is_halted(s, d) or selected(s, service) == s.new_hash:
        return d
    return _pointed(s, d, service, s.new_hash)


def _pointed(s: RolloutSnapshot, d: Draft, service: str, pod_hash: str) -> Draft:
    return d.do(PointService(service, pod_hash, selected(s, service))) if service in s.services else d


def selectors_are_published(s: RolloutSnapshot, d: Draft) -> Draft:
    """`status.blueGreen` names what the Services select once the plan is carried out."""
    preview = planned_hash(s, d, s.spec.blue_green.preview_service)
    return d.put(blue_green=replace(d.status.blue_green, active=planned_active(s, d), preview=preview))
