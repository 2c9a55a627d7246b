"""What has been decided so far in one pass: the status to publish, what to say, and when to look again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ferrata.model.status import RolloutStatus
from ferrata.plan.actions import Event


@dataclass(frozen=True, slots=True)
class Draft:
    """A working copy that every question may answer with a changed one."""

    status: RolloutStatus
    events: tuple[Event, ...] = ()
    abort_message: str = ""
    wake_ups: tuple[datetime, ...] = ()

    def say(self, reason: str, message: str, type_: str = "Normal") -> Draft:
        """This draft with one more event."""
        return replace(self, events=(*self.events, Event(reason, message, type_)))

    def put(self, **changes: Any) -> Draft:
        """This draft with fields of its status changed."""
        return replace(self, status=replace(self.status, **changes))

    def wake_at(self, instant: datetime) -> Draft:
        """This draft, to be looked at again at `instant`."""
        return replace(self, wake_ups=(*self.wake_ups, instant))
