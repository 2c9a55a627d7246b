"""Live pods get the metadata of their role: only ours, only theirs, and one that fails stops none of the others."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.support.clock import StandingClock
from tests.support.fake_api import FakeApi

from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import PODS
from ferrata.errors import LeadershipLost, WorldUnavailable
from ferrata.execute.pods import label
from ferrata.model.pod_metadata import PodMetadata

FORMER = PodMetadata.read({"labels": {"role": "canary"}, "annotations": {"note": "n"}})
WANTED = PodMetadata.read({"labels": {"role": "stable"}})


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with FakeApi() as api:
        for number in range(15):
            put(api, f"p{number}", "rs")
        yield api


def put(api: FakeApi, name: str, owner: str, role: str = "canary") -> None:
    references = [{"uid": owner, "controller": True, "kind": "ReplicaSet", "name": owner}]
    labels = {"app": "a", "role": role}
    annotations = {"note": "n", "mesh": "injected"} if role == "canary" else {"mesh": "injected"}
    metadata = {"name": name, "namespace": "ns", "labels": labels, "annotations": annotations}
    api.put(PODS, {"metadata": metadata | {"ownerReferences": references}})


async def labelled(api: FakeApi, *, leads: bool = True) -> None:
    client = ApiClient(api.connection(), clock=StandingClock(), fence=lambda: leads)
    try:
        await label(client, "ns", "app=a", "rs", WANTED, FORMER)
    finally:
        await client.close()


def done(api: FakeApi) -> set[str]:
    pods = api.objects[PODS].items()
    return {name for (_, name), pod in pods if pod["metadata"]["labels"] == {"app": "a", "role": "stable"}}


async def test_every_pod_gets_it_and_keeps_what_is_not_ours(api: FakeApi) -> None:
    await labelled(api)
    assert len(done(api)) == 15
    assert {str(pod["metadata"]["annotations"]) for pod in api.objects[PODS].values()} == {"{'mesh': 'injected'}"}


async def test_pods_of_others_and_pods_that_are_right_are_not_written(api: FakeApi) -> None:
    put(api, "foreign", "somebody")
    put(api, "right", "rs", role="stable")
    await labelled(api)
    assert api.objects[PODS]["ns", "foreign"]["metadata"]["labels"]["role"] == "canary"
    assert len(api.writes()) == 15


async def test_one_pod_that_fails_stops_none_of_the_others(api: FakeApi) -> None:
    api.fail(403, method="PATCH", path="/pods/p3")
    api.fail(404, method="PATCH", path="/pods/p5")
    with pytest.raises(WorldUnavailable, match=r"1 of 15 pods could not be labelled: .*403"):
        await labelled(api)
    assert len(done(api)) == 13
    await labelled(api)
    assert len(done(api)) == 15


async def test_without_the_lease_no_pod_is_written(api: FakeApi) -> None:
    with pytest.raises(LeadershipLost):
        await labelled(api, leads=False)
    assert not api.writes()
