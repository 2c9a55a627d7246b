"""The only module that reads clocks. Everything else is handed an instant, so that it can be tested and replayed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the shell asks for the time."""

    def now(self) -> datetime:
        """The instant, timezone-aware in UTC, for comparison with times in objects."""

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring durations."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251

    def monotonic(self) -> float:
        return time.monotonic()  # noqa: TID251
