"""Workers, and the one table that says what an error means for the key that met it."""

from __future__ import annotations

import asyncio

import structlog

from ferrata.clock import Clock
from ferrata.cluster.controller import Controller, Key
from ferrata.errors import FerrataError, Forbidden, InvariantBroken, LeadershipLost, SpecRejected, Throttled
from ferrata.runtime.queue import KeyedQueue
from ferrata.runtime.telemetry import Telemetry

log = structlog.get_logger(__name__)
_AFTER_REJECTION = 10.0


class Workers:
    """`count` workers that bring the keys of one controller forward. One broken object never stops the others."""

    def __init__(
        self, controller: Controller, queue: KeyedQueue, telemetry: Telemetry, clock: Clock, count: int
    ) -> None:
        self._controller, self._queue, self._telemetry, self._clock = controller, queue, telemetry, clock
        self._count = count

    async def run(self) -> None:
        """Works until cancelled. Raises LeadershipLost, which ends the process."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._count):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            started = self._clock.monotonic()
            try:
                with structlog.contextvars.bound_contextvars(key="/".join(key)):
                    await self._one(key)
            finally:
                self._queue.done(key)
                self._telemetry.reconciled(self._controller.name, key, self._clock.monotonic() - started)

    async def _one(self, key: Key) -> None:
        try:
            wake_up = await self._controller.reconcile(key)
        except LeadershipLost:
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence: counted, logged, tried again
            await self._failed(key, error)
        else:
            self._queue.succeeded(key)
            if wake_up is not None:
                self._queue.add_after(key, wake_up)

    async def _failed(self, key: Key, error: Exception) -> None:
        match error:
            case Throttled():
                self._queue.add_after(key, error.retry_after)
            case SpecRejected() | Forbidden():
                await self._reject(key, error)
            case InvariantBroken():
                log.error("plan refused", error=str(error))
                self._queue.add_after(key, _AFTER_REJECTION)
            case FerrataError():
                log.info("to be tried again", error=str(error), kind=type(error).__name__)
                self._queue.add_rate_limited(key)
            case _:
                self._telemetry.failed(self._controller.name, key)
                log.error("reconciliation failed", exc_info=error)
                self._queue.add_rate_limited(key)

    async def _reject(self, key: Key, error: FerrataError) -> None:
        log.warning("rejected", error=str(error))
        try:
            await self._controller.rejected(key, error)
        except LeadershipLost:
            raise
        except FerrataError as again:
            log.info("the rejection could not be published", error=str(again))
            self._queue.add_rate_limited(key)
            return
        self._queue.add_after(key, _AFTER_REJECTION)
