"""What the shared questions ask of a strategy; each strategy answers in its own `view.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ferrata.model.rollout import Canary, RolloutSpec
from ferrata.model.status import RolloutStatus
from ferrata.plan.actions import Event
from ferrata.plan.rollout.bluegreen import view as bluegreen
from ferrata.plan.rollout.canary import view as canary
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


class View(Protocol):
    """How one strategy sees a rollout that is being published."""

    def is_available(self, s: RolloutSnapshot, d: Draft) -> bool:
        """Whether the pods that serve are as many as were asked for."""

    def is_in_place(self, s: RolloutSnapshot, d: Draft) -> bool:
        """Whether the release is over and everything is where it belongs, apart from pods that are counted anyway."""

    def has_moved(self, old: RolloutStatus, new: RolloutStatus) -> bool:
        """Whether the release is at another position than when `old` was published."""

    def is_meant_to_wait(self, s: RolloutSnapshot, d: Draft) -> bool:
        """Whether nothing moving is what the present position is for."""

    def waits_for_a_person(self, s: RolloutSnapshot, d: Draft) -> bool:
        """Whether the present pause ends by a promotion only."""

    def waits_for(self, s: RolloutSnapshot, d: Draft) -> str:
        """What a rollout with all its pods waits for still; "" when nothing is left to do."""

    def goes_back_fast(self, s: RolloutSnapshot, /) -> bool:
        """Whether this release needs neither waiting nor analysis, because its revision served just before."""

    def keeps_run(self, s: RolloutSnapshot, d: Draft, kind: str) -> bool:
        """Whether the current run of that kind still belongs to the present position."""

    def events_in_order(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """The events of one pass in the order in which clients of the API know them."""


def view(spec: RolloutSpec) -> View:
    """The view of the strategy of that spec."""
    return canary if isinstance(spec.strategy, Canary) else bluegreen
