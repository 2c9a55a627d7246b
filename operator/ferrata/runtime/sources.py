"""Where the cache's content comes from: kopf's streams for our own kinds, reflectors for the busier ones, sweeps."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import structlog

from ferrata.cluster.connection import Connection
from ferrata.cluster.kinds import REPLICA_SETS, SECONDARY, SERVED, Kind
from ferrata.cluster.machinery import Machinery
from ferrata.cluster.reflector import Reflector, list_into
from ferrata.errors import FerrataError, NotFound, WorldUnavailable
from ferrata.model import keys
from ferrata.runtime.sweep import Source, Sweep
from ferrata.runtime.watches import Watches

log = structlog.get_logger(__name__)
_DEAF_AFTER = 900.0
"""Seconds without a new stream after which a watch counts as dead; servers end each after five minutes."""


class Sources:
    """Reads every kind once (the barrier before the first decision), then follows them all."""

    def __init__(self, connection: Connection, machinery: Machinery) -> None:
        self._connection, self._machinery = connection, machinery
        self._namespace, instance = machinery.settings.watched_namespace, machinery.instance_id
        self._selector = f"{keys.INSTANCE_ID}={instance}" if instance else f"!{keys.INSTANCE_ID}"
        self._streamed = [kind for kind in SERVED if kind.namespaced or self._namespace is None]
        self._reflectors = [self._reflector(kind) for kind in SECONDARY]
        sources = [Source(kind, self._namespace, self._selector_of(kind)) for kind in (*self._streamed, *SECONDARY)]
        self._sweep = Sweep(
            machinery.client, machinery.cache, sources, machinery.settings.rollout_resync, machinery.telemetry
        )
        self._waiting = {kind.plural: "not read yet" for kind in self._streamed}
        self._opened: dict[str, float] = {}

    def _selector_of(self, kind: Kind) -> str:
        """Our own kinds by instance; ReplicaSets only of Rollouts; everything else whole."""
        if kind in SERVED:
            return self._selector
        return keys.POD_TEMPLATE_HASH if kind == REPLICA_SETS else ""

    def _reflector(self, kind: Kind) -> Reflector:
        return Reflector(
            self._machinery.client,
            self._machinery.cache,
            kind,
            namespace=self._namespace,
            label_selector=self._selector_of(kind),
            on_open=self._note_opened,
        )

    def hindrance(self) -> str:
        """What has not been read yet, and why; "" when everything has."""
        waiting = self._waiting | {r.kind.plural: r.trouble for r in self._reflectors if not r.synced.is_set()}
        return "; ".join(f"waiting for {kind}: {why or 'not read yet'}" for kind, why in sorted(waiting.items()))

    def sickness(self) -> str:
        """The watch that has died, "" when all are alive."""
        now = self._machinery.clock.monotonic()
        absent = {store.kind.plural for store in self._machinery.cache.stores() if not store.served}
        for kind, at in self._opened.items():
            if now - at > _DEAF_AFTER and kind not in absent:
                return f"the watch of {kind} has not been opened again for {now - at:.0f} s"
        return ""

    async def read_everything(self, group: asyncio.TaskGroup) -> None:
        """Returns when every kind was read once. Raises WorldUnavailable when a definition of ours is missing."""
        for reflector in self._reflectors:
            group.create_task(reflector.run())
        async with asyncio.TaskGroup() as reading:
            for kind in self._streamed:
                reading.create_task(self._read(kind))
            for reflector in self._reflectors:
                reading.create_task(reflector.synced.wait())
        counts = {store.kind.plural: len(store) for store in self._machinery.cache.stores()}
        log.info("everything read once", **counts)

    async def follow(self, group: asyncio.TaskGroup, spawned: Callable[[], None]) -> None:
        """Follows our own kinds and sweeps until cancelled. Raises WorldUnavailable when kopf ends."""
        watches = Watches(
            self._connection,
            self._machinery.cache,
            self._streamed,
            label_selector=self._selector,
            namespace=self._namespace,
            opened=self._stream_opened,
        )
        group.create_task(self._sweep.run())
        await watches.run(spawned)

    async def _read(self, kind: Kind) -> None:
        """Lists one of our kinds, again and again until it works."""
        store, pause = self._machinery.cache.store(kind), 0.5
        while True:
            try:
                await list_into(self._machinery.client, store, self._namespace, self._selector)
            except NotFound as error:
                raise WorldUnavailable(
                    f"the API server knows no {kind.plural}.{kind.group}: install the definitions first, "
                    "kubectl apply --server-side -f crds/"
                ) from error
            except FerrataError as error:
                self._waiting[kind.plural] = str(error)
                log.warning("list failed", kind=kind.plural, error=str(error), retry_in=pause)
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))
                pause = min(30.0, pause * 2)
            else:
                del self._waiting[kind.plural]
                return

    def _note_opened(self, plural: str, relisted: bool) -> None:
        self._opened[plural] = self._machinery.clock.monotonic()
        self._machinery.telemetry.watch_opened(plural, relisted)

    def _stream_opened(self, kind: Kind, relisted: bool) -> None:
        self._note_opened(kind.plural, relisted)
        if relisted:
            self._sweep.ask(kind)
