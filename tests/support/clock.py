"""A clock that stands until it is moved, and timers that ring when it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class StandingClock:
    """Both clocks of `ferrata.clock.Clock`, moved by `advance` alone."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._timers: list[_Timer] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def call_later(self, seconds: float, callback: Callable[[], None]) -> _Timer:
        timer = _Timer(self.seconds + seconds, callback)
        self._timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Moves on, ringing what is due in its order."""
        end = self.seconds + seconds
        while due := [timer for timer in self._timers if not timer.cancelled and timer.at <= end]:
            first = min(due, key=lambda timer: timer.at)
            self._timers.remove(first)
            self.seconds = max(self.seconds, first.at)
            first.callback()
        self.seconds = end

    @property
    def pending(self) -> int:
        return sum(not timer.cancelled for timer in self._timers)


class _Timer:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at, self.callback, self.cancelled = at, callback, False

    def cancel(self) -> None:
        self.cancelled = True
