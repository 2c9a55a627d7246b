"""What the Services select, and what follows from that alone."""

from __future__ import annotations

from ferrata.model.status import INCONCLUSIVE_RUN, parse_time
from ferrata.plan.actions import PointService
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import Revision, RolloutSnapshot

PAUSE = "BlueGreenPause"
"""Reason of the pause before the switch."""


def selected(s: RolloutSnapshot, service: str) -> str:
    """The hash of the revision that `service` selects; "" when it selects none, or does not exist."""
    view = s.services.get(service)
    return view.selects if view is not None else ""


def active_hash(s: RolloutSnapshot) -> str:
    """The hash of the revision that serves users now."""
    return selected(s, s.spec.blue_green.active_service)


def planned_hash(s: RolloutSnapshot, d: Draft, service: str) -> str:
    """The hash that `service` selects once what was decided so far is done."""
    points = (a.hash for a in d.actions if isinstance(a, PointService) and a.name == service)
    return next(points, selected(s, service))


def planned_active(s: RolloutSnapshot, d: Draft) -> str:
    """The hash of the revision that serves users once what was decided so far is done."""
    return planned_hash(s, d, s.spec.blue_green.active_service)


def by_hash(s: RolloutSnapshot, pod_hash: str) -> Revision | None:
    """The owned revision with that hash, or None."""
    return next((r for r in s.revisions if r.hash == pod_hash), None)


def is_halted(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether a person, or a verdict that a person must judge, keeps the Services where they are."""
    return s.spec.paused or d.status.is_paused_for(INCONCLUSIVE_RUN)


def is_fast_rollback(s: RolloutSnapshot) -> bool:
    """Whether the desired revision is one that served before and is still up, so that nobody has to wait for it."""
    if s.is_fully_promoted:
        return True
    if s.new is None or s.stable is None or s.new.created >= s.stable.created:
        return False
    deadline = parse_time(s.new.scale_down_deadline)
    return deadline is not None and deadline > s.now


def is_fast_tracked(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether there is nothing to wait for: somebody decided, it served before, it serves already, or nothing does."""
    return (
        is_fast_rollback(s)
        or d.status.promote_full
        or active_hash(s) == s.new_hash
        or by_hash(s, active_hash(s)) is None
    )
