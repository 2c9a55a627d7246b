"""Workers, and the one table that says what an error means for the key that met it."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from ferrata.clock import Clock
from ferrata.cluster.controller import Controller, Key, Priority
from ferrata.cluster.kinds import Kind
from ferrata.cluster.machinery import Machinery
from ferrata.errors import FerrataError, Forbidden, InvariantBroken, LeadershipLost, SpecRejected, Throttled
from ferrata.runtime.queue import KeyedQueue
from ferrata.runtime.telemetry import Metrics

Json = dict[str, Any]
log = structlog.get_logger(__name__)
_AFTER_REJECTION = 10.0
_LONGEST_PASS = 120.0
"""A pass that takes longer hangs; it is given up, so that its key can be tried again."""


class Workers:
    """`count` workers that bring the keys of one controller forward. One broken object never stops the others."""

    def __init__(
        self, controller: Controller, queue: KeyedQueue, machinery: Machinery, metrics: Metrics, count: int
    ) -> None:
        self._controller, self._queue, self._machinery, self._metrics = controller, queue, machinery, metrics
        self._clock: Clock = machinery.clock
        self._count = count

    def notice(self, kind: Kind, old: Json | None, new: Json | None) -> None:
        """Queues the keys that a change in the cache concerns. Never raises: a listener of the cache."""
        try:
            for key, priority in self._controller.keys_for(kind, old, new):
                self._queue.add(key, priority)
        except Exception:
            namespace, name = key = _key_of(new or old or {"metadata": {"name": ""}})
            log.exception("a change was not understood", kind=kind.plural, namespace=namespace, name=name)
            self._metrics.failed(self._controller.name, key, unforeseen=True)
        if new is None and old is not None and kind == self._controller.kind:
            self._queue.add(_key_of(old), Priority.IDLE)

    async def run(self) -> None:
        """Works until cancelled. Raises LeadershipLost, which ends the process."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._count):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key, waited = await self._queue.get()
            started = self._clock.monotonic()
            try:
                with structlog.contextvars.bound_contextvars(controller=self._controller.name, key="/".join(key)):
                    await self._one(key)
            finally:
                self._queue.done(key)
                self._metrics.reconciled(self._controller.name, key, waited, self._clock.monotonic() - started)
                self._clean_up(key)

    async def _one(self, key: Key) -> None:
        try:
            if await self._is_stale(key):
                return
            with self._machinery.own_writes.on_behalf_of(self._name_of(key)):
                async with asyncio.timeout(_LONGEST_PASS):
                    wake_up = await self._controller.reconcile(key)
        except Exception as error:  # noqa: BLE001 - the last line of defence: counted, logged, tried again
            await self._failed(key, _cause(error))
        else:
            self._queue.forget(key)
            if wake_up is not None:
                self._queue.add_after(key, wake_up)

    async def _is_stale(self, key: Key) -> bool:
        """Puts `key` off while the cache does not show what we wrote for it; the arriving event wakes it at once."""
        own_writes, work = self._machinery.own_writes, self._name_of(key)
        if not own_writes.stale(work, self._machinery.cache):
            return False
        if relearned := await own_writes.relearn(work, self._machinery.client, self._machinery.cache):
            log.warning("the watch lags behind our own writes, read live", objects=relearned)
            if not own_writes.stale(work, self._machinery.cache):
                return False
        self._metrics.stale_put_off(self._controller.name)
        self._queue.add_after(key, own_writes.delay(work))
        return True

    async def _failed(self, key: Key, error: Exception) -> None:
        name = self._controller.name
        match error:
            case LeadershipLost():
                raise error
            case Throttled():
                self._queue.add_after(key, error.retry_after)
            case SpecRejected() | Forbidden():
                self._metrics.failed(name, key)
                await self._reject(key, error)
            case InvariantBroken():
                self._metrics.failed(name, key)
                self._metrics.invariant_broken(name)
                log.error("plan refused", error=str(error))
                self._queue.add_after(key, _AFTER_REJECTION)
            case FerrataError():
                log.info("to be tried again", error=str(error), kind=type(error).__name__)
                self._queue.add_rate_limited(key)
            case _:
                self._metrics.failed(name, key, unforeseen=True)
                log.error("reconciliation failed", exc_info=error)
                self._queue.add_rate_limited(key)

    async def _reject(self, key: Key, error: FerrataError) -> None:
        """Tells whoever must act. A failure of that itself is tried again soon, with the whole pass."""
        log.warning("rejected", error=str(error))
        try:
            with self._machinery.own_writes.on_behalf_of(self._name_of(key)):
                await self._controller.rejected(key, error)
        except LeadershipLost:
            raise
        except Exception as again:  # noqa: BLE001 - as in a pass: logged, tried again
            log.warning("the rejection could not be published", exc_info=again)
            self._queue.add_rate_limited(key)
        else:
            self._queue.add_after(key, _AFTER_REJECTION)

    def _clean_up(self, key: Key) -> None:
        """What is remembered about an object goes with it."""
        if self._machinery.cache.store(self._controller.kind).get(*key) is None:
            self._metrics.forget(self._controller.name, key)
            self._machinery.own_writes.forget(self._name_of(key))
            self._queue.forget(key)

    def _name_of(self, key: Key) -> tuple[str, str, str]:
        """What the key's writes are remembered under: two kinds may have objects of one name."""
        return (self._controller.name, *key)


def _key_of(obj: Json) -> Key:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _cause(error: Exception) -> Exception:
    """What went wrong, when a task group wrapped a single error."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
