"""List and watch: nothing is lost when a watch breaks, least of all a deletion."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from tests.support.fake_api import FakeApi
from tests.support.waiting import until

from ferrata.clock import SystemClock
from ferrata.cluster import reflector as module
from ferrata.cluster.cache import Cache, Store
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import HTTP_ROUTES, REPLICA_SETS
from ferrata.cluster.reflector import Reflector


def replica_set(name: str, **labels: str) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": "ns", "labels": {"hash": "1"} | labels}}


class Scene:
    def __init__(self, api: FakeApi, client: ApiClient, reflector: Reflector, store: Store) -> None:
        self.api, self.client, self.reflector, self.store = api, client, reflector, store
        self.opened: list[bool] = []

    def names(self) -> list[str]:
        return sorted(obj["metadata"]["name"] for obj in self.store.all())

    async def watching(self) -> None:
        await until(lambda: self.api.watched(REPLICA_SETS), "the watch is open")


@asynccontextmanager
async def reflecting(api: FakeApi, kind: object = REPLICA_SETS) -> AsyncIterator[Scene]:
    client, cache = ApiClient(api.connection(), clock=SystemClock()), Cache()
    opened: list[bool] = []
    assert kind in (REPLICA_SETS, HTTP_ROUTES)
    chosen = HTTP_ROUTES if kind == HTTP_ROUTES else REPLICA_SETS
    reflector = Reflector(
        client, cache, chosen, label_selector="hash", on_open=lambda _kind, relisted: opened.append(relisted)
    )
    scene = Scene(api, client, reflector, cache.store(chosen))
    scene.opened = opened
    async with asyncio.TaskGroup() as group:
        task = group.create_task(reflector.run())
        yield scene
        task.cancel()
    await client.close()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with FakeApi() as api:
        api.put(REPLICA_SETS, replica_set("a"))
        api.put(REPLICA_SETS, {"metadata": {"name": "foreign", "namespace": "ns"}})
        async with reflecting(api) as made:
            await made.reflector.synced.wait()
            await made.watching()
            yield made


@pytest.fixture
def quick_recheck(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "_BETWEEN_LOOKS", 0.02)
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.02)
    return


async def test_only_selected_objects_are_held_and_changes_arrive(scene: Scene) -> None:
    assert scene.names() == ["a"]
    scene.api.put(REPLICA_SETS, replica_set("b"))
    scene.api.remove(REPLICA_SETS, "ns", "a")
    await until(lambda: scene.names() == ["b"], "b came and a went")


async def test_a_stream_that_ends_is_taken_up_where_it_was(scene: Scene) -> None:
    scene.api.end_watches()
    scene.api.put(REPLICA_SETS, replica_set("b"))
    await until(lambda: scene.names() == ["a", "b"], "b was not missed")
    assert scene.api.count("GET", "/replicasets", limit="500") == 1, "no second list"


async def test_a_deletion_while_the_watch_had_expired_is_noticed(scene: Scene) -> None:
    scene.api.remove(REPLICA_SETS, "ns", "a", silently=True)
    scene.api.expire(REPLICA_SETS)
    await until(lambda: scene.names() == [], "the ghost is gone")
    await until(lambda: scene.opened == [True, True], "both streams came after a list")


async def test_a_server_that_stumbles_is_asked_again(quick_recheck: None) -> None:
    async with FakeApi() as api:
        api.put(REPLICA_SETS, replica_set("a"))
        api.fail(403, times=2)
        async with reflecting(api) as scene:
            await until(lambda: "403" in scene.reflector.trouble, "the trouble is named")
            await until(lambda: scene.names() == ["a"], "it was read after all")
            assert scene.reflector.trouble == ""


async def test_a_kind_that_is_not_served_is_empty_and_looked_for_only_when_it_is_wanted(quick_recheck: None) -> None:
    async with FakeApi(absent={HTTP_ROUTES}) as api:
        api.put(HTTP_ROUTES, replica_set("route"))
        async with reflecting(api, HTTP_ROUTES) as scene:
            await scene.reflector.synced.wait()
            assert scene.names() == []
            assert not scene.store.served
            scene.store.want()
            await until(lambda: api.count("GET", "/httproutes") == 2, "it was looked for once more")
            await until(lambda: not scene.store.wanted.is_set(), "the answer came")
            api.absent.clear()
            scene.store.want()
            await until(lambda: scene.names() == ["route"], "it was found without a restart")
            assert scene.store.served
            assert api.count("GET", "/httproutes", limit="500") == 3, "no look that nobody asked for"
