"""The process from start to end: serve probes, win the lease, read everything once, then work.

Losing the lease, or kopf ending, ends the process: whoever restarts it begins with a clean picture.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Sequence

import structlog

from ferrata.clock import Clock
from ferrata.cluster.cache import Cache
from ferrata.cluster.client import ApiClient
from ferrata.cluster.connection import Connection
from ferrata.cluster.controller import Controller
from ferrata.cluster.events import EventRecorder
from ferrata.cluster.kinds import (
    ANALYSIS_RUNS,
    ANALYSIS_TEMPLATES,
    CLUSTER_ANALYSIS_TEMPLATES,
    EXPERIMENTS,
    HTTP_ROUTES,
    INGRESSES,
    REPLICA_SETS,
    ROLLOUTS,
    SERVICES,
    Kind,
)
from ferrata.cluster.machinery import Machinery
from ferrata.cluster.reflector import Reflector
from ferrata.errors import LeadershipLost, NotFound, WorldUnavailable
from ferrata.model import keys
from ferrata.reconcile import build
from ferrata.runtime.http import Endpoints
from ferrata.runtime.lease import Elector
from ferrata.runtime.queue import KeyedQueue
from ferrata.runtime.telemetry import Telemetry
from ferrata.runtime.watches import Watches
from ferrata.runtime.workers import Workers
from ferrata.settings import Settings

log = structlog.get_logger(__name__)
STREAMED: tuple[Kind, ...] = (
    ROLLOUTS,
    ANALYSIS_RUNS,
    ANALYSIS_TEMPLATES,
    CLUSTER_ANALYSIS_TEMPLATES,
    EXPERIMENTS,
)
"""Our own kinds, streamed by kopf."""


class Operator:
    """One process. `run` returns its exit status."""

    def __init__(self, settings: Settings, connection: Connection, clock: Clock, version: str) -> None:
        self._settings, self._connection, self._clock = settings, connection, clock
        self._telemetry = Telemetry(version)
        self._lease_client = ApiClient(connection, clock=clock, timeout=settings.renew_deadline)
        self._elector = Elector(self._lease_client, clock, settings)
        self._client = ApiClient(
            connection,
            clock=clock,
            qps=settings.qps,
            burst=settings.burst,
            fence=self._elector.is_valid,
            on_request=self._telemetry.requested,
        )
        self._cache = Cache()
        self._recorder = EventRecorder(self._client, clock)
        self._endpoints = Endpoints(self._telemetry, self._sickness)
        self._beat = clock.monotonic()
        self._relists: asyncio.Queue[Kind] = asyncio.Queue()

    def _sickness(self) -> str:
        if self._clock.monotonic() - self._beat > 10:
            return "the event loop hangs"
        if self._elector.acquired.is_set() and not self._elector.is_valid():
            return "the lease is lost"
        return ""

    async def run(self) -> int:
        """0 after a graceful end, 1 when the lease was lost or the cluster is not as it must be."""
        ports = await self._endpoints.start(self._settings.healthz_port, self._settings.metrics_port)
        log.info("serving", healthz=ports[0], metrics=ports[1])
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        try:
            return await self._until(stop)
        finally:
            await self._endpoints.stop()
            await self._client.close()
            await self._lease_client.close()

    async def _until(self, stop: asyncio.Event) -> int:
        async with asyncio.TaskGroup() as group:
            work = group.create_task(self._guarded())
            stopping = group.create_task(stop.wait())
            await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
            status = work.result() if work.done() else 0
            work.cancel()
            stopping.cancel()
        if stop.is_set():
            log.info("stopping")
            await self._leave()
        return status

    async def _leave(self) -> None:
        try:
            if self._settings.leader_elect and self._elector.acquired.is_set():
                await self._elector.release()
        except WorldUnavailable as error:
            log.warning("the lease was not given back", error=str(error))

    async def _guarded(self) -> int:
        """Works until something ends it; the exit status, and one sentence about why."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pulse())
                if self._settings.leader_elect:
                    group.create_task(self._lead())
                    await self._elector.acquired.wait()
                log.info("leading", identity=self._elector.identity)
                self._telemetry.leader.set(1)
                await self._work(group)
        except* (LeadershipLost, WorldUnavailable) as errors:
            for error in errors.exceptions:
                log.error("ending", error=str(error))
        return 1

    async def _pulse(self) -> None:
        while True:
            self._beat = self._clock.monotonic()
            await asyncio.sleep(1)

    async def _lead(self) -> None:
        await self._elector.run()
        raise LeadershipLost("the lease could not be renewed in time")

    async def _work(self, group: asyncio.TaskGroup) -> None:
        machinery = Machinery(
            self._client,
            self._cache,
            self._recorder,
            self._clock,
            self._settings.controller_namespace,
            self._settings.instance_id,
        )
        controllers = build(machinery)
        queues = [KeyedQueue() for _ in controllers]
        self._dispatch(controllers, queues)
        await self._read_everything(group)
        group.create_task(self._recorder.run())
        for controller, queue in zip(controllers, queues, strict=True):
            workers = Workers(controller, queue, self._telemetry, self._clock, self._settings.rollout_threads)
            group.create_task(workers.run())
        group.create_task(self._prune())
        group.create_task(self._stream())
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1000)

    def _dispatch(self, controllers: Sequence[Controller], queues: Sequence[KeyedQueue]) -> None:
        """Every change in the cache queues the keys that it concerns."""

        def changed(kind: Kind, old: dict[str, object] | None, new: dict[str, object] | None) -> None:
            for controller, queue in zip(controllers, queues, strict=True):
                for key, priority in controller.keys_for(kind, old, new):
                    queue.add(key, priority)

        self._cache.subscribe(changed)

    @property
    def _selector(self) -> str:
        """Only objects of our instance; with no instance id, only those that carry none."""
        instance = self._settings.instance_id
        return f"{keys.INSTANCE_ID}={instance}" if instance else f"!{keys.INSTANCE_ID}"

    @property
    def _namespace(self) -> str | None:
        return self._settings.namespace if self._settings.namespaced else None

    async def _read_everything(self, group: asyncio.TaskGroup) -> None:
        """The barrier: nothing is decided before every kind was read once. Children come before their Rollouts."""
        reflectors = [
            Reflector(
                self._client,
                self._cache,
                REPLICA_SETS,
                namespace=self._namespace,
                label_selector=keys.POD_TEMPLATE_HASH,
            ),
            *(
                Reflector(self._client, self._cache, kind, namespace=self._namespace)
                for kind in (SERVICES, INGRESSES, HTTP_ROUTES)
            ),
        ]
        for reflector in reflectors:
            group.create_task(reflector.run())
        for reflector in reflectors:
            await reflector.synced.wait()
        for kind in reversed(STREAMED):
            await self._read(kind)
        log.info("synced", objects={store.kind.plural: len(store.all()) for store in self._cache.stores()})

    async def _read(self, kind: Kind) -> None:
        try:
            items, version = await self._client.list(kind, self._namespace, label_selector=self._selector)
        except NotFound as error:
            text = f"{kind.plural}.{kind.group} is not served: apply the CRDs (crds/) first"
            raise WorldUnavailable(text) from error
        self._cache.store(kind).replace(items, version)

    async def _stream(self) -> None:
        kinds = [kind for kind in STREAMED if kind.namespaced or self._namespace is None]
        watches = Watches(
            self._connection,
            self._cache,
            kinds,
            label_selector=self._selector,
            namespace=self._namespace,
            relisted=self._relists.put_nowait,
        )
        await watches.run()
        raise WorldUnavailable("kopf ended")

    async def _prune(self) -> None:
        """Reads a kind again after kopf listed it: what was deleted meanwhile is only noticed here."""
        while True:
            kind = await self._relists.get()
            await asyncio.sleep(0.5)
            try:
                await self._read(kind)
            except WorldUnavailable as error:
                log.warning("not read again", kind=kind.plural, error=str(error))
                self._relists.put_nowait(kind)
