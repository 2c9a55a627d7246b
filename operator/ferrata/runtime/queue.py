"""A queue of keys. No key is worked on twice at once; an event meanwhile queues it once more; urgent ones go first.

Three lanes (`Priority`): aborts and rollbacks overtake releases under way, those overtake the rest. Delays are
seconds. Taking a key cancels its pending wake-up, because whoever works on it decides anew when to look again.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from typing import Protocol

from ferrata.clock import Clock
from ferrata.cluster.controller import Key, Priority

FIRST_BACKOFF, LONGEST_BACKOFF = 0.005, 10.0


class Timer(Protocol):
    """What `call_later` returns."""

    def cancel(self) -> None:
        """Never calls."""


CallLater = Callable[[float, Callable[[], None]], Timer]


def _loop_timer(seconds: float, callback: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, callback)


class KeyedQueue:
    """Keys to be worked on. `get` hands one out, `done` must follow; everything else never waits."""

    def __init__(self, clock: Clock, call_later: CallLater = _loop_timer) -> None:
        self._clock, self._call_later = clock, call_later
        self._lanes: dict[Priority, deque[Key]] = {lane: deque() for lane in Priority}
        self._waiting: dict[Key, Priority] = {}
        self._since: dict[Key, float] = {}
        self._active: dict[Key, Priority | None] = {}
        self._failures: dict[Key, int] = {}
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._serial = itertools.count()
        self._timer: Timer | None = None
        self._timer_at = float("inf")
        self._takers: deque[asyncio.Future[None]] = deque()
        self._closed = False
        self._idle = asyncio.Event()
        self.adds, self.retries = 0, 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def active(self) -> int:
        """How many keys are being worked on."""
        return len(self._active)

    @property
    def delayed(self) -> int:
        """How many keys have a wake-up ahead."""
        return len(self._due)

    def add(self, key: Key, priority: Priority = Priority.ACTIVE) -> None:
        """Queues `key`, or moves it to a more urgent lane. While it is worked on: once more after that."""
        if key in self._active:
            again = self._active[key]
            self._active[key] = priority if again is None else min(priority, again)
            return
        present = self._waiting.get(key)
        if present is not None and present <= priority:
            return
        if present is None:
            self.adds += 1
            self._since[key] = self._clock.monotonic()
        self._waiting[key] = priority
        self._lanes[priority].append(key)
        self._wake()

    def add_after(self, key: Key, seconds: float) -> None:
        """Queues `key` after `seconds`, unless it is to wake up earlier anyway."""
        if seconds <= 0:
            self.add(key)
            return
        at = self._clock.monotonic() + seconds
        if self._due.get(key, float("inf")) <= at:
            return
        self._due[key] = at
        heapq.heappush(self._heap, (at, next(self._serial), key))
        self._arm()

    def add_rate_limited(self, key: Key) -> None:
        """Queues `key` after a failure: 5 ms, doubled each time, 10 s at most, a fifth of it by chance."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.retries += 1
        seconds = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures, 12))
        self.add_after(key, seconds * random.uniform(0.8, 1.0))

    def forget(self, key: Key) -> None:
        """Forgets the failures of `key`: the next one starts at 5 ms again."""
        self._failures.pop(key, None)

    async def get(self) -> tuple[Key, float]:
        """The most urgent key that nobody works on, and how many seconds it waited. `done` must be called for it."""
        while (key := self._take()) is None:
            taker = asyncio.get_running_loop().create_future()
            self._takers.append(taker)
            try:
                await taker
            except asyncio.CancelledError:
                if taker.done() and not taker.cancelled():
                    self._wake()
                raise
        self._active[key] = None
        self._due.pop(key, None)
        return key, self._clock.monotonic() - self._since.pop(key)

    def done(self, key: Key) -> None:
        """The work on `key` is over; it is queued again if something happened meanwhile."""
        if (again := self._active.pop(key)) is not None:
            self.add(key, again)
        if self._closed and not self._active:
            self._idle.set()

    async def close(self, seconds: float) -> int:
        """Hands out nothing more; waits until all work is done, `seconds` at most. How many keys are unfinished."""
        self._closed = True
        if self._active:
            try:
                async with asyncio.timeout(seconds):
                    await self._idle.wait()
            except TimeoutError:
                return len(self._active)
        return 0

    def _take(self) -> Key | None:
        if self._closed:
            return None
        for lane, keys in self._lanes.items():
            while keys:
                key = keys.popleft()
                if self._waiting.get(key) == lane:
                    del self._waiting[key]
                    return key
        return None

    def _wake(self) -> None:
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(None)
                return

    def _arm(self) -> None:
        """One timer, for the earliest wake-up."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        at = self._heap[0][0] if self._heap else float("inf")
        if at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, at
        if self._heap:
            self._timer = self._call_later(max(0.0, at - self._clock.monotonic()), self._ring)

    def _ring(self) -> None:
        self._timer, self._timer_at = None, float("inf")
        now = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now:
            at, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == at:
                del self._due[key]
                self.add(key)
        self._arm()
