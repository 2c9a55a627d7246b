"""How a revision that is no longer needed goes: after its delay, or at once, and in the end altogether."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ferrata.model.rollout import BlueGreen
from ferrata.model.status import format_time, parse_time
from ferrata.plan.actions import DeleteRevision, Phase, ScaleRevision
from ferrata.plan.rollout.draft import Draft
from ferrata.plan.rollout.sizing import order
from ferrata.snapshot.rollout import Revision, RolloutSnapshot


def protected_hashes(s: RolloutSnapshot, d: Draft) -> frozenset[str]:
    """Hashes of revisions that are wanted, or that traffic may reach by a selector or a recorded split."""
    hashes = {view.selects for view in s.services.values()} | {d.status.stable_rs, s.new_hash}
    if s.status.weights is not None:
        hashes |= {s.status.weights.canary_hash, s.status.weights.stable_hash}
    return frozenset(hashes - {""})


def after_delay(s: RolloutSnapshot, d: Draft, others: Sequence[Revision]) -> Draft:
    """Revisions that traffic just left: each keeps its pods for the delay, as many of them as the limit allows."""
    limit, delay = s.spec.strategy.scale_down_delay_revision_limit, s.spec.strategy.retirement_delay
    for kept, other in enumerate(others, 1):
        may_wait = delay > 0 and (limit is None or kept <= limit)
        d = _wait(s, d, other, delay) if may_wait else d.do(scale_down(other, 0))
    return d


def _wait(s: RolloutSnapshot, d: Draft, other: Revision, delay: int) -> Draft:
    if not other.scale_down_deadline:
        return start_delay(s, d, other, delay)
    deadline = parse_time(other.scale_down_deadline)
    if deadline is None or deadline <= s.now:
        return d.do(scale_down(other, 0))
    size = _size_in_delay(s, other)
    d = d if size == other.replicas else d.do(ScaleRevision(other.name, size, order(other, size)))
    return d.wake_at(deadline)


def _size_in_delay(s: RolloutSnapshot, other: Revision) -> int:
    """A blue-green revision that was whole follows the number of replicas, so that going back to it needs no pods."""
    is_whole = isinstance(s.spec.strategy, BlueGreen) and other.replicas == other.desired_annotation
    return s.spec.replicas if is_whole and s.spec.replicas else other.replicas


def start_delay(s: RolloutSnapshot, d: Draft, revision: Revision, delay: int) -> Draft:
    """`revision` keeps its pods for `delay` seconds from now."""
    at = s.now + timedelta(seconds=delay)
    return d.do(ScaleRevision(revision.name, revision.replicas, Phase.SHRINK, format_time(at))).wake_at(at)


def scale_down(revision: Revision, replicas: int) -> ScaleRevision:
    """`revision` loses pods; the deadline goes with the last one."""
    return ScaleRevision(revision.name, replicas, Phase.SHRINK, "" if replicas == 0 else None)


def aborted_revision_waits(s: RolloutSnapshot, d: Draft) -> Draft:
    """The revision of an aborted release: kept until the stable one is whole and the delay is over, then emptied."""
    new, stable, delay = s.new, s.distinct_stable, s.spec.strategy.abort_delay
    if new is None or stable is None or delay is None or new.replicas == 0:
        return d
    if not new.scale_down_deadline:
        return d if stable.available < s.spec.replicas else start_delay(s, d, new, delay)
    deadline = parse_time(new.scale_down_deadline)
    if deadline is not None and deadline > s.now:
        return d.wake_at(deadline)
    return d.do(ScaleRevision(new.name, 0, Phase.SHRINK))


def revisions_beyond_history_go(s: RolloutSnapshot, d: Draft) -> Draft:
    """Empty old ReplicaSets beyond revisionHistoryLimit, oldest first."""
    old = sorted((o for o in s.others if not o.is_deleting), key=lambda o: (o.created, o.name))
    surplus = old[: max(0, len(old) - s.spec.revision_history_limit)]
    return d.do(*(DeleteRevision(o.name) for o in surplus if o.replicas == 0 and o.actual == 0 and o.is_observed))
