"""What an error means for the key that met it, and that one broken object stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest
from tests.support.clock import StandingClock
from tests.support.fake_api import FakeApi
from tests.support.waiting import until

from ferrata.clock import SystemClock
from ferrata.cluster.cache import Cache
from ferrata.cluster.client import ApiClient
from ferrata.cluster.controller import Key, Priority
from ferrata.cluster.events import EventRecorder
from ferrata.cluster.kinds import REPLICA_SETS, ROLLOUTS, Kind
from ferrata.cluster.machinery import Machinery
from ferrata.cluster.own_writes import OwnWrites
from ferrata.errors import (
    Conflict,
    FerrataError,
    Forbidden,
    InvariantBroken,
    LeadershipLost,
    SpecRejected,
    Throttled,
)
from ferrata.runtime.queue import KeyedQueue
from ferrata.runtime.telemetry import Metrics
from ferrata.runtime.workers import Workers
from ferrata.settings import parse

A, B = ("ns", "a"), ("ns", "b")


class Scripted:
    """A controller that does what the test says."""

    name, kind = "rollouts", ROLLOUTS

    def __init__(self) -> None:
        self.passes: list[Key] = []
        self.told: list[tuple[Key, str]] = []
        self.script: dict[Key, Callable[[], Any]] = {}
        self.broken_keys = False

    async def reconcile(self, key: Key) -> float | None:
        self.passes.append(key)
        result = self.script.get(key, lambda: None)()
        if asyncio.iscoroutine(result):
            result = await result
        if isinstance(result, Exception):
            raise result
        return float(result) if result is not None else None

    def keys_for(
        self, kind: Kind, old: dict[str, Any] | None, new: dict[str, Any] | None
    ) -> Iterable[tuple[Key, Priority]]:
        if self.broken_keys:
            raise KeyError("spec")
        obj = new or old or {}
        if kind == ROLLOUTS:
            yield (obj["metadata"]["namespace"], obj["metadata"]["name"]), Priority.ACTIVE

    async def rejected(self, key: Key, error: FerrataError) -> None:
        self.told.append((key, str(error)))


class Scene:
    def __init__(self, api: FakeApi) -> None:
        self.api, self.clock, self.controller = api, StandingClock(), Scripted()
        self.metrics = Metrics("test")
        own_writes = OwnWrites(self.clock)
        client = ApiClient(api.connection(), clock=SystemClock(), on_write=own_writes)
        recorder = EventRecorder(client, self.clock, self.metrics)
        cache = Cache()
        self.machinery = Machinery(client, cache, own_writes, recorder, self.clock, parse([], ""), self.metrics)
        self.queue = KeyedQueue(self.clock, self.clock.call_later)
        self.workers = Workers(self.controller, self.queue, self.machinery, self.metrics, 2)
        cache.subscribe(self.workers.notice)
        self.metrics.watch(cache, {"rollouts": self.queue})

    async def passes(self, count: int) -> None:
        await until(
            lambda: len(self.controller.passes) == count and not self.queue.active and not len(self.queue),
            f"{count} passes, not {self.controller.passes}",
        )

    def metric(self, sample: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(sample, labels)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with FakeApi() as api:
        made = Scene(api)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(made.workers.run())
            yield made
            task.cancel()
        await made.machinery.client.close()


async def test_a_pass_says_when_it_wants_to_be_asked_again(scene: Scene) -> None:
    scene.controller.script[A] = lambda: 30
    scene.queue.add(A)
    await scene.passes(1)
    scene.clock.advance(29)
    await scene.passes(1)
    scene.clock.advance(1)
    await scene.passes(2)


async def test_a_conflict_is_tried_again_soon_and_is_no_error(scene: Scene) -> None:
    answers = iter([Conflict("somebody else"), None])
    scene.controller.script[A] = lambda: next(answers)
    _put(scene, "a")
    await scene.passes(1)
    scene.clock.advance(0.006)
    await scene.passes(2)
    assert scene.metric("rollout_reconcile_error", namespace="ns", name="a") is None
    scene.controller.script[A] = lambda: SpecRejected("that is one")
    scene.queue.add(A)
    await scene.passes(3)
    assert scene.metric("rollout_reconcile_error", namespace="ns", name="a") == 1


@pytest.mark.parametrize("error", [SpecRejected("weight above 100", "spec.x"), Forbidden("no right")])
async def test_who_must_act_is_told_and_the_key_comes_again_after_ten_seconds(
    scene: Scene, error: FerrataError
) -> None:
    scene.controller.script[A] = lambda: error
    scene.queue.add(A)
    await scene.passes(1)
    assert scene.controller.told == [(A, str(error))]
    scene.clock.advance(9.9)
    await scene.passes(1)
    scene.clock.advance(0.2)
    await scene.passes(2)


async def test_a_server_that_asks_for_patience_gets_it(scene: Scene) -> None:
    scene.controller.script[A] = lambda: Throttled("slow down", 7)
    scene.queue.add(A)
    await scene.passes(1)
    scene.clock.advance(6.9)
    await scene.passes(1)
    scene.clock.advance(0.1)
    await scene.passes(2)


async def test_a_broken_invariant_and_a_bug_are_counted_and_stop_nobody_else(scene: Scene) -> None:
    scene.controller.script[A] = lambda: InvariantBroken("pods would be lost")
    scene.controller.script[B] = lambda: ZeroDivisionError("bug")
    scene.queue.add(A)
    scene.queue.add(B)
    scene.queue.add(("ns", "c"))
    await scene.passes(3)
    assert ("ns", "c") in scene.controller.passes
    assert scene.metric("ferrata_invariant_broken_total", controller="rollouts") == 1
    assert scene.metric("ferrata_unforeseen_errors_total", controller="rollouts") == 1


async def test_one_error_in_a_task_group_is_that_error(scene: Scene) -> None:
    scene.controller.script[A] = lambda: ExceptionGroup("", [SpecRejected("weight above 100")])
    scene.queue.add(A)
    await scene.passes(1)
    assert scene.controller.told == [(A, "weight above 100")]


async def test_a_change_that_is_not_understood_is_counted_and_others_go_on(scene: Scene) -> None:
    scene.controller.broken_keys = True
    _put(scene, "a")
    assert scene.metric("ferrata_unforeseen_errors_total", controller="rollouts") == 1
    scene.controller.broken_keys = False
    _put(scene, "b")
    await scene.passes(1)


async def test_a_key_waits_until_the_cache_shows_what_it_wrote(scene: Scene) -> None:
    scene.machinery.cache.store(REPLICA_SETS).replace([], "1")

    async def write() -> None:
        await scene.machinery.client.create(REPLICA_SETS, "ns", {"metadata": {"name": "rs"}})

    _put(scene, "a")
    await scene.passes(1)
    scene.controller.script[A] = write
    scene.queue.add(A)
    await scene.passes(2)
    scene.controller.script.clear()
    scene.queue.add(A)
    await until(lambda: scene.queue.delayed == 1, "it was put off")
    assert len(scene.controller.passes) == 2
    scene.machinery.cache.store(REPLICA_SETS).apply("ADDED", scene.api.objects[REPLICA_SETS]["ns", "rs"])
    scene.queue.add(A)
    await scene.passes(3)
    assert scene.metric("ferrata_stale_put_off_total", controller="rollouts") == 1


async def test_a_watch_that_stays_silent_is_replaced_by_a_live_read(scene: Scene) -> None:
    scene.machinery.cache.store(REPLICA_SETS).replace([], "1")

    async def write() -> None:
        await scene.machinery.client.create(REPLICA_SETS, "ns", {"metadata": {"name": "rs"}})

    _put(scene, "a")
    await scene.passes(1)
    scene.controller.script[A] = write
    scene.queue.add(A)
    await scene.passes(2)
    scene.controller.script.clear()
    scene.clock.advance(6)
    scene.queue.add(A)
    await scene.passes(3)
    assert scene.machinery.cache.store(REPLICA_SETS).get("ns", "rs") is not None


async def test_what_was_remembered_about_an_object_goes_with_it(scene: Scene) -> None:
    _put(scene, "a")
    await scene.passes(1)
    assert scene.metric("rollout_reconcile_count", namespace="ns", name="a") == 1
    scene.machinery.cache.store(ROLLOUTS).vanished("ns", "a")
    await scene.passes(2)
    assert scene.metric("rollout_reconcile_count", namespace="ns", name="a") is None


async def test_losing_the_lease_ends_the_workers() -> None:
    async with FakeApi() as api:
        scene = Scene(api)
        scene.controller.script[A] = lambda: LeadershipLost("gone")
        scene.queue.add(A)
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.timeout(2):
                await scene.workers.run()
        assert caught.group_contains(LeadershipLost)
        await scene.machinery.client.close()


def _put(scene: Scene, name: str) -> None:
    metadata = {"name": name, "namespace": "ns", "uid": name, "resourceVersion": "5"}
    scene.machinery.cache.store(ROLLOUTS).apply("ADDED", {"metadata": metadata})
