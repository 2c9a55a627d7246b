"""What a Rollout does with its pods and with other workloads beside releases, on a real API server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.cluster import Api, Plane, wait_for
from tests.plane.operator import Namespace, Operator

pytestmark = pytest.mark.plane
Json = dict[str, Any]
V1, V2 = "example.test/app:v1", "example.test/app:v2"


@pytest.fixture
def ns(plane: Plane, operator: Operator, namespace: Callable[[Api], str]) -> Namespace:
    return Namespace(plane.api, namespace(plane.api))


def pods(ns: Namespace) -> dict[str, Json]:
    """Pods that are not about to go, by uid."""
    found = ns.api.items(f"/api/v1/namespaces/{ns.name}/pods")
    return {pod["metadata"]["uid"]: pod for pod in found if not pod["metadata"].get("deletionTimestamp")}


def budget(ns: Namespace, least: int) -> str:
    """A PodDisruptionBudget that lets nobody evict below `least` pods; its path, once it is in force."""
    spec = {"minAvailable": least, "selector": {"matchLabels": {"app": "app"}}}
    path = f"/apis/policy/v1/namespaces/{ns.name}/poddisruptionbudgets"
    ns.api.create(path, {"metadata": {"name": "app"}, "spec": spec})
    wait_for(lambda: ns.api.get(f"{path}/app").get("status", {}).get("expectedPods"), "the budget to be counted")
    return f"{path}/app"


def test_a_single_pod_is_restarted_without_being_missed(ns: Namespace) -> None:
    ns.rollout("app", V1, {"steps": []}, replicas=1)
    ns.until_phase("app", "Healthy")
    before = pods(ns)
    budget(ns, 1)
    at = "2199-01-01T00:00:00Z"
    ns.patch("app", {"spec": {"restartAt": at}})
    ns.until_phase("app", "Progressing", "rollout is restarting")
    assert pods(ns).keys() == before.keys()
    created = next(iter(before.values()))["metadata"]["creationTimestamp"]
    wait_for(lambda: later(ns, created), "a second to pass")
    at = later(ns, created)
    ns.patch("app", {"spec": {"restartAt": at}})
    ns.until("app", lambda s: s.get("restartedAt") == at, "restarted")
    ns.until_phase("app", "Healthy")
    wait_for(lambda: len(pods(ns)) == 1, "one pod to be left")
    assert not pods(ns).keys() & before.keys()


def later(ns: Namespace, instant: str) -> str:
    """The API server's time by the youngest event or lease, once it is past `instant`; "" before."""
    path = f"/api/v1/namespaces/{ns.name}/configmaps"
    made = ns.api.create(path, {"metadata": {"generateName": "clock-"}})["metadata"]["creationTimestamp"]
    return str(made) if made > instant else ""
