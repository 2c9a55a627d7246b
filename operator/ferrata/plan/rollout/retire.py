"""What happens to revisions that are no longer needed, and to the canary after an abort.

No revision loses a pod here while a Service or a split that was written or observed can still reach it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ferrata.model.status import format_time, parse_time
from ferrata.plan.actions import Action, DeleteRevision, Phase, ScaleRevision
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import Revision, RolloutSnapshot


@dataclass(frozen=True, slots=True)
class Retirement:
    """Actions, and the instants at which something is due."""

    actions: tuple[Action, ...] = ()
    due: tuple[datetime, ...] = ()


def reachable_hashes(s: RolloutSnapshot) -> frozenset[str]:
    """Hashes of revisions that traffic may reach by a selector or a recorded split."""
    hashes = {view.selects for view in s.services.values()}
    if s.status.weights is not None:
        hashes |= {s.status.weights.canary_hash, s.status.weights.stable_hash}
    return frozenset(hashes - {""})


def retire_others(s: RolloutSnapshot, d: Draft) -> Retirement:
    """Every revision that is neither new nor stable, on its way to zero."""
    others = sorted((o for o in s.others if o.replicas > 0), key=lambda o: o.number, reverse=True)
    if not others:
        return Retirement()
    return _retire_routed(s, d, others) if s.spec.canary.routed else _retire_basic(s, others)


def _retire_basic(s: RolloutSnapshot, others: list[Revision]) -> Retirement:
    """Unhealthy pods first, then as many as availability can spare, newest revision first."""
    unhealthy = [_scale(o, o.available) for o in others if o.replicas > o.available]
    if unhealthy:
        return Retirement(tuple(unhealthy))
    spare = sum(r.available for r in s.revisions) - (s.spec.replicas - s.spec.canary.max_unavailable)
    actions: list[Action] = []
    for other in others:
        taken = min(other.replicas, max(0, spare))
        spare -= taken
        if taken:
            actions.append(_scale(other, other.replicas - taken))
    return Retirement(tuple(actions))


def _retire_routed(s: RolloutSnapshot, d: Draft, others: list[Revision]) -> Retirement:
    """A revision that traffic just left keeps its pods for the delay; one from in between goes at once."""
    protected = reachable_hashes(s) | {d.status.stable_rs, s.new_hash}
    promoted = d.status.stable_rs == s.new_hash
    actions: list[Action] = []
    due: list[datetime] = []
    kept = 0
    for other in others:
        if other.hash in protected:
            continue
        if not promoted and not other.scale_down_deadline:
            actions.append(_scale(other, 0))
            continue
        kept += 1
        action, at = _delayed(s, other, kept)
        actions += [action] if action else []
        due += [at] if at else []
    return Retirement(tuple(actions), tuple(due))


def _delayed(s: RolloutSnapshot, other: Revision, kept: int) -> tuple[Action | None, datetime | None]:
    """(what to do, when to look again) for a revision in its scale-down delay; `kept` counts those that wait."""
    limit, delay = s.spec.canary.scale_down_delay_revision_limit, s.spec.canary.retirement_delay
    if delay == 0 or (limit is not None and kept > limit):
        return _scale(other, 0), None
    if not other.scale_down_deadline:
        at = s.now + timedelta(seconds=delay)
        return ScaleRevision(other.name, other.replicas, Phase.SHRINK, format_time(at)), at
    deadline = parse_time(other.scale_down_deadline)
    if deadline is None or deadline <= s.now:
        return _scale(other, 0), None
    return None, deadline


def _scale(revision: Revision, replicas: int) -> ScaleRevision:
    return ScaleRevision(revision.name, replicas, Phase.SHRINK, "" if replicas == 0 else None)


def keeps_canary(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether the canary of an aborted release keeps its pods for a while (or for good) instead of being sized."""
    return d.status.abort and s.spec.canary.routed and s.distinct_stable is not None and s.new is not None


def keep_canary(s: RolloutSnapshot) -> Retirement:
    """The aborted canary: kept until the stable revision is whole and the delay is over, then scaled to zero."""
    new, stable, delay = s.new, s.distinct_stable, s.spec.canary.abort_delay
    if new is None or stable is None or delay is None or new.replicas == 0:
        return Retirement()
    if not new.scale_down_deadline:
        if stable.available < s.spec.replicas:
            return Retirement()
        at = s.now + timedelta(seconds=delay)
        return Retirement((ScaleRevision(new.name, new.replicas, Phase.SHRINK, format_time(at)),), (at,))
    deadline = parse_time(new.scale_down_deadline)
    if deadline is not None and deadline > s.now:
        return Retirement((), (deadline,))
    return Retirement((ScaleRevision(new.name, 0, Phase.SHRINK),))


def beyond_history(s: RolloutSnapshot) -> tuple[Action, ...]:
    """Empty old ReplicaSets beyond revisionHistoryLimit, oldest first."""
    old = sorted((o for o in s.others if not o.is_deleting), key=lambda o: (o.created, o.name))
    surplus = old[: max(0, len(old) - s.spec.revision_history_limit)]
    return tuple(DeleteRevision(o.name) for o in surplus if o.replicas == 0 and o.actual == 0 and o.is_observed)
