"""What this project relies on kopf for, and what it must never do: any release of kopf must keep these promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.fake_api import FakeApi
from tests.support.waiting import until

from ferrata.cluster.cache import Cache
from ferrata.cluster.kinds import CLUSTER_ANALYSIS_TEMPLATES, EXPERIMENTS, ROLLOUTS, Kind
from ferrata.errors import WorldUnavailable
from ferrata.runtime.watches import EndlessBackoff, Watches

STRANGER = "kopf.zalando.org/KopfFinalizerMarker"
"""kopf's default finalizer: another operator's, for all we know."""


def rollout(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns"} | metadata, "spec": {"replicas": 1}}


class Scene:
    def __init__(self, api: FakeApi) -> None:
        self.api, self.cache = api, Cache()
        self.heard: list[tuple[Any, Any]] = []
        self.opened: list[tuple[Kind, bool]] = []
        self.task: asyncio.Task[None] | None = None
        self.cache.subscribe(lambda _kind, old, new: self.heard.append((old, new)))

    async def stream(self, group: asyncio.TaskGroup, **options: Any) -> None:
        kinds = options.pop("kinds", [ROLLOUTS])
        watches = Watches(
            self.api.connection(),
            self.cache,
            kinds,
            opened=lambda kind, again: self.opened.append((kind, again)),
            **options,
        )
        self.task = group.create_task(watches.run())
        await until(lambda: {kind for kind, _ in self.opened} == set(kinds), "every watch is open")

    def names(self) -> list[str]:
        return sorted(obj["metadata"]["name"] for obj in self.cache.store(ROLLOUTS).all())


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with FakeApi() as api:
        made = Scene(api)
        yield made


@pytest.fixture
async def group(scene: Scene) -> AsyncIterator[asyncio.TaskGroup]:
    async with asyncio.TaskGroup() as tasks:
        yield tasks
        if scene.task is not None:
            scene.task.cancel()


async def test_nothing_is_ever_written_on_anybody_s_objects(scene: Scene, group: asyncio.TaskGroup) -> None:
    scene.api.put(ROLLOUTS, rollout("a", finalizers=[STRANGER]))
    await scene.stream(group)
    for replicas in range(5):
        scene.api.put(ROLLOUTS, rollout("a", finalizers=[STRANGER]) | {"spec": {"replicas": replicas}})
    scene.api.put(ROLLOUTS, rollout("b"))
    scene.api.remove(ROLLOUTS, "ns", "b")
    await until(lambda: len(scene.heard) == 8, "every change was heard")
    await asyncio.sleep(0.2)
    assert scene.api.writes() == []
    assert scene.api.objects[ROLLOUTS]["ns", "a"]["metadata"]["finalizers"] == [STRANGER]


async def test_changes_arrive_as_plain_objects_in_their_order(scene: Scene, group: asyncio.TaskGroup) -> None:
    first = scene.api.put(ROLLOUTS, rollout("a"))
    await scene.stream(group)
    await until(lambda: scene.names() == ["a"], "the list arrived")
    last = scene.api.put(ROLLOUTS, rollout("a") | {"spec": {"replicas": 9}})
    scene.api.remove(ROLLOUTS, "ns", "a")
    await until(lambda: scene.names() == [], "the deletion arrived")
    assert scene.heard == [(None, first), (first, last), (last, None)]
    assert type(scene.heard[0][1]) is dict
    assert type(scene.heard[0][1]["metadata"]) is dict


async def test_an_open_watch_is_told_and_whether_a_list_came_before_it(scene: Scene, group: asyncio.TaskGroup) -> None:
    await scene.stream(group)
    scene.api.end_watches(ROLLOUTS)
    await until(lambda: len(scene.opened) == 2, "the stream was opened again")
    await until(lambda: scene.api.watched(ROLLOUTS), "it is open")
    scene.api.expire(ROLLOUTS)
    await until(lambda: len(scene.opened) == 3, "the kind was listed again")
    assert scene.opened == [(ROLLOUTS, True), (ROLLOUTS, False), (ROLLOUTS, True)]


async def test_only_our_instance_s_objects_are_asked_for(scene: Scene, group: asyncio.TaskGroup) -> None:
    scene.api.put(ROLLOUTS, rollout("mine", labels={"id": "x"}))
    scene.api.put(ROLLOUTS, rollout("other"))
    await scene.stream(group, label_selector="id=x")
    await until(lambda: scene.names() == ["mine"], "mine arrived")
    asked = [seen for seen in scene.api.requests if seen.path.endswith("/rollouts")]
    assert {seen.query.get("labelSelector") for seen in asked} == {"id=x"}
    assert {seen.authorization for seen in asked} == {"Bearer t"}


async def test_one_namespace_is_all_that_is_asked_for_when_told_so(scene: Scene, group: asyncio.TaskGroup) -> None:
    scene.api.put(ROLLOUTS, rollout("a"))
    scene.api.put(ROLLOUTS, rollout("b", namespace="elsewhere"))
    await scene.stream(group, namespace="ns", kinds=[ROLLOUTS, EXPERIMENTS])
    await until(lambda: scene.names() == ["a"], "a arrived")
    asked = {seen.path for seen in scene.api.requests if seen.path.endswith("/rollouts")}
    assert asked == {ROLLOUTS.path("ns")}


async def test_cluster_wide_kinds_are_streamed_too(scene: Scene, group: asyncio.TaskGroup) -> None:
    scene.api.put(CLUSTER_ANALYSIS_TEMPLATES, {"metadata": {"name": "t"}})
    await scene.stream(group, kinds=[CLUSTER_ANALYSIS_TEMPLATES])
    store = scene.cache.store(CLUSTER_ANALYSIS_TEMPLATES)
    await until(lambda: store.get(None, "t") is not None, "the template arrived")


async def test_what_kopf_cannot_accept_ends_the_run_with_a_sentence(scene: Scene) -> None:
    async def lose_the_kind() -> None:
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            await scene.stream(tasks)
            scene.api.absent.add(ROLLOUTS)
            scene.api.expire(ROLLOUTS)
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:
        await lose_the_kind()
    assert caught.group_contains(WorldUnavailable, match="the watches ended")


async def test_a_stop_leaves_no_task_behind(scene: Scene) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        await scene.stream(tasks)
        assert scene.task is not None
        assert _tasks_of_kopf()
        scene.task.cancel()
    await until(lambda: not _tasks_of_kopf(), "none of kopf's tasks is left")


def _tasks_of_kopf() -> list[str]:
    codes = [getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()]
    return [code.co_name for code in codes if code is not None and "/kopf/" in code.co_filename]


def test_the_back_off_starts_anew_for_every_request_and_never_ends() -> None:
    backoff = EndlessBackoff()
    first = iter(backoff)
    delays = [next(first) for _ in range(50)]
    assert delays[0] < 1.3
    assert 20 < delays[-1] < 40
    assert next(iter(backoff)) < 1.3
