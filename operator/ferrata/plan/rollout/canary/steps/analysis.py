"""`analysis`: one AnalysisRun must succeed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferrata.plan.actions import Action
from ferrata.plan.rollout import runs
from ferrata.plan.rollout.canary.steps.base import ClimbStep
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


@dataclass(frozen=True, slots=True)
class Analysis(ClimbStep):
    """Done when its run has succeeded. Without templates it is done at once."""

    has_templates: bool = True

    @classmethod
    def parse(cls, body: Any, field: str) -> Analysis:  # noqa: ARG003 - validation has seen it
        return cls(bool(body.get("templates")))

    @property
    def is_meant_to_wait(self) -> bool:
        return True

    def is_done(self, s: RolloutSnapshot, d: Draft) -> bool:
        if not self.has_templates:
            return True
        run = runs.current(s, runs.STEP)
        is_of_this_step = run is not None and run.step_index == d.status.current_step_index
        return run is not None and is_of_this_step and run.phase == "Successful"

    def actions(self, s: RolloutSnapshot, d: Draft) -> tuple[Action, ...]:
        """Its run, unless a pause holds the release."""
        if not self.has_templates or d.status.pauses:
            return ()
        return runs.start_if_needed(s, runs.STEP, d.status.current_step_index)

    def __str__(self) -> str:
        return "analysis"
