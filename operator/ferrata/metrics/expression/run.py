"""What one evaluation uses up: steps and memory, each with a limit and one error."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ferrata.metrics.expression.arithmetic import BUDGET
from ferrata.metrics.expression.errors import LocatedError, StepsUsedUp
from ferrata.metrics.expression.limits import MAX_MEMORY, MAX_STEPS


@dataclass(slots=True)
class Loop:
    """One loop that is running: its elements, where it is, and what it has gathered."""

    items: list[object]
    index: int = 0
    gathered: object = None


@dataclass(slots=True)
class Run:
    """One evaluation: the value of `result`, the instant of `now()`, variables, loops, and what is used up."""

    result: object
    now: datetime
    variables: dict[str, object] = field(default_factory=dict)
    loops: list[Loop] = field(default_factory=list)
    most: int = MAX_STEPS
    steps: int = 0
    memory: int = 0

    def step(self, count: int = 1) -> None:
        """Use up `count` steps."""
        self.steps += count
        if self.steps > self.most:
            raise StepsUsedUp(f"evaluation takes more than {self.most} steps")

    def grow(self, size: int) -> None:
        """Use up memory for `size` elements or characters."""
        self.memory += size
        if self.memory >= MAX_MEMORY:
            raise LocatedError(BUDGET)
