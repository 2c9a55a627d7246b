"""Events are recorded at once, sent in order, counted when they repeat, and never without the lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.support.clock import StandingClock
from tests.support.fake_api import FakeApi
from tests.support.waiting import until

from ferrata.clock import SystemClock
from ferrata.cluster import events as module
from ferrata.cluster.client import ApiClient
from ferrata.cluster.events import EventRecorder
from ferrata.cluster.kinds import EVENTS
from ferrata.cluster.telemetry import Untold

ROLLOUT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Rollout",
    "metadata": {"name": "a", "namespace": "ns", "uid": "u1", "resourceVersion": "7"},
}


class Scene:
    def __init__(self, api: FakeApi) -> None:
        self.api, self.clock, self.leads = api, StandingClock(), True
        self.client = ApiClient(api.connection(), clock=SystemClock(), fence=lambda: self.leads)
        self.recorder = EventRecorder(self.client, self.clock, Untold())
        self.busy = 0.0
        self.client.busy = lambda: self.busy  # type: ignore[method-assign]

    async def sent(self) -> list[dict[str, object]]:
        await self.recorder.drain(5)
        return list(self.api.objects[EVENTS].values())


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with FakeApi() as api:
        made = Scene(api)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(made.recorder.run())
            yield made
            task.cancel()
        await made.client.close()


async def test_an_event_says_what_clients_look_at(scene: Scene) -> None:
    scene.recorder.record(ROLLOUT, "Warning", "RolloutAborted", "it is bad")
    (event,) = await scene.sent()
    assert event["involvedObject"] == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "name": "a",
        "namespace": "ns",
        "uid": "u1",
        "resourceVersion": "7",
    }
    expected = {
        "type": "Warning",
        "reason": "RolloutAborted",
        "message": "it is bad",
        "count": 1,
        "source": {"component": "rollouts-controller"},
        "firstTimestamp": "2026-01-01T00:00:00Z",
    }
    assert event.items() >= expected.items()


async def test_events_are_sent_in_the_order_in_which_they_happened(scene: Scene) -> None:
    for number in range(20):
        scene.recorder.record(ROLLOUT, "Normal", "Scaled", f"to {number}")
    assert [event["message"] for event in await scene.sent()] == [f"to {number}" for number in range(20)]


async def test_an_event_lets_everything_else_go_first_but_not_for_ever(scene: Scene) -> None:
    scene.busy = 0.001
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "for you")
    await asyncio.sleep(0.05)
    assert scene.api.requests == []
    scene.clock.advance(5.1)
    await until(lambda: scene.api.objects[EVENTS], "an event that waited long enough")
    (event,) = scene.api.objects[EVENTS].values()
    assert event["firstTimestamp"] == "2026-01-01T00:00:00Z"


async def test_the_same_event_again_is_counted_within_ten_minutes(scene: Scene) -> None:
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "for you")
    await scene.sent()
    scene.clock.advance(599)
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "for you")
    (event,) = await scene.sent()
    assert (event["count"], event["lastTimestamp"]) == (2, "2026-01-01T00:09:59Z")
    scene.clock.advance(2)
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "for you")
    assert len(await scene.sent()) == 2


async def test_an_event_that_expired_on_the_server_is_made_anew(scene: Scene) -> None:
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "for you")
    await scene.sent()
    scene.api.objects[EVENTS].clear()
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "for you")
    (event,) = await scene.sent()
    assert event["count"] == 1


async def test_a_stumble_of_the_server_loses_no_event(scene: Scene) -> None:
    scene.api.fail(503, method="POST")
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "for you")
    assert len(await scene.sent()) == 1
    assert scene.recorder.dropped == 0


async def test_what_the_server_refuses_is_dropped_and_counted(scene: Scene) -> None:
    scene.api.fail(403, method="POST")
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "one")
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "two")
    assert [event["message"] for event in await scene.sent()] == ["two"]
    assert scene.recorder.dropped == 1


async def test_nothing_is_sent_without_the_lease(scene: Scene) -> None:
    scene.leads = False
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "for you")
    assert await scene.sent() == []
    assert scene.api.requests == []


async def test_a_full_queue_drops_and_counts_instead_of_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_QUEUE", 2)
    async with FakeApi() as api:
        client = ApiClient(api.connection(), clock=SystemClock())
        recorder = EventRecorder(client, StandingClock(), Untold())
        for _ in range(3):
            recorder.record(ROLLOUT, "Normal", "Paused", "for you")
        assert recorder.dropped == 1
        await client.close()


async def test_a_long_message_is_cut_to_what_the_api_takes(scene: Scene) -> None:
    scene.recorder.record(ROLLOUT, "Normal", "Paused", "x" * 5000)
    (event,) = await scene.sent()
    assert len(str(event["message"])) == 1024
