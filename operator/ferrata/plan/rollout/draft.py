"""What has been decided so far in one pass: what to do, what to publish, what to say, and when to look again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ferrata.model.status import RolloutStatus
from ferrata.plan.actions import Action, Event
from ferrata.snapshot.rollout import RolloutSnapshot


@dataclass(frozen=True, slots=True)
class Draft:
    """A working copy that every question may answer with a changed one."""

    status: RolloutStatus
    events: tuple[Event, ...] = ()
    abort_message: str = ""
    wake_ups: tuple[datetime, ...] = ()
    actions: tuple[Action, ...] = ()

    def say(self, reason: str, message: str, type_: str = "Normal") -> Draft:
        """This draft with one more event."""
        return replace(self, events=(*self.events, Event(reason, message, type_)))

    def put(self, **changes: Any) -> Draft:
        """This draft with fields of its status changed."""
        return replace(self, status=replace(self.status, **changes))

    def wake_at(self, instant: datetime) -> Draft:
        """This draft, to be looked at again at `instant`."""
        return replace(self, wake_ups=(*self.wake_ups, instant))

    def do(self, *actions: Action) -> Draft:
        """This draft with more to do."""
        return replace(self, actions=(*self.actions, *actions))


Question = Callable[[RolloutSnapshot, Draft], Draft]
"""One question about a rollout: it sees the snapshot and what was decided so far, and answers with a draft."""


def ask(questions: Iterable[Question], s: RolloutSnapshot, d: Draft) -> Draft:
    """The draft after all of `questions`, in their order."""
    for question in questions:
        d = question(s, d)
    return d
