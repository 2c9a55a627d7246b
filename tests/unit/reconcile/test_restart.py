"""A restart against the API server: which pods are looked at, how they go, and what a refusal comes to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.support.fake_api import FakeApi
from tests.unit.reconcile.test_passes import KEY, Scene

from ferrata.cluster.kinds import PODS, REPLICA_SETS, ROLLOUTS
from ferrata.model.status import format_time

Json = dict[str, Any]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with FakeApi() as api:
        made = Scene(api)
        await made.run(60)
        api.requests.clear()
        yield made
        await made.machinery.client.close()


def put_pod(scene: Scene, name: str, *, age: float, owner: str | None = None) -> None:
    sets = scene.api.objects[REPLICA_SETS].values()
    uid = next(iter(sets))["metadata"]["uid"] if owner is None else owner
    created = format_time(scene.clock.now() - timedelta(seconds=age))
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": created}
    metadata = {
        "name": name,
        "namespace": "ns",
        "labels": {"app": "app"},
        "creationTimestamp": created,
        "ownerReferences": [{"uid": uid, "controller": True}],
    }
    scene.api.put(PODS, {"metadata": metadata, "status": {"conditions": [ready]}})


def ask_for_restart(scene: Scene, **spec: Json) -> None:
    held = scene.api.objects[ROLLOUTS][KEY]
    at = format_time(scene.clock.now())
    scene.put(ROLLOUTS, held | {"spec": held["spec"] | {"restartAt": at} | spec})


async def test_pods_are_listed_by_selector_only_while_they_are_restarted(scene: Scene) -> None:
    await scene.once()
    assert scene.api.count("GET", "/pods") == 0
    put_pod(scene, "old", age=100)
    put_pod(scene, "foreign", age=100, owner="another")
    ask_for_restart(scene)
    await scene.rest()
    assert scene.api.count("GET", "/pods", labelSelector="app=app") >= 1
    assert scene.api.count("POST", "/pods/old/eviction") == 0, "another is started first"
    scene.pods(available=True)
    put_pod(scene, "new", age=0)
    await scene.once()
    evicted = [seen.path.split("/")[-2] for seen in scene.api.writes() if seen.path.endswith("/eviction")]
    assert evicted == ["old"]
    await scene.rest()
    assert scene.status()["restartedAt"] == format_time(scene.clock.now())
    scene.api.requests.clear()
    await scene.once()
    assert scene.api.count("GET", "/pods") == 0


async def test_what_a_budget_refuses_is_asked_for_once_and_again_half_a_minute_later(scene: Scene) -> None:
    put_pod(scene, "old", age=100)
    put_pod(scene, "new", age=0)
    scene.api.fail(429, times=9, method="POST", path="/eviction")
    ask_for_restart(scene)
    await scene.rest()
    scene.pods(available=True)
    scene.api.requests.clear()
    wait = await scene.once()
    assert wait is not None
    assert scene.api.count("POST", "/pods/old/eviction") == 1
    assert 29 <= (await scene.rest() or 0) <= 30
    assert "restartedAt" not in scene.status()
