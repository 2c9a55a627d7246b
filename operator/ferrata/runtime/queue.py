"""A queue of keys. No key is worked on twice at once; an event meanwhile queues it once more; urgent ones go first."""

from __future__ import annotations

import asyncio
import random
from collections import deque

from ferrata.cluster.controller import Key, Priority

_FIRST, _LONGEST = 0.005, 10.0


class KeyedQueue:
    """Keys in three lanes. Delays are seconds; an earlier wake-up replaces a later one, never the other way."""

    def __init__(self) -> None:
        self._lanes: tuple[deque[Key], ...] = tuple(deque() for _ in Priority)
        self._waiting: dict[Key, Priority] = {}
        self._active: set[Key] = set()
        self._again: dict[Key, Priority] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._filled = asyncio.Event()
        self.added = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: Key, priority: Priority = Priority.ACTIVE) -> None:
        """Queues `key`, or moves it to a more urgent lane."""
        if key in self._active:
            self._again[key] = min(priority, self._again.get(key, priority))
            return
        if (present := self._waiting.get(key)) is not None and present <= priority:
            return
        self.added += 1
        self._waiting[key] = priority
        self._lanes[priority].append(key)
        self._filled.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Queues `key` after `seconds`, unless it is to wake up earlier anyway."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= loop.time() + seconds:
                return
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self._ring, key)

    def _ring(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def add_rate_limited(self, key: Key) -> None:
        """Queues `key` after a failure: 5 ms, doubled each time, 10 s at most."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add_after(key, min(_LONGEST, _FIRST * 2.0 ** min(failures, 12)) * random.uniform(0.8, 1.0))

    def succeeded(self, key: Key) -> None:
        """Forgets the failures of `key`."""
        self._failures.pop(key, None)

    async def get(self) -> Key:
        """The most urgent key that nobody works on; `done` must be called for it."""
        while True:
            for lane, keys in zip(Priority, self._lanes, strict=True):
                while keys:
                    key = keys.popleft()
                    if self._waiting.get(key) == lane:
                        del self._waiting[key]
                        self._active.add(key)
                        return key
            self._filled.clear()
            await self._filled.wait()

    def done(self, key: Key) -> None:
        """The work on `key` is over; it is queued again if something happened meanwhile."""
        self._active.discard(key)
        if (priority := self._again.pop(key, None)) is not None:
            self.add(key, priority)
