"""What every kind of step answers to the climb."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ferrata.model.rollout import Step
from ferrata.plan.actions import Action
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


class ClimbStep(Step, ABC):
    """One step of the climb: as it is written, and how it is carried out. Its text is what events call it."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    def parse(cls, body: Any, field: str) -> ClimbStep:
        """The step that `body` (the value of its key) asks for. Raises SpecRejected; `field` is where it stands."""

    def begin(self, s: RolloutSnapshot, d: Draft) -> Draft:  # noqa: ARG002 - most kinds need nothing
        """The draft once this step is the current one; asked again on every pass until it is done."""
        return d

    @abstractmethod
    def is_done(self, s: RolloutSnapshot, d: Draft) -> bool:
        """Whether the facts show this step as done."""

    def leave(self, d: Draft) -> Draft:
        """The draft without what was noted for this step."""
        return d

    def actions(self, s: RolloutSnapshot, d: Draft) -> tuple[Action, ...]:  # noqa: ARG002 - most kinds need nothing
        """What this step wants to exist while it is the current one."""
        return ()
