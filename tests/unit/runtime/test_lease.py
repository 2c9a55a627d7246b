"""Two candidates and one lease: never two leaders, and a fence that closes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.clock import StandingClock
from tests.support.fake_api import FakeApi
from tests.support.waiting import until

from ferrata.clock import SystemClock
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import LEASES
from ferrata.runtime.lease import Elector, LeaseTimes

QUICK = LeaseTimes(lease=1.0, renew=0.6, retry=0.02)


class Scene:
    def __init__(self, api: FakeApi, group: asyncio.TaskGroup) -> None:
        self.api, self.group = api, group
        self.tasks: list[asyncio.Task[None]] = []
        self.clients: list[ApiClient] = []

    def elector(self, name: str, times: LeaseTimes = QUICK, clock: Any = None) -> Elector:
        client = ApiClient(self.api.connection(), clock=SystemClock())
        self.clients.append(client)
        return Elector(client, clock or SystemClock(), namespace="ns", name="lock", times=times, identity=name)

    def start(self, elector: Elector) -> asyncio.Task[None]:
        self.tasks.append(self.group.create_task(elector.run()))
        return self.tasks[-1]

    async def leading(self, name: str) -> Elector:
        elector = self.elector(name)
        self.start(elector)
        async with asyncio.timeout(3):
            await elector.acquired.wait()
        return elector

    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.api.objects[LEASES][("ns", "lock")]["spec"]
        return spec


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with FakeApi() as api:
        async with asyncio.TaskGroup() as group:
            made = Scene(api, group)
            yield made
            for task in made.tasks:
                task.cancel()
        for client in made.clients:
            await client.close()


async def test_the_first_candidate_leads_and_the_second_waits(scene: Scene) -> None:
    a = await scene.leading("a")
    b = scene.elector("b")
    scene.start(b)
    await asyncio.sleep(0.2)
    assert a.valid()
    assert not b.valid()
    assert scene.spec().items() >= {"holderIdentity": "a", "leaseTransitions": 0, "leaseDurationSeconds": 1}.items()


async def test_a_released_lease_is_taken_at_once_as_one_transition(scene: Scene) -> None:
    a = await scene.leading("a")
    scene.tasks[0].cancel()
    await a.release()
    assert not a.valid()
    assert scene.spec()["holderIdentity"] == ""
    b = await scene.leading("b")
    assert b.valid()
    assert scene.spec()["leaseTransitions"] == 1


async def test_a_crashed_holder_is_waited_for_its_whole_lease(scene: Scene) -> None:
    a = await scene.leading("a")
    scene.tasks[0].cancel()
    b, loop = scene.elector("b"), asyncio.get_running_loop()
    started = loop.time()
    scene.start(b)
    await until(b.acquired.is_set, "b took over")
    assert loop.time() - started >= QUICK.lease * 0.95
    assert not a.valid()


async def test_an_outage_closes_the_fence_before_the_lease_is_over_and_ends_the_run(scene: Scene) -> None:
    a = await scene.leading("a")
    loop, task = asyncio.get_running_loop(), scene.tasks[0]
    scene.api.fail(500, times=10_000)
    started = loop.time()
    async with asyncio.timeout(3):
        await task
    assert not a.valid()
    assert loop.time() - started < QUICK.lease


async def test_the_fence_needs_no_loop_to_close(scene: Scene) -> None:
    clock = StandingClock()
    a = scene.elector("a", LeaseTimes(15, 10, 2), clock)
    scene.start(a)
    await until(a.acquired.is_set, "a leads")
    clock.advance(13.9)
    assert a.valid()
    clock.advance(0.2)
    assert not a.valid(), "a second before anybody else may take it"


async def test_a_conflict_is_not_a_lease(scene: Scene) -> None:
    scene.api.put(LEASES, {"metadata": {"name": "lock", "namespace": "ns"}, "spec": {"holderIdentity": ""}})
    scene.api.fail(409, method="PUT")
    a = await scene.leading("a")
    assert a.valid()
    assert scene.api.count("PUT", "/leases/lock") >= 2


async def test_a_lease_of_argo_rollouts_is_respected(scene: Scene) -> None:
    """Its clock is not ours: what counts is that it changes while we look."""
    held = {"holderIdentity": "argo", "renewTime": "2020-01-01T00:00:00.000000Z", "leaseDurationSeconds": 1}
    lease = {"metadata": {"name": "lock", "namespace": "ns"}}
    scene.api.put(LEASES, lease | {"spec": held})
    a = scene.elector("a")
    scene.start(a)
    for number in range(8):
        await asyncio.sleep(0.2)
        scene.api.put(LEASES, lease | {"spec": held | {"renewTime": f"2020-01-01T00:00:0{number}.000000Z"}})
    assert not a.acquired.is_set()
    await until(a.acquired.is_set, "argo went away")
