"""Whose things are: ReplicaSets find and leave their Rollout, Services are freed of one that is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.cluster import Api, Plane, wait_for
from tests.plane.operator import Namespace, Operator

pytestmark = pytest.mark.plane
Json = dict[str, Any]
V1, V2 = "example.test/app:v1", "example.test/app:v2"
CLIMB = [{"setWeight": 25}, {"pause": {}}]
NAMED = {"canaryService": "canary", "stableService": "stable"}
HASH, MANAGED_BY = "rollouts-pod-template-hash", "argo-rollouts.argoproj.io/managed-by-rollouts"
FIRST = "app-66455c587f"


@pytest.fixture
def ns(plane: Plane, operator: Operator, namespace: Callable[[Api], str]) -> Namespace:
    return Namespace(plane.api, namespace(plane.api))


def replica_set(ns: Namespace, name: str = FIRST) -> str:
    return f"/apis/apps/v1/namespaces/{ns.name}/replicasets/{name}"


def rollout(ns: Namespace) -> str:
    return f"/apis/argoproj.io/v1alpha1/namespaces/{ns.name}/rollouts/app"


def owners(ns: Namespace, name: str = FIRST) -> list[str]:
    """uids of the controllers of a ReplicaSet."""
    references = ns.api.get(replica_set(ns, name))["metadata"].get("ownerReferences") or []
    return [reference["uid"] for reference in references if reference.get("controller")]


def healthy(ns: Namespace, **strategy: Any) -> str:
    """A healthy Rollout `app`; its uid."""
    ns.rollout("app", V1, {"steps": CLIMB, **strategy})
    ns.until_phase("app", "Healthy")
    return str(ns.api.get(rollout(ns))["metadata"]["uid"])


def test_replica_sets_that_outlived_their_rollout_are_adopted_by_the_next_one(ns: Namespace) -> None:
    before = healthy(ns)
    ns.api.request("DELETE", f"{rollout(ns)}?propagationPolicy=Orphan")
    # Kubernetes' garbage collector looks for new kinds every 30 s, and lets the object go only after its children.
    wait_for(lambda: owners(ns) == [] and ns.find("app") is None, "the ReplicaSet to be an orphan", seconds=90)
    after = healthy(ns)
    assert after != before
    assert owners(ns) == [after]
    assert ns.replica_sets() == {"66455c587f": 4}
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    assert ns.replica_sets() == {"66455c587f": 3, "64bf89d46": 1}


def test_a_replica_set_that_is_no_longer_selected_is_released_and_adopted_again(ns: Namespace) -> None:
    uid = healthy(ns)
    ns.api.patch(replica_set(ns), {"metadata": {"labels": {"app": "other"}}})
    wait_for(lambda: owners(ns) == [], "the ReplicaSet to be released")
    ns.api.patch(replica_set(ns), {"metadata": {"labels": {"app": "app"}}})
    wait_for(lambda: owners(ns) == [uid], "the ReplicaSet to be adopted")


def test_a_replica_set_of_somebody_else_is_left_alone(ns: Namespace) -> None:
    healthy(ns)
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "controller": True}
    owner = ns.api.create(f"/api/v1/namespaces/{ns.name}/configmaps", {"metadata": {"name": "owner"}})
    body = ns.api.get(replica_set(ns))
    reference = other | {"uid": owner["metadata"]["uid"]}
    body["metadata"] = {"name": "theirs", "labels": body["metadata"]["labels"], "ownerReferences": [reference]}
    body["spec"]["replicas"] = 0
    ns.create({"apiVersion": "apps/v1", "kind": "ReplicaSet", **body})
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    assert owners(ns, "theirs") == [owner["metadata"]["uid"]]


def test_a_deleted_rollout_is_told_and_its_services_are_freed(ns: Namespace) -> None:
    for name in ("canary", "stable"):
        ns.service(name, "app")
    healthy(ns, **NAMED)
    wait_for(lambda: ns.selects("stable") and ns.selects("canary"), "the Services to be managed")
    ns.api.delete(rollout(ns))
    ns.until_told("app", "RolloutDeleted")
    assert ("RolloutDeleted", f"Rollout app/{ns.name} is deleted.") in ns.told("app")
    for name in ("canary", "stable"):
        assert_freed(ns, name)


def test_a_service_that_is_no_longer_named_is_freed_and_the_others_are_kept(ns: Namespace) -> None:
    for name in ("canary", "stable", "newer"):
        ns.service(name, "app")
    healthy(ns, **NAMED)
    wait_for(lambda: ns.selects("stable") and ns.selects("canary"), "the Services to be managed")
    ns.patch("app", {"spec": {"strategy": {"canary": {"canaryService": "newer"}}}})
    assert_freed(ns, "canary")
    assert ns.selects("stable") == "66455c587f"


def test_a_service_stays_while_the_rollout_makes_no_sense(ns: Namespace) -> None:
    for name in ("canary", "stable"):
        ns.service(name, "app")
    healthy(ns, **NAMED)
    wait_for(lambda: ns.selects("stable") and ns.selects("canary"), "the Services to be managed")
    ns.patch("app", {"spec": {"strategy": {"canary": {"stableService": "gone"}}}})
    ns.until_phase("app", "Degraded")
    assert ns.selects("stable") == "66455c587f"
    ns.service("gone", "app")
    assert_freed(ns, "stable", seconds=30)
    ns.until_phase("app", "Healthy")


def assert_freed(ns: Namespace, name: str, seconds: float = 15) -> None:
    path = f"/api/v1/namespaces/{ns.name}/services/{name}"
    wait_for(lambda: ns.selects(name) == "", f"{name} to select all pods of its app", seconds)
    service = ns.api.get(path)
    assert service["spec"]["selector"] == {"app": "app"}
    assert MANAGED_BY not in (service["metadata"].get("annotations") or {})
