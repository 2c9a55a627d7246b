"""Kubernetes Events: recorded at once, sent behind everything else, never waited for.

The same event again within ten minutes bumps the count of the first one instead of making another. One sender sends
in order, so the events of an object are never mixed up, and at most one such request is under way.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from ferrata.clock import Clock
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import EVENTS
from ferrata.cluster.telemetry import Telemetry
from ferrata.errors import FerrataError, LeadershipLost, NotFound, WorldUnavailable
from ferrata.model.status import format_time

Json = dict[str, Any]
log = structlog.get_logger(__name__)
COMPONENT = "rollouts-controller"
_QUEUE = 10_000
_REMEMBERED = 4_096
_SAME_FOR = 600.0
_TRIES = 5
_LONGEST_COURTESY = 5.0
"""Seconds for which an event lets everything else go first; after a burst of releases there are thousands of them."""
_LONGEST_MESSAGE = 1024


@dataclass(frozen=True, slots=True)
class _Told:
    regarding: Json
    type: str
    reason: str
    message: str
    at: datetime
    waits_since: float


@dataclass(slots=True)
class _Sent:
    name: str
    count: int
    at: float


class EventRecorder:
    """`dropped` counts events that were never sent: the queue was full, or the API server refused for too long."""

    def __init__(self, client: ApiClient, clock: Clock, telemetry: Telemetry) -> None:
        self._client, self._clock, self._telemetry = client, clock, telemetry
        self._queue: asyncio.Queue[_Told] = asyncio.Queue(_QUEUE)
        self._sent: OrderedDict[tuple[str, str, str], _Sent] = OrderedDict()
        self._serial = 0
        self._hurry = asyncio.Event()
        self.dropped = 0

    def record(self, regarding: Json, type_: str, reason: str, message: str) -> None:
        """Queues one event about the object `regarding` (or a reference to it); returns at once.

        `type_` is Normal or Warning.
        """
        reference = _reference(regarding)
        self._telemetry.event(reference["namespace"], reference["name"], type_, reason)
        try:
            at, since = self._clock.now(), self._clock.monotonic()
            self._queue.put_nowait(_Told(reference, type_, reason, message[:_LONGEST_MESSAGE], at, since))
        except asyncio.QueueFull:
            self._drop()

    async def run(self) -> None:
        """Sends what is recorded, in order, until cancelled. Without the lease nothing is sent."""
        while True:
            told = await self._queue.get()
            try:
                await self._give_way(told)
                await self._send_patiently(told)
            finally:
                self._queue.task_done()

    async def drain(self, seconds: float) -> None:
        """Waits until everything is sent, `seconds` at most. From now on events give way to nothing."""
        self._hurry.set()
        try:
            async with asyncio.timeout(seconds):
                await self._queue.join()
        except TimeoutError:
            log.warning("events left behind at the end", count=self._queue.qsize())

    async def _give_way(self, told: _Told) -> None:
        """Lets everything else go first while there is anything, until the event has waited long enough."""
        while not self._hurry.is_set() and (seconds := self._client.busy()) > 0:
            left = told.waits_since + _LONGEST_COURTESY - self._clock.monotonic()
            if left <= 0:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, seconds)):
                    await self._hurry.wait()

    async def _send_patiently(self, told: _Told) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                await self._send(told)
            except (NotFound, LeadershipLost) as error:
                log.info("event not sent", reason=told.reason, error=str(error))
                break
            except WorldUnavailable as error:
                log.info("event put off", reason=told.reason, error=str(error), attempt=attempt)
                await asyncio.sleep(0.1 * 3**attempt)
            except FerrataError as error:
                log.warning("event refused", reason=told.reason, error=str(error))
                break
            else:
                return
        self._drop()

    async def _send(self, told: _Told) -> None:
        key = (told.regarding["uid"], told.reason, told.message)
        known = self._sent.get(key)
        if known is not None and self._clock.monotonic() - known.at < _SAME_FOR and await self._bump(known, told):
            return
        name = await self._create(told)
        self._sent[key] = _Sent(name, 1, self._clock.monotonic())
        self._sent.move_to_end(key)
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)

    async def _bump(self, known: _Sent, told: _Told) -> bool:
        """False when the first event is gone: events live for an hour at most."""
        body = {"count": known.count + 1, "lastTimestamp": format_time(told.at)}
        try:
            await self._client.patch(EVENTS, told.regarding["namespace"] or "default", known.name, body)
        except NotFound:
            return False
        known.count += 1
        return True

    async def _create(self, told: _Told) -> str:
        reference, at = told.regarding, told.at
        namespace = reference["namespace"] or "default"
        self._serial += 1
        name = f"{reference['name'][:200]}.{int(at.timestamp() * 1e6):x}{self._serial:04x}"
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": reference,
            "type": told.type,
            "reason": told.reason,
            "message": told.message,
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "firstTimestamp": format_time(at),
            "lastTimestamp": format_time(at),
            "count": 1,
        }
        await self._client.create(EVENTS, namespace, body)
        return name

    def _drop(self) -> None:
        self.dropped += 1
        self._telemetry.events_dropped(1)


def _reference(regarding: Json) -> Json:
    """An ObjectReference to an object, or `regarding` itself when it is one already."""
    named = regarding.get("metadata", regarding)
    return {
        "apiVersion": regarding["apiVersion"],
        "kind": regarding["kind"],
        "name": named["name"],
        "namespace": named.get("namespace", ""),
        "uid": named["uid"],
        "resourceVersion": named.get("resourceVersion", ""),
    }
