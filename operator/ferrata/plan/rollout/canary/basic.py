"""Sizes of a canary without a router, where the share of traffic is the share of pods.

The numbers follow Argo Rollouts' observable behaviour; its published tables are the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from ferrata.snapshot.rollout import Revision


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the number of pods may stray from `replicas` while they are replaced."""

    replicas: int
    max_surge: int
    max_unavailable: int

    @property
    def most(self) -> int:
        """Pods that may exist at once."""
        return self.replicas + self.max_surge

    @property
    def least_available(self) -> int:
        """Pods that must stay available."""
        return self.replicas - self.max_unavailable


@dataclass(frozen=True, slots=True)
class Side:
    """One revision's pods: asked for, and available."""

    replicas: int
    available: int

    def counted(self, *, ignore: bool) -> int:
        """Pods that count as available; a side that is drained anyway counts as it was asked for."""
        return self.replicas if ignore or self.replicas < self.available else self.available


def closest(replicas: int, weight: int, max_weight: int, max_surge: int) -> tuple[int, int]:
    """(canary, stable) pods whose ratio is closest to `weight` of `max_weight`; the earliest candidate wins a tie.

    Without room for one more pod, a ratio halfway between all and all but one leaves the stable side its last pod.
    """
    if replicas == 0:
        return 0, 0
    almost_all = (replicas - 1, replicas)
    options = list(_candidates(replicas, Fraction(weight, max_weight), max_surge)) or [almost_all]
    canary, total = min(options, key=lambda c: abs(Fraction(c[0] * max_weight, c[1]) - weight))
    return canary, total - canary


def _candidates(replicas: int, part: Fraction, max_surge: int) -> Iterator[tuple[int, int]]:
    """Candidates in order of preference, as (canary, total)."""
    up, down = ceil(replicas * part), floor(replicas * part)
    may_be_empty = part in {0, 1} or (replicas == 1 and max_surge == 0)
    totals = (replicas, replicas + 1) if max_surge > 0 else (replicas,)
    for total in totals:
        if total > replicas or up < replicas or may_be_empty:
            yield up, total
        is_tie = (total * part) % 1 == Fraction(1, 2)
        if not is_tie and (down != 0 or may_be_empty):
            yield down, total


def sizes(
    new: Revision | None,
    stable: Revision | None,
    others: tuple[Revision, ...],
    limits: Limits,
    weight: int,
    max_weight: int,
) -> tuple[int, int]:
    """(new, stable) pods to ask for next. `stable` is None when it is the new revision itself or does not exist."""
    canary_goal, stable_goal = closest(limits.replicas, weight, max_weight, limits.max_surge)
    if stable is None:
        canary_goal, stable_goal = limits.replicas, 0
    n = Side(new.replicas, new.available) if new else Side(0, 0)
    s = Side(stable.replicas, stable.available) if stable else Side(0, 0)
    n, s = _grow(n, s, others, limits, (canary_goal, stable_goal))
    if any(o.replicas for o in others):
        return n.replicas, s.replicas
    return _shrink(n, s, limits, (canary_goal, stable_goal), has_new=new is not None, has_stable=stable is not None)


def _grow(n: Side, s: Side, others: tuple[Revision, ...], limits: Limits, goal: tuple[int, int]) -> tuple[Side, Side]:
    """Both sides raised towards their goals, the stable one first, within maxSurge."""
    room = limits.most - n.replicas - s.replicas - sum(o.replicas for o in others)
    if s.replicas < goal[1] and room > 0:
        raised = min(goal[1], s.replicas + room)
        room -= raised - s.replicas
        s = replace(s, replicas=raised)
    if n.replicas < goal[0] and room > 0:
        n = replace(n, replicas=min(goal[0], n.replicas + room))
    return n, s


def _shrink(
    n: Side, s: Side, limits: Limits, goal: tuple[int, int], *, has_new: bool, has_stable: bool
) -> tuple[int, int]:
    """The draining side lowered as far as availability allows."""
    climbing = not has_new or goal[0] >= n.replicas
    spare = n.counted(ignore=not climbing) + s.counted(ignore=climbing) - limits.least_available
    if spare <= 0:
        return n.replicas, s.replicas
    if not climbing and n.replicas > goal[0]:
        return _limit(replace(n, replicas=max(goal[0], n.replicas - spare)), s, limits)
    if climbing and has_stable and s.replicas > goal[1]:
        stable, new = _limit(replace(s, replicas=max(goal[1], s.replicas - spare)), n, limits)
        return new, stable
    return n.replicas, s.replicas


def _limit(drain: Side, other: Side, limits: Limits) -> tuple[int, int]:
    """(drain, other) within maxSurge, with what the other side is about to lose given back."""
    d, a = drain.replicas, other.replicas
    a -= max(0, a + d - limits.most)
    have = min(drain.available, d) + min(other.available, a)
    lost = max(0, other.available - a)
    a += min(lost, max(0, limits.least_available - have))
    d -= max(0, a + d - limits.most)
    return d, a
