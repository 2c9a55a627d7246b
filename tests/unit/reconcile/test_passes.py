"""What a pass over a Rollout writes, and what it leaves to the next one: each write is one that clients need."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from tests.support.clock import StandingClock
from tests.support.fake_api import FakeApi

from ferrata.cluster.cache import Cache
from ferrata.cluster.client import ApiClient
from ferrata.cluster.controller import Key
from ferrata.cluster.events import EventRecorder
from ferrata.cluster.kinds import HTTP_ROUTES, INGRESSES, PODS, REPLICA_SETS, ROLLOUTS, SERVICES, Kind
from ferrata.cluster.machinery import Machinery
from ferrata.cluster.own_writes import OwnWrites
from ferrata.errors import SpecRejected, WorldUnavailable
from ferrata.observe.rollout import trim_replica_set
from ferrata.reconcile.rollout import RolloutController
from ferrata.runtime.telemetry import Metrics
from ferrata.settings import parse

Json = dict[str, Any]
KEY = ("ns", "app")
STEPS = [{"setWeight": 50}, {"pause": {"duration": "1s"}}, {"setWeight": 100}, {"pause": {"duration": "1s"}}]
BACKEND = {"service": {"name": "s", "port": {"number": 80}}}
RULE = {"host": "app.test", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": BACKEND}]}}


class Scene:
    """One Rollout of one pod with NGINX routing on a small API server; time stands unless it is moved."""

    def __init__(self, api: FakeApi) -> None:
        self.api, self.clock, self.cache = api, StandingClock(), Cache()
        self.cache.set_trim(REPLICA_SETS, trim_replica_set)
        metrics = Metrics("test")
        client = ApiClient(api.connection(), clock=self.clock)
        recorder = EventRecorder(client, self.clock, metrics)
        own_writes = OwnWrites(self.clock)
        self.machinery = Machinery(client, self.cache, own_writes, recorder, self.clock, parse([], ""), metrics)
        self.controller = RolloutController(self.machinery)
        self.woken: list[Key] = []
        self.cache.subscribe(self._notice)
        for name in ("c", "s"):
            self.put(SERVICES, {"metadata": {"name": name}, "spec": {"selector": {"app": "app"}}})
        self.put(INGRESSES, {"metadata": {"name": "i"}, "spec": {"ingressClassName": "nginx", "rules": [RULE]}})
        self.write_spec("v1", generation=1)

    def _notice(self, kind: Kind, old: Json | None, new: Json | None) -> None:
        self.woken += [key for key, _ in self.controller.keys_for(kind, old, new)]

    def put(self, kind: Kind, obj: Json) -> None:
        """Somebody else writes, and the watch tells."""
        obj = obj | {"metadata": obj["metadata"] | {"namespace": "ns"}}
        self.cache.store(kind).apply(None, self.api.put(kind, obj))

    def write_spec(self, version: str, generation: int, steps: list[Json] | None = None) -> None:
        canary = {
            "steps": STEPS if steps is None else steps,
            "canaryService": "c",
            "stableService": "s",
            "trafficRouting": {"nginx": {"stableIngress": "i"}},
        }
        held = self.api.objects[ROLLOUTS].get(KEY, {})
        metadata = held.get("metadata", {}) | {"name": "app", "namespace": "ns", "generation": generation}
        spec = {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "app"}},
            "strategy": {"canary": canary},
            "template": {
                "metadata": {"labels": {"app": "app"}},
                "spec": {"containers": [{"name": "app", "image": f"example.test/app:{version}"}]},
            },
        }
        self.put(ROLLOUTS, held | {"metadata": metadata, "spec": spec})

    def pods(self, *, available: bool) -> None:
        """Kubernetes counts the pods of every ReplicaSet: there, or there and available."""
        for rs in list(self.api.objects[REPLICA_SETS].values()):
            wanted = rs["spec"]["replicas"]
            able = wanted if available else min(wanted, (rs.get("status") or {}).get("availableReplicas", 0))
            status = {"replicas": wanted, "readyReplicas": able, "availableReplicas": able}
            if rs.get("status") != status:
                self.put(REPLICA_SETS, rs | {"status": status})

    async def once(self) -> float | None:
        return await self.controller.reconcile(KEY)

    async def rest(self) -> float | None:
        """Passes until none wants another at once; seconds until the next."""
        for _ in range(20):
            if (wait := await self.once()) != 0.0:
                return wait
        raise AssertionError("it never comes to rest")

    async def run(self, seconds: float) -> None:
        """Pods appear and become available, passes happen, time goes by."""
        end = self.clock.monotonic() + seconds
        while True:
            self.pods(available=False)
            await self.rest()
            self.pods(available=True)
            wait = await self.rest()
            left = end - self.clock.monotonic()
            if wait is None or wait > left:
                self.clock.advance(left)
                return
            self.clock.advance(wait)

    def writes(self) -> Counter[str]:
        """Writes by verb and what is written; then forgotten."""
        found = Counter(f"{seen.method} {_resource(seen.path)}" for seen in self.api.writes())
        self.api.requests.clear()
        return found

    def status(self) -> Json:
        found: Json = self.api.objects[ROLLOUTS][KEY].get("status") or {}
        return found

    def user(self, **status: object) -> None:
        held = self.api.objects[ROLLOUTS][KEY]
        self.put(ROLLOUTS, held | {"status": held["status"] | status})


def _resource(path: str) -> str:
    parts = path.split("/namespaces/ns/")[1].split("/")
    return "/".join([parts[0], *parts[2:]])


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with FakeApi() as api:
        made = Scene(api)
        yield made
        await made.machinery.client.close()


async def test_a_creation_and_a_release_need_no_write_that_says_nothing(scene: Scene) -> None:
    await scene.run(60)
    assert scene.status()["phase"] == "Healthy"
    assert scene.writes() == {
        "POST replicasets": 1,
        "PATCH rollouts": 1,
        "PATCH services": 2,
        "POST ingresses": 1,
        "PATCH rollouts/status": 2,
    }
    scene.write_spec("v2", generation=2)
    await scene.run(60)
    assert (scene.status()["phase"], scene.status()["replicas"]) == ("Healthy", 1)
    assert scene.writes() == {
        "POST replicasets": 1,
        "PATCH rollouts": 1,
        "PATCH replicasets": 2,
        "PATCH services": 2,
        "PATCH ingresses": 3,
        "PATCH rollouts/status": 5,
    }


async def test_a_pass_is_not_woken_by_its_own_writes(scene: Scene) -> None:
    scene.woken.clear()
    await scene.once()
    assert scene.writes()["POST replicasets"] == 1
    assert scene.woken == []
    scene.pods(available=True)
    assert scene.woken == [KEY], "others' writes wake it"


async def test_counts_alone_wait_half_a_second_for_what_follows_them(scene: Scene) -> None:
    await scene.run(60)
    scene.write_spec("v2", generation=2)
    await scene.rest()
    scene.writes()
    scene.pods(available=False)
    assert await scene.rest() == pytest.approx(0.5)
    assert scene.writes() == {}
    scene.clock.advance(0.4)
    assert await scene.rest() == pytest.approx(0.1)
    scene.clock.advance(0.1)
    await scene.rest()
    assert scene.writes() == {"PATCH rollouts/status": 1}
    assert (scene.status()["replicas"], scene.status()["updatedReplicas"]) == (2, 1)


async def test_what_clients_wait_for_waits_for_nothing_and_takes_the_counts_along(scene: Scene) -> None:
    await scene.run(60)
    scene.write_spec("v2", generation=2)
    await scene.rest()
    scene.pods(available=False)
    await scene.rest()
    scene.writes()
    scene.user(abort=True)
    await scene.once()
    assert scene.status()["phase"] == "Degraded"
    assert scene.status()["replicas"] == 2


async def test_no_action_rests_on_a_status_that_is_not_written(scene: Scene) -> None:
    await scene.run(60)
    scene.write_spec("v2", generation=2, steps=[{"setWeight": 50}, {"pause": {}}])
    await scene.run(5)
    assert scene.status()["phase"] == "Paused"
    scene.writes()
    scene.user(abort=True)
    assert await scene.once() == 0.0, "the canary Service follows the weight"
    assert scene.writes() == {"PATCH ingresses": 1, "PATCH replicasets": 1, "PATCH rollouts/status": 1}
    await scene.rest()
    assert scene.writes() == {"PATCH services": 1}


async def test_a_kind_that_is_not_served_is_wanted_by_who_refers_to_it(scene: Scene) -> None:
    routes = scene.cache.store(HTTP_ROUTES)
    routes.empty()
    await scene.rest()
    assert not routes.wanted.is_set()
    held = scene.api.objects[ROLLOUTS][KEY]
    routing = {"gatewayAPI": {"httpRoute": "r"}}
    canary = held["spec"]["strategy"]["canary"] | {"trafficRouting": routing}
    scene.put(ROLLOUTS, held | {"spec": held["spec"] | {"strategy": {"canary": canary}}})
    with pytest.raises(SpecRejected):
        await scene.once()
    assert routes.wanted.is_set()


async def test_a_revision_that_changed_before_it_shrinks_does_not_take_back_what_was_done(scene: Scene) -> None:
    await scene.run(60)
    scene.write_spec("v2", generation=2, steps=[{"setWeight": 50}, {"pause": {}}])
    await scene.run(5)
    scene.user(abort=True)
    scene.writes()
    scene.api.fail(409, method="PATCH", path="replicasets")
    assert await scene.once() == pytest.approx(0.1)
    assert scene.writes() == {"PATCH ingresses": 1, "PATCH replicasets": 1, "PATCH rollouts/status": 1}
    assert (scene.status()["phase"], scene.status()["canary"]["weights"]["canary"]["weight"]) == ("Degraded", 0)
    await scene.rest()
    assert scene.writes() == {"PATCH services": 1, "PATCH replicasets": 1}


def with_role(scene: Scene, role: str | None, generation: int) -> None:
    """The stable revision's pods are to carry that label from now on; None takes it back."""
    held = scene.api.objects[ROLLOUTS][KEY]
    canary = held["spec"]["strategy"]["canary"] | {"stableMetadata": {"labels": {"role": role}} if role else None}
    spec = held["spec"] | {"strategy": {"canary": canary}}
    scene.put(ROLLOUTS, held | {"metadata": held["metadata"] | {"generation": generation}, "spec": spec})


def pod_of(scene: Scene, rs: Json) -> None:
    owner = {"uid": rs["metadata"]["uid"], "controller": True, "kind": "ReplicaSet", "name": rs["metadata"]["name"]}
    labels = rs["spec"]["template"]["metadata"]["labels"]
    scene.put(PODS, {"metadata": {"name": "p", "labels": labels, "ownerReferences": [owner]}})


async def test_pods_and_template_carry_the_role_and_lose_it_again(scene: Scene) -> None:
    await scene.run(60)
    (before,) = scene.api.objects[REPLICA_SETS].values()
    pod_of(scene, before)
    own = before["spec"]["template"]["metadata"]["labels"]
    with_role(scene, "stable", generation=2)
    await scene.rest()
    (after,) = scene.api.objects[REPLICA_SETS].values()
    assert after["spec"]["template"]["metadata"]["labels"] == own | {"role": "stable"}
    assert after["metadata"]["annotations"]["rollout.argoproj.io/ephemeral-metadata"] == '{"labels":{"role":"stable"}}'
    assert scene.api.objects[PODS]["ns", "p"]["metadata"]["labels"] == own | {"role": "stable"}
    scene.writes()
    await scene.rest()
    assert scene.writes() == {}, "pods that carry it are looked at no more"
    with_role(scene, None, generation=3)
    await scene.rest()
    (last,) = scene.api.objects[REPLICA_SETS].values()
    assert last["spec"]["template"]["metadata"]["labels"] == own
    assert last["metadata"]["annotations"] == before["metadata"]["annotations"]
    assert scene.api.objects[PODS]["ns", "p"]["metadata"]["labels"] == own
    assert scene.status()["phase"] == "Healthy"


async def test_a_pod_that_cannot_be_labelled_holds_up_nothing_and_is_tried_again(scene: Scene) -> None:
    await scene.run(60)
    (rs,) = scene.api.objects[REPLICA_SETS].values()
    pod_of(scene, rs)
    with_role(scene, "stable", generation=2)
    scene.api.fail(403, method="PATCH", path="/pods/p")
    with pytest.raises(WorldUnavailable, match="1 of 1 pods could not be labelled"):
        await scene.rest()
    assert scene.status()["observedGeneration"] == "2"
    await scene.rest()
    assert scene.api.objects[PODS]["ns", "p"]["metadata"]["labels"]["role"] == "stable"


def restart_blind(scene: Scene) -> None:
    """Another process, whose watch has not shown it the ReplicaSets yet."""
    scene.cache = Cache()
    scene.cache.set_trim(REPLICA_SETS, trim_replica_set)
    for kind in (ROLLOUTS, SERVICES, INGRESSES):
        for obj in scene.api.objects[kind].values():
            scene.cache.store(kind).apply(None, obj)
    scene.machinery = replace(scene.machinery, cache=scene.cache)
    scene.controller = RolloutController(scene.machinery)


async def test_a_revision_whose_creation_was_answered_to_nobody_is_known_again(scene: Scene) -> None:
    held = scene.api.objects[ROLLOUTS][KEY]
    labels = {"app": "app", "role": "any"}
    template = held["spec"]["template"] | {"metadata": {"labels": labels}}
    scene.put(ROLLOUTS, held | {"spec": held["spec"] | {"template": template}})
    with_role(scene, "stable", generation=1)
    await scene.once()
    restart_blind(scene)
    await scene.rest()
    assert len(scene.api.objects[REPLICA_SETS]) == 1
    assert "collisionCount" not in scene.status()


async def test_a_new_revision_is_created_with_its_role(scene: Scene) -> None:
    with_role(scene, "stable", generation=1)
    await scene.run(60)
    (rs,) = scene.api.objects[REPLICA_SETS].values()
    assert rs["spec"]["template"]["metadata"]["labels"]["role"] == "stable"
    assert "role" not in rs["metadata"]["labels"]
    assert scene.writes()["PATCH replicasets"] == 0
