"""The real node: pods run, Services lead to them, the gateway splits by weight, Prometheus sees them."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.cluster import Api, Node, manifests, processes, wait_for
from tests.cluster.images import go_image
from tests.cluster.paths import PACKAGE, REPOSITORY
from tests.cluster.processes import Identity
from tests.cluster.state import Folder
from tests.conftest import NamespaceFactory

pytestmark = pytest.mark.node


def deployment(version: str, replicas: int) -> dict[str, Any]:
    """A Deployment of the echo program that answers with its version."""
    labels = {"app": "echo", "version": version, "rollouts-pod-template-hash": f"hash-{version}"}
    container = {
        "name": "echo",
        "image": f"example.test/echo:{version}",
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1},
    }
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
    template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"echo-{version}"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def service(version: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"echo-{version}"},
        "spec": {"selector": {"app": "echo", "version": version}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def route(weights: dict[str, int]) -> dict[str, Any]:
    backends = [{"name": f"echo-{version}", "port": 80, "weight": weight} for version, weight in weights.items()]
    parent = {"name": "gateway", "namespace": "ferrata-gateway"}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "echo"},
        "spec": {"parentRefs": [parent], "hostnames": ["echo.test"], "rules": [{"backendRefs": backends}]},
    }


def run_echo(node: Node, namespace: str, *versions: str) -> None:
    """Deploy versions of the echo program with a Service each, and wait until all pods are Ready."""
    for version in versions:
        node.push(go_image(f"example.test/echo:{version}", PACKAGE / "echo", environment={"VERSION": version}))
        manifests.apply(node.api, [deployment(version, 2), service(version)], namespace)
    for version in versions:
        wait_for(lambda version=version: ready(node.api, namespace, version), f"echo {version} to be Ready", 60)  # type: ignore[misc]


def ready(api: Api, namespace: str, version: str) -> bool:
    found = api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/echo-{version}")
    return bool(found["status"].get("readyReplicas") == 2)


def answers(url: str, host: str, count: int) -> Counter[str]:
    """Bodies of so many requests through a gateway, counted; others count by status or by the name of the error."""
    address = urllib.parse.urlsplit(url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=5)
    found: Counter[str] = Counter()
    for _ in range(count):
        try:
            connection.request("GET", "/", headers={"Host": host})
            answer = connection.getresponse()
            body = answer.read().decode().strip()
            found[body if answer.status == 200 else str(answer.status)] += 1
        except OSError as problem:
            found[type(problem).__name__] += 1
            connection.close()
    connection.close()
    return found


def test_pods_run_and_a_service_leads_to_them_by_name(node: Node, namespace: NamespaceFactory) -> None:
    name = namespace(node.api)
    run_echo(node, name, "v1")
    script = f"import urllib.request as u; print(u.urlopen('http://echo-v1.{name}', timeout=5).read().decode())"
    found = node.exec(["python3", "-c", script], capture_output=True, text=True)
    assert found.stdout.strip() == "v1", found.stderr


def test_the_gateway_splits_by_the_weights_of_a_route(node: Node, namespace: NamespaceFactory) -> None:
    name = namespace(node.api)
    run_echo(node, name, "v1", "v2")
    manifests.apply(node.api, [route({"v1": 90, "v2": 10})], name)
    wait_for(lambda: set(answers(node.gateway_url, "echo.test", 1)) <= {"v1", "v2"}, "the route to be served", 20)
    found = answers(node.gateway_url, "echo.test", 1000)
    assert set(found) == {"v1", "v2"}
    assert 870 <= found["v1"] <= 930  # Envoy draws weights at random: 900 expected, deviation 9.5

    manifests.apply(node.api, [route({"v1": 0, "v2": 100})], name)
    wait_for(lambda: answers(node.gateway_url, "echo.test", 20) == {"v2": 20}, "all traffic at v2", 5)


def test_prometheus_sees_pods_with_their_revision(node: Node, namespace: NamespaceFactory) -> None:
    name = namespace(node.api)
    run_echo(node, name, "v1")
    query = urllib.parse.quote(f'echo_requests_total{{namespace="{name}",rollouts_pod_template_hash="hash-v1"}}')

    def series() -> list[Any]:
        with urllib.request.urlopen(f"{node.prometheus_url}/api/v1/query?query={query}", timeout=5) as answer:
            result: list[Any] = json.load(answer)["data"]["result"]
            return result

    wait_for(lambda: len(series()) == 2, "both pods to be scraped", 20)
    assert {found["metric"]["app"] for found in series()} == {"echo"}
    assert {found["metric"]["pod"].rpartition("-")[0].rpartition("-")[0] for found in series()} == {"echo-v1"}


def test_an_exposed_port_of_the_node_has_a_name_inside(node: Node, namespace: NamespaceFactory) -> None:
    name = namespace(node.api)
    node.expose("prometheus", name, port=9090, service_port=80)
    script = f"import urllib.request as u; print(u.urlopen('http://prometheus.{name}/-/ready', timeout=5).status)"

    def status() -> bool:
        return node.exec(["python3", "-c", script], capture_output=True, text=True).stdout.strip() == "200"

    wait_for(status, "the Service to lead to Prometheus", 20)


def test_two_nodes_at_once_know_nothing_of_each_other(node: Node, namespace: NamespaceFactory) -> None:
    name = namespace(node.api)
    with Node() as other:
        assert other.server != node.server
        assert other.api.find(f"/api/v1/namespaces/{name}") is None
        assert other.api.find("/api/v1/nodes/node-1") is not None
        groups = other.folder.record.cgroups if other.folder.record else ()
        assert groups
    assert not other.folder.path.exists()
    assert not [group for group in groups if os.path.exists(group)]
    assert node.api.ready()


def test_killing_the_owner_leaves_no_process_no_cgroup_and_no_file() -> None:
    script = "from tests.cluster import Node; import time; print(Node().folder.path, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        folder = Folder(Path(owner.stdout.readline().strip()))
        record = folder.record
        assert record is not None
        assert record.supervisor is not None
        started = [Identity.of(pid) for pid in processes.descendants(record.supervisor.pid)]
        owner.kill()
    assert len(started) > 10
    for process in started:
        assert process is None or process.wait_gone(10)
    assert not folder.path.exists()
    assert not [group for group in record.cgroups if os.path.exists(group)]


def test_an_image_that_nobody_pushed_is_not_found_at_once(node: Node, namespace: NamespaceFactory) -> None:
    name = namespace(node.api)
    pod = {"metadata": {"name": "absent"}, "spec": {"containers": [{"name": "c", "image": "example.test/absent:v1"}]}}
    node.api.create(f"/api/v1/namespaces/{name}/pods", pod)

    def reason() -> bool:
        status = node.api.get(f"/api/v1/namespaces/{name}/pods/absent")["status"]
        waiting = [container["state"].get("waiting", {}) for container in status.get("containerStatuses", [])]
        return any(state.get("reason") in {"ErrImagePull", "ImagePullBackOff"} for state in waiting)

    wait_for(reason, "the pull to fail", 10)
