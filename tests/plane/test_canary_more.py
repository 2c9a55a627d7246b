"""Canaries with more than weights, on a real API server: a dynamic stable revision, header routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.cluster import Api, Plane, wait_for
from tests.cluster.gateway import definitions
from tests.plane.operator import Namespace, Operator
from tests.plane.test_rollouts import HASH, ROUTED, V1, V2

pytestmark = pytest.mark.plane
Json = dict[str, Any]
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_ROUTES = "/apis/gateway.networking.k8s.io/v1"


@pytest.fixture
def ns(plane: Plane, operator: Operator, namespace: Callable[[Api], str]) -> Namespace:
    made = Namespace(plane.api, namespace(plane.api))
    for name in ("canary", "stable"):
        made.service(name, "app")
    return made


@pytest.fixture(scope="module")
def gateway_api(plane: Plane) -> None:
    """The API server serves HTTPRoutes; the gateway itself is played by the tests."""
    for crd in definitions():
        if crd["spec"]["names"]["kind"] == "HTTPRoute" and plane.api.find(f"{_CRDS}/{crd['metadata']['name']}") is None:
            plane.api.create(_CRDS, crd)
    wait_for(lambda: plane.api.find(f"{_ROUTES}/httproutes") is not None, "HTTPRoutes to be served")


def sizes(ns: Namespace) -> tuple[int, int]:
    found = ns.replica_sets()
    return found[HASH[V1]], found[HASH[V2]]


def test_a_dynamic_stable_revision_gives_its_pods_up_and_gets_them_back(ns: Namespace) -> None:
    ns.ingress("web", "stable")
    steps = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 75}, {"pause": {}}]
    ns.rollout("app", V1, {"steps": steps, **ROUTED, "dynamicStableScale": True})
    ns.until("app", lambda s: s.get("phase") == "Healthy" and "canary" in s, "routed")
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    ns.until("app", lambda _: sizes(ns) == (3, 1), "shared 3 to 1")
    ns.patch_status("app", {"pauseConditions": None})
    ns.until("app", lambda s: s.get("currentStepIndex") == 3 and sizes(ns) == (1, 3), "shared 1 to 3")
    ns.patch_status("app", {"abort": True})
    ns.until("app", lambda _: ns.weight("app-web-canary") == "0" and sizes(ns) == (4, 0), "back at the stable revision")
    assert ns.selects("canary") == HASH[V1]


class Route:
    """An HTTPRoute, and the gateway that says that it serves it."""

    def __init__(self, ns: Namespace) -> None:
        self._api, self._path = ns.api, f"{_ROUTES}/namespaces/{ns.name}/httproutes"
        split = {
            "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            "backendRefs": [{"name": "stable", "port": 80, "weight": 100}, {"name": "canary", "port": 80, "weight": 0}],
        }
        foreign = {
            "matches": [{"path": {"type": "Exact", "value": "/ops"}}],
            "backendRefs": [{"name": "canary", "port": 80}],
        }
        body = {"metadata": {"name": "web"}, "spec": {"parentRefs": [{"name": "gw"}], "rules": [foreign, split]}}
        self._api.create(self._path, body | {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"})

    def get(self) -> Json:
        return self._api.get(f"{self._path}/web")

    def rules(self) -> list[Json]:
        return list(self.get()["spec"]["rules"])

    def serve(self) -> None:
        """The gateway accepts whatever is written now."""
        found = self.get()
        common = {"status": "True", "reason": "Is", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        conditions = [
            common | {"type": type_, "observedGeneration": found["metadata"]["generation"]}
            for type_ in ("Accepted", "ResolvedRefs")
        ]
        parent = {"parentRef": {"name": "gw"}, "controllerName": "example.test/gw", "conditions": conditions}
        self._api.patch(f"{self._path}/web/status", {"status": {"parents": [parent]}})


def test_a_header_route_comes_with_the_canary_and_goes_without_a_trace(gateway_api: None, ns: Namespace) -> None:
    route = Route(ns)
    before = route.rules()
    match = [{"headerName": "x-team", "headerValue": {"exact": "qa"}}]
    steps = [
        {"setCanaryScale": {"replicas": 1}},
        {"setHeaderRoute": {"name": "team", "match": match}},
        {"pause": {}},
        {"setWeight": 50},
        {"pause": {}},
    ]
    routing = {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": "web"}}, "managedRoutes": [{"name": "team"}]}
    strategy = {"canaryService": "canary", "stableService": "stable", "steps": steps, "trafficRouting": routing}
    ns.rollout("app", V1, strategy)

    def until(question: Callable[[Json], bool], what: str) -> None:
        def served(status: Json) -> bool:
            route.serve()
            return question(status)

        ns.until("app", served, what, seconds=60)

    until(lambda s: s.get("phase") == "Healthy" and "canary" in s, "routed")
    assert route.rules() == before
    ns.release("app", V2)
    until(lambda s: s.get("message") == "CanaryPauseStep" and len(route.rules()) == 3, "open to the team")
    ours, *rest = route.rules()
    assert rest == before
    assert [ref["name"] for ref in ours["backendRefs"]] == ["canary"]
    assert ours["matches"][0]["headers"] == [{"type": "Exact", "name": "x-team", "value": "qa"}]
    ns.patch_status("app", {"abort": True})
    until(lambda _: ns.selects("canary") == HASH[V1], "aborted")
    assert route.rules() == before
    assert "annotations" not in route.get()["metadata"]


def test_a_header_route_that_no_route_takes_is_said(ns: Namespace) -> None:
    ns.ingress("web", "stable")
    match = [{"headerName": "x-team", "headerValue": {"exact": "qa"}}]
    steps = [{"setHeaderRoute": {"name": "team", "match": match}}, {"pause": {}}]
    routing = {"nginx": {"stableIngress": "web"}, "managedRoutes": [{"name": "team"}]}
    ns.rollout("app", V1, {**ROUTED, "steps": steps, "trafficRouting": routing})
    assert "SetHeaderRoute requires TrafficRouting" in ns.until_phase("app", "Degraded")["message"]


def test_a_new_revision_is_kept_off_the_stable_ones_nodes_by_its_replica_set_alone(ns: Namespace) -> None:
    rule = {"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 20}}
    ns.rollout("app", V1, {"steps": [{"setWeight": 50}, {"pause": {}}], "antiAffinity": rule})
    ns.until_phase("app", "Healthy")
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    items = ns.api.items(f"/apis/apps/v1/namespaces/{ns.name}/replicasets")
    pods = {rs["metadata"]["name"]: rs["spec"]["template"]["spec"] for rs in items}
    assert set(pods) == {f"app-{HASH[V1]}", f"app-{HASH[V2]}"}
    assert "affinity" not in pods[f"app-{HASH[V1]}"]
    (entry,) = pods[f"app-{HASH[V2]}"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert (entry["weight"], entry["podAffinityTerm"]["namespaces"]) == (20, [ns.name])
    assert entry["podAffinityTerm"]["labelSelector"]["matchExpressions"][0]["values"] == [HASH[V1]]


def pod_roles(ns: Namespace, version: str) -> list[str | None]:
    pods = ns.api.items(f"/api/v1/namespaces/{ns.name}/pods")
    labels = [pod["metadata"]["labels"] for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    return [of.get("role") for of in labels if of["rollouts-pod-template-hash"] == HASH[version]]


def test_pods_carry_the_role_of_their_revision(ns: Namespace) -> None:
    roles = {f"{role}Metadata": {"labels": {"role": role}} for role in ("canary", "stable")}
    ns.rollout("app", V1, {"steps": [{"setWeight": 25}, {"pause": {}}], **roles})
    ns.until_phase("app", "Healthy")
    assert pod_roles(ns, V1) == ["stable"] * 4
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    assert pod_roles(ns, V2) == ["canary"]
    (first,) = ns.api.items(f"/api/v1/namespaces/{ns.name}/pods?labelSelector=role%3Dcanary")
    ns.patch_status("app", {"pauseConditions": None})
    ns.until_phase("app", "Healthy")
    wait_for(lambda: pod_roles(ns, V2) == ["stable"] * 4, "every pod to carry the new role")
    pods = ns.api.items(f"/api/v1/namespaces/{ns.name}/pods")
    assert first["metadata"]["uid"] in {pod["metadata"]["uid"] for pod in pods}, "the pod of the canary was replaced"
