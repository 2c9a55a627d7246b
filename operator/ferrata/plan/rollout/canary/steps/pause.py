"""`pause`: wait for a time, or for a promotion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ferrata.errors import SpecRejected
from ferrata.model.durations import pause_seconds
from ferrata.model.status import PauseCondition
from ferrata.plan.rollout.canary.steps.base import ClimbStep
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot

PAUSE_STEP = "CanaryPauseStep"


@dataclass(frozen=True, slots=True)
class Pause(ClimbStep):
    """Done after `seconds`, or once promoted when that is None. `text` is the duration as it was written."""

    seconds: float | None = None
    text: str = ""

    @classmethod
    def parse(cls, body: Any, field: str) -> Pause:
        duration = (body or {}).get("duration")
        if duration is None:
            return cls()
        try:
            return cls(pause_seconds(duration), str(duration))
        except (ValueError, TypeError) as error:
            raise SpecRejected(f"{field}.pause.duration: {error}", field) from error

    @property
    def is_meant_to_wait(self) -> bool:
        return True

    @property
    def waits_for_a_person(self) -> bool:
        return self.seconds is None

    def begin(self, s: RolloutSnapshot, d: Draft) -> Draft:
        """Paused, unless it is or was already; with a duration, to be looked at again when that has passed."""
        if not d.status.controller_pause and _condition(d) is None:
            pauses = (*d.status.pauses, PauseCondition(PAUSE_STEP, s.now))
            d = d.put(pauses=pauses, controller_pause=True)
        end = self._end(d)
        return d if end is None or end <= s.now else d.wake_at(end)

    def is_done(self, s: RolloutSnapshot, d: Draft) -> bool:
        """Over when its time has passed, or when somebody took the condition away."""
        if _condition(d) is None:
            return d.status.controller_pause
        end = self._end(d)
        return end is not None and end <= s.now

    def _end(self, d: Draft) -> datetime | None:
        pause = _condition(d)
        return None if pause is None or self.seconds is None else pause.since + timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        return f"pause: {self.text}" if self.text else "pause"


def _condition(d: Draft) -> PauseCondition | None:
    return next((p for p in d.status.pauses if p.reason == PAUSE_STEP), None)
