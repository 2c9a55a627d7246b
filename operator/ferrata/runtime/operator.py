"""The process from start to end: serve probes, win the lease, read everything once, then work.

    HTTP ──> lease ──> every kind read once ──> workers, watches, events, sweeps ──> SIGTERM: finish, tell, release

Losing the lease, or kopf ending, ends the process with status 1: whoever restarts it begins with a clean picture.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Sequence

import structlog

from ferrata.clock import Clock
from ferrata.cluster.cache import Cache
from ferrata.cluster.client import ApiClient
from ferrata.cluster.connection import Connection
from ferrata.cluster.controller import Controller
from ferrata.cluster.events import EventRecorder
from ferrata.cluster.machinery import Machinery
from ferrata.cluster.own_writes import OwnWrites
from ferrata.errors import FerrataError, LeadershipLost
from ferrata.runtime.http import Endpoints
from ferrata.runtime.lease import Elector, LeaseTimes
from ferrata.runtime.queue import KeyedQueue
from ferrata.runtime.sources import Sources
from ferrata.runtime.telemetry import Metrics
from ferrata.runtime.workers import Workers
from ferrata.settings import Settings

log = structlog.get_logger(__name__)
_DRAIN, _LAST_EVENTS, _RELEASE = 10.0, 5.0, 3.0
_PULSE = 0.5
_HANGS = 10.0


class _ToldToStop(Exception):
    """The process was asked to end, and what was under way is finished."""


class Operator:
    """One process. `build` makes the controllers; it is called before the first object enters the cache."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection,
        clock: Clock,
        version: str,
        build: Callable[[Machinery], list[Controller]],
    ) -> None:
        self._settings, self._clock = settings, clock
        self._metrics = Metrics(version)
        times = LeaseTimes(
            settings.leader_election_lease_duration,
            settings.leader_election_renew_deadline,
            settings.leader_election_retry_period,
        )
        self._lease_client = ApiClient(connection, clock=clock, timeout=times.renew, connections=2)
        namespace, name = settings.controller_namespace, settings.lease_name
        self._elector = Elector(self._lease_client, clock, namespace=namespace, name=name, times=times)
        self._machinery = self._assemble(connection)
        self._workers, self._queues = self._staff(build(self._machinery))
        self._sources = Sources(connection, self._machinery)
        self._stop = asyncio.Event()
        self._beat = clock.monotonic()
        self._endpoints = Endpoints(sickness=self._sickness, hindrance=self._hindrance, metrics=self._metrics.text)
        self.ports = (0, 0)

    def _assemble(self, connection: Connection) -> Machinery:
        settings, clock, metrics = self._settings, self._clock, self._metrics
        own_writes = OwnWrites(clock)
        client = ApiClient(
            connection,
            clock=clock,
            qps=settings.qps,
            burst=settings.burst,
            fence=self._may_write,
            on_request=metrics.request,
            on_write=own_writes,
            timeout=settings.request_timeout,
        )
        recorder = EventRecorder(client, clock, metrics)
        return Machinery(client, Cache(), own_writes, recorder, clock, settings, metrics)

    def _staff(self, controllers: Sequence[Controller]) -> tuple[list[Workers], dict[str, KeyedQueue]]:
        """Workers for each controller. They hear of every change in the cache from the first list on."""
        settings = self._settings
        counts = {"analysisruns": settings.analysis_threads, "experiments": settings.experiment_threads}
        queues = {controller.name: KeyedQueue(self._clock) for controller in controllers}
        staff = []
        for controller in controllers:
            count = counts.get(controller.kind.plural, settings.rollout_threads)
            workers = Workers(controller, queues[controller.name], self._machinery, self._metrics, count)
            self._machinery.cache.subscribe(workers.notice)
            staff.append(workers)
        self._metrics.watch(self._machinery.cache, queues)
        return staff, queues

    def _may_write(self) -> bool:
        return not self._settings.leader_elect or self._elector.valid()

    def _sickness(self) -> str:
        if (age := self._clock.monotonic() - self._beat) > _HANGS:
            return f"the event loop hangs: no pulse for {age:.0f} s"
        if self._leads and not self._may_write():
            return "the lease can no longer be proved to be ours"
        return self._sources.sickness() if self._leads else ""

    def _hindrance(self) -> str:
        return self._sources.hindrance() if self._leads else ""

    @property
    def _leads(self) -> bool:
        return self._elector.acquired.is_set()

    def stop(self) -> None:
        """Asks for a graceful end."""
        self._stop.set()

    async def run(self) -> int:
        """0 after a graceful end, 1 when the lease was lost or the cluster is not as it must be."""
        settings = self._settings
        self.ports = await self._endpoints.start(settings.bind_address, settings.healthz_port, settings.metrics_port)
        log.info("serving probes and metrics", healthz_port=self.ports[0], metrics_port=self.ports[1])
        self._take_signals()
        try:
            return await self._live()
        finally:
            await self._endpoints.stop()
            await self._machinery.client.close()
            await self._lease_client.close()

    async def _live(self) -> int:
        stopped, failed = False, False
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pulse())
                group.create_task(self._end_when_told())
                group.create_task(self._lead(group))
        except* _ToldToStop:
            stopped = True
        except* FerrataError as errors:
            failed = True
            for error in _leaves(errors):
                log.critical("ending", error=str(error), kind=type(error).__name__)
        if stopped and not failed:
            await self._release()
        return 1 if failed else 0

    async def _pulse(self) -> None:
        """Measures how late the event loop is."""
        while True:
            before = self._clock.monotonic()
            await asyncio.sleep(_PULSE)
            self._beat = self._clock.monotonic()
            self._metrics.loop_lag.set(max(0.0, self._beat - before - _PULSE))

    async def _lead(self, group: asyncio.TaskGroup) -> None:
        if self._settings.leader_elect:
            group.create_task(self._keep_lease())
        else:
            self._elector.acquired.set()
        await self._elector.acquired.wait()
        self._metrics.leader.set(1)
        gc.disable()
        await self._sources.read_everything(group)
        _tune_collector()
        group.create_task(self._machinery.recorder.run())
        for workers in self._workers:
            group.create_task(workers.run())
        group.create_task(self._sources.follow(group, self._take_signals))

    async def _keep_lease(self) -> None:
        await self._elector.run()
        raise LeadershipLost("the lease could not be renewed in time: another replica may act now")

    async def _end_when_told(self) -> None:
        await self._stop.wait()
        log.info("asked to stop: finishing what is under way")
        unfinished = await asyncio.gather(*(queue.close(_DRAIN) for queue in self._queues.values()))
        if any(unfinished):
            log.warning("passes cut short", count=sum(unfinished))
        if self._leads:
            await self._machinery.recorder.drain(_LAST_EVENTS)
        raise _ToldToStop

    async def _release(self) -> None:
        if not self._settings.leader_elect or not self._leads:
            return
        try:
            async with asyncio.timeout(_RELEASE):
                await self._elector.release()
        except (FerrataError, TimeoutError) as error:
            log.warning("the lease was not given back", error=str(error) or "no answer in time")

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The errors in a group of groups."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _tune_collector() -> None:
    """What was read stays for long: the collector need not look at it again (0.4 s at 10,000 objects)."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
