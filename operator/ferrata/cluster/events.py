"""Kubernetes Events: recorded at once, sent behind everything else, never waited for.

The same event again within ten minutes bumps the count of the first one instead of making another.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import structlog

from ferrata.clock import Clock
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import EVENTS
from ferrata.errors import FerrataError
from ferrata.model.status import format_time

log = structlog.get_logger(__name__)
_QUEUE = 10_000
_REMEMBERED = 4_096
_SAME_FOR = 600.0
COMPONENT = "rollouts-controller"


@dataclass(slots=True)
class _Sent:
    name: str
    count: int
    at: float


class EventRecorder:
    """`dropped` counts events that found the queue full."""

    def __init__(self, client: ApiClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._queue: asyncio.Queue[tuple[dict[str, Any], str, str, str]] = asyncio.Queue(_QUEUE)
        self._sent: OrderedDict[tuple[str, str, str], _Sent] = OrderedDict()
        self._serial = 0
        self.dropped = 0

    def record(self, regarding: dict[str, Any], type_: str, reason: str, message: str) -> None:
        """Queues one event about the object `regarding`; returns at once."""
        try:
            self._queue.put_nowait((regarding, type_, reason, message))
        except asyncio.QueueFull:
            self.dropped += 1

    async def run(self) -> None:
        """Sends what is recorded, in order, until cancelled."""
        while True:
            item = await self._queue.get()
            try:
                await self._send(*item)
            except FerrataError as error:
                log.warning("event not sent", reason=item[2], error=str(error))
            finally:
                self._queue.task_done()

    async def drain(self, seconds: float) -> None:
        """Waits until everything is sent, `seconds` at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._queue.join()
        except TimeoutError:
            log.warning("events left behind at the end", count=self._queue.qsize())

    async def _send(self, regarding: dict[str, Any], type_: str, reason: str, message: str) -> None:
        metadata = regarding["metadata"]
        key = (metadata["uid"], reason, message)
        now, namespace = self._clock.monotonic(), metadata.get("namespace") or "default"
        known = self._sent.get(key)
        if known is not None and now - known.at < _SAME_FOR:
            known.count += 1
            body = {"count": known.count, "lastTimestamp": format_time(self._clock.now())}
            await self._client.patch(EVENTS, namespace, known.name, body)
            return
        name = await self._create(regarding, namespace, (type_, reason, message))
        self._sent[key] = _Sent(name, 1, now)
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)

    async def _create(self, regarding: dict[str, Any], namespace: str, told: tuple[str, str, str]) -> str:
        metadata, at = regarding["metadata"], self._clock.now()
        self._serial += 1
        name = f"{metadata['name'][:200]}.{int(at.timestamp() * 1e6):x}{self._serial:x}"
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": regarding["apiVersion"],
                "kind": regarding["kind"],
                "name": metadata["name"],
                "namespace": metadata.get("namespace", ""),
                "uid": metadata["uid"],
                "resourceVersion": metadata.get("resourceVersion", ""),
            },
            "type": told[0],
            "reason": told[1],
            "message": told[2][:1024],
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "firstTimestamp": format_time(at),
            "lastTimestamp": format_time(at),
            "count": 1,
        }
        await self._client.create(EVENTS, namespace, body)
        return name
