"""No decision on a picture older than what we wrote ourselves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.support.clock import StandingClock
from tests.support.fake_api import FakeApi

from ferrata.clock import SystemClock
from ferrata.cluster.cache import Cache
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import REPLICA_SETS, ROLLOUTS, SECRETS
from ferrata.cluster.own_writes import OwnWrites

WORK = ("rollouts", "ns", "a")
NEW = {"metadata": {"name": "rs"}}


class Scene:
    """A server, a cache that hears nothing unless told, and a client that remembers what it writes."""

    def __init__(self, api: FakeApi) -> None:
        self.api, self.cache, self.clock = api, Cache(), StandingClock()
        self.own_writes = OwnWrites(self.clock, limit=5)
        self.client = ApiClient(api.connection(), clock=SystemClock(), on_write=self.own_writes)
        for kind in (REPLICA_SETS, ROLLOUTS):
            self.cache.store(kind).replace([], "1")

    def stale(self) -> bool:
        return self.own_writes.stale(WORK, self.cache)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with FakeApi() as api:
        made = Scene(api)
        yield made
        await made.client.close()


async def test_a_created_object_is_waited_for_until_the_watch_shows_it(scene: Scene) -> None:
    with scene.own_writes.on_behalf_of(WORK):
        created = await scene.client.create(REPLICA_SETS, "ns", NEW)
    assert scene.stale()
    scene.cache.store(REPLICA_SETS).apply("ADDED", created)
    assert not scene.stale()


async def test_an_older_event_does_not_count_as_our_patch(scene: Scene) -> None:
    before = scene.api.put(REPLICA_SETS, {"metadata": {"name": "rs", "namespace": "ns"}})
    with scene.own_writes.on_behalf_of(WORK):
        after = await scene.client.patch(REPLICA_SETS, "ns", "rs", {"spec": {"replicas": 3}})
    scene.cache.store(REPLICA_SETS).apply("ADDED", before)
    assert scene.stale()
    scene.cache.store(REPLICA_SETS).apply("MODIFIED", after)
    assert not scene.stale()


async def test_a_deleted_object_must_be_gone_from_the_cache(scene: Scene) -> None:
    held = scene.api.put(REPLICA_SETS, {"metadata": {"name": "rs", "namespace": "ns"}})
    scene.cache.store(REPLICA_SETS).apply("ADDED", held)
    with scene.own_writes.on_behalf_of(WORK):
        await scene.client.delete(REPLICA_SETS, "ns", "rs")
    assert scene.stale()
    scene.cache.store(REPLICA_SETS).apply("DELETED", held)
    assert not scene.stale()


async def test_what_somebody_deletes_after_our_write_is_not_waited_for(scene: Scene) -> None:
    with scene.own_writes.on_behalf_of(WORK):
        created = await scene.client.create(REPLICA_SETS, "ns", NEW)
    scene.cache.store(REPLICA_SETS).apply("DELETED", created)
    assert not scene.stale()


async def test_a_patch_that_changed_nothing_is_not_waited_for(scene: Scene) -> None:
    held = scene.api.put(ROLLOUTS, {"metadata": {"name": "a", "namespace": "ns"}, "status": {"phase": "Healthy"}})
    scene.cache.store(ROLLOUTS).apply("ADDED", held)
    with scene.own_writes.on_behalf_of(WORK):
        await scene.client.patch(ROLLOUTS, "ns", "a", {"status": {"phase": "Healthy"}})
    assert not scene.stale(), "no event will come for it"


async def test_writes_of_kinds_that_nobody_watches_are_not_waited_for(scene: Scene) -> None:
    with scene.own_writes.on_behalf_of(WORK):
        await scene.client.create(SECRETS, "ns", NEW)
    assert not scene.stale()


async def test_writes_outside_of_any_work_are_nobody_s(scene: Scene) -> None:
    await scene.client.create(REPLICA_SETS, "ns", NEW)
    assert not scene.stale()


async def test_a_silent_watch_is_not_waited_for_longer_than_the_limit(scene: Scene) -> None:
    with scene.own_writes.on_behalf_of(WORK):
        await scene.client.create(REPLICA_SETS, "ns", NEW)
    scene.clock.advance(4.9)
    assert await scene.own_writes.relearn(WORK, scene.client, scene.cache) == 0
    assert scene.stale()
    scene.clock.advance(0.2)
    assert await scene.own_writes.relearn(WORK, scene.client, scene.cache) == 1
    assert not scene.stale()
    assert scene.cache.store(REPLICA_SETS).get("ns", "rs") is not None


async def test_relearning_takes_in_that_an_object_is_gone(scene: Scene) -> None:
    held = scene.api.put(REPLICA_SETS, {"metadata": {"name": "rs", "namespace": "ns"}})
    scene.cache.store(REPLICA_SETS).apply("ADDED", held)
    with scene.own_writes.on_behalf_of(WORK):
        await scene.client.patch(REPLICA_SETS, "ns", "rs", {"spec": {"replicas": 3}})
    scene.api.remove(REPLICA_SETS, "ns", "rs", silently=True)
    scene.clock.advance(6)
    await scene.own_writes.relearn(WORK, scene.client, scene.cache)
    assert scene.cache.store(REPLICA_SETS).get("ns", "rs") is None
    assert not scene.stale()


async def test_waiting_starts_short_and_doubles(scene: Scene) -> None:
    delays = [scene.own_writes.delay(WORK) for _ in range(7)]
    assert delays == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    scene.own_writes.forget(WORK)
    assert scene.own_writes.delay(WORK) == 0.1


async def test_a_write_recorded_by_hand_counts_too(scene: Scene) -> None:
    scene.own_writes.record(WORK, ROLLOUTS, "ns", "a", "5000")
    assert scene.stale()
    scene.own_writes.forget(WORK)
    assert not scene.stale()
