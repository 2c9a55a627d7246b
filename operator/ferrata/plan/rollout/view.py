"""What the shared questions ask of a strategy; each strategy answers in its own `view.py`."""

from __future__ import annotations

from typing import Protocol

from ferrata.model.rollout import RolloutSpec
from ferrata.model.status import RolloutStatus
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


def view(_: RolloutSpec) -> View:
    """The view of the strategy of that spec."""
    return canary
