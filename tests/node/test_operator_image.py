"""The chart's pods on a real node: restricted, probed, with the chart's rights, one leading and one standing by."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest
from tests.cluster import Api, Node, audited_requests, manifests, wait_for
from tests.cluster.chart import of_kind, render
from tests.cluster.images import go_image
from tests.cluster.operator_image import operator_image
from tests.cluster.paths import PACKAGE
from tests.conftest import NamespaceFactory

from ferrata import __version__

pytestmark = pytest.mark.node
Json = dict[str, Any]

IMAGE, TAG = "ferrata.test/operator", "checkout"
APP = "example.test/echo"
INSTANCE = {"argo-rollouts.argoproj.io/controller-instance-id": "node-test"}
VALUES: Json = {
    "image": {"repository": IMAGE, "tag": TAG},
    "instanceId": "node-test",  # other tests may run an operator on the same node
    "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    "podAnnotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8090"},
}


@dataclass(frozen=True, slots=True)
class Release:
    """A release of the chart in a namespace that refuses every pod that is not restricted."""

    node: Node
    namespace: str
    documents: list[Json]

    @property
    def api(self) -> Api:
        return self.node.api

    def pods(self) -> list[Json]:
        """Those that are not on their way out."""
        found = self.api.items(f"/api/v1/namespaces/{self.namespace}/pods")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def ready(self) -> bool:
        """Whether both pods are Ready."""
        return [is_ready(pod) for pod in self.pods()] == [True, True]

    def leader(self) -> str:
        """The name of the pod that holds the Lease, "" while nobody does."""
        path = (
            f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases/argo-rollouts-controller-lock-node-test"
        )
        lease = self.api.find(path)
        return str(lease["spec"].get("holderIdentity") or "").partition("_")[0] if lease else ""

    def log(self, pod: str) -> str:
        return self.api.raw("GET", f"/api/v1/namespaces/{self.namespace}/pods/{pod}/log").decode()

    def refused(self) -> set[tuple[str, str]]:
        """Verb and resource of what its ServiceAccount was not allowed to do."""
        user = f"system:serviceaccount:{self.namespace}:ferrata"
        mine = [request for request in audited_requests(self.node.audit_log) if request.user == user]
        assert mine, "it has asked for something"
        return {(request.verb, request.resource) for request in mine if not request.granted}


def is_ready(pod: Json) -> bool:
    conditions = pod["status"].get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def restricted(api: Api, namespace: str) -> str:
    """That namespace, which from now on refuses every pod that is not restricted."""
    enforce = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    api.patch(f"/api/v1/namespaces/{namespace}", enforce)
    return namespace


@pytest.fixture
def release(node: Node, namespace: NamespaceFactory) -> Release:
    """Applied and ready."""
    name = restricted(node.api, namespace(node.api))
    node.push(operator_image(f"{IMAGE}:{TAG}"))
    documents = render(VALUES, namespace=name)
    manifests.apply(node.api, documents)
    applied = Release(node, name, documents)
    wait_for(applied.ready, "both pods to be Ready", 180)
    return applied


def test_it_says_its_version(node: Node, namespace: NamespaceFactory) -> None:
    """The pod of the chart, with another argument."""
    name = restricted(node.api, namespace(node.api))
    node.push(operator_image(f"{IMAGE}:{TAG}"))
    (deployment,) = of_kind(render(VALUES, namespace=name), "Deployment")
    spec = deployment["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    asked = {key: part for key, part in container.items() if not key.endswith("Probe")} | {"args": ["--version"]}
    spec |= {"containers": [asked], "restartPolicy": "Never", "serviceAccountName": "default"}
    pods = f"/api/v1/namespaces/{name}/pods"
    node.api.create(pods, {"metadata": {"name": "version"}, "spec": spec})
    ends = {"Succeeded", "Failed"}
    wait_for(lambda: node.api.get(f"{pods}/version")["status"]["phase"] in ends, "the pod to end", 60)
    (status,) = node.api.get(f"{pods}/version")["status"]["containerStatuses"]
    said = node.api.raw("GET", f"{pods}/version/log").decode().strip()
    assert (status["state"]["terminated"]["exitCode"], said) == (0, f"ferrata {__version__}")


def test_one_leads_one_stands_by_and_the_lease_is_handed_over(release: Release) -> None:
    leader = wait_for(release.leader, "a leader", 20)
    wait_for(lambda: "everything read once" in release.log(leader), "the leader to have read everything", 20)
    (standby,) = [pod["metadata"]["name"] for pod in release.pods() if pod["metadata"]["name"] != leader]
    assert "everything read once" not in release.log(standby)

    release.api.delete(f"/api/v1/namespaces/{release.namespace}/pods/{leader}")
    wait_for(lambda: release.leader() == standby, "the one that stood by to lead", 10)
    wait_for(release.ready, "both pods to be Ready again", 60)
    assert [status["restartCount"] for pod in release.pods() for status in pod["status"]["containerStatuses"]] == [0, 0]
    assert release.refused() == set()


def test_its_metrics_are_scraped(release: Release) -> None:
    """By the Service of the chart, and from each pod by Prometheus."""
    url = f"http://ferrata-metrics.{release.namespace}:8090/metrics"
    script = f"import urllib.request as u; print(u.urlopen('{url}', timeout=5).read().decode())"
    found = release.node.exec(["python3", "-c", script], capture_output=True, text=True)
    assert f'version="{__version__}"' in found.stdout, found.stderr
    query = urllib.parse.quote(f'up{{namespace="{release.namespace}"}}')

    def up() -> list[str]:
        with urllib.request.urlopen(f"{release.node.prometheus_url}/api/v1/query?query={query}", timeout=5) as answer:
            return [series["value"][1] for series in json.load(answer)["data"]["result"]]

    wait_for(lambda: up() == ["1", "1"], "both pods to be scraped", 20)


def test_a_release_climbs_by_a_route_under_the_rights_of_the_chart(
    release: Release, node: Node, namespace: NamespaceFactory
) -> None:
    """The Gateway API, which a plane has not."""
    shop, api = namespace(node.api), node.api
    for version in ("v1", "v2"):
        node.push(go_image(f"{APP}:{version}", PACKAGE / "echo", environment={"VERSION": version}))
    manifests.apply(api, [*services("stable", "canary"), route("stable", "canary"), rollout("v1")], shop)
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{shop}/rollouts/shop"

    def phase() -> str:
        return str((api.get(path).get("status") or {}).get("phase"))

    wait_for(lambda: phase() == "Healthy", "the first revision to be Healthy", 60)
    api.patch(path, {"spec": {"template": {"spec": {"containers": [container("v2")]}}}})
    wait_for(lambda: phase() == "Paused", "the pause at 20 %", 60)
    assert weights(api, shop) == {"stable": 80, "canary": 20}
    api.patch(f"{path}/status", {"status": {"pauseConditions": None}})
    wait_for(lambda: phase() == "Healthy", "the second revision to be Healthy", 60)
    assert weights(api, shop) == {"stable": 100, "canary": 0}
    assert release.refused() == set()


def container(version: str) -> Json:
    return {"name": "app", "image": f"{APP}:{version}"}


def rollout(version: str) -> Json:
    routing = {"gatewayAPI": {"httpRoute": "shop"}}
    services = {"stableService": "stable", "canaryService": "canary"}
    canary = {**services, "trafficRouting": routing, "steps": [{"setWeight": 20}, {"pause": {}}]}
    labels = {"app": "shop"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "shop", "labels": INSTANCE},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "strategy": {"canary": canary},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container(version)]}},
        },
    }


def services(*names: str) -> list[Json]:
    spec = {"selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": 8080}]}
    return [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec} for name in names]


def route(*services: str) -> Json:
    backends = [{"name": name, "port": 80} for name in services]
    parent = {"name": "gateway", "namespace": "ferrata-gateway"}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "shop"},
        "spec": {"parentRefs": [parent], "hostnames": ["shop.test"], "rules": [{"backendRefs": backends}]},
    }


def weights(api: Api, namespace: str) -> dict[str, int]:
    found = api.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes/shop")
    return {backend["name"]: backend["weight"] for backend in found["spec"]["rules"][0]["backendRefs"]}
