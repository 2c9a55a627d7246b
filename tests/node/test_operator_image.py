"""The operator's image runs where pods are restricted: no root, no capabilities, nothing to write on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cluster import Node, wait_for
from tests.cluster.operator_image import operator_image
from tests.conftest import NamespaceFactory

from ferrata import __version__

pytestmark = pytest.mark.node

IMAGE = "ferrata.test/operator:checkout"


def restricted_pod(name: str, arguments: list[str]) -> dict[str, Any]:
    """A pod of the operator's image as the restricted Pod Security Standard asks for it, with a read-only root."""
    container = {
        "name": "operator",
        "image": IMAGE,
        "args": arguments,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    context = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"restartPolicy": "Never", "securityContext": context, "containers": [container]}
    return {"metadata": {"name": name}, "spec": spec}


def run_restricted(node: Node, namespace: str, name: str, arguments: list[str]) -> str:
    """Run the operator's image in a namespace that refuses every pod that is not restricted. Returns the pod's path."""
    node.push(operator_image(IMAGE))
    enforce = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    node.api.patch(f"/api/v1/namespaces/{namespace}", enforce)
    node.api.create(f"/api/v1/namespaces/{namespace}/pods", restricted_pod(name, arguments))
    return f"/api/v1/namespaces/{namespace}/pods/{name}"


def phase(node: Node, path: str) -> str:
    return str(node.api.get(path)["status"]["phase"])


def log_of(node: Node, path: str) -> str:
    return node.api.raw("GET", f"{path}/log").decode()


def test_it_says_its_version(node: Node, namespace: NamespaceFactory) -> None:
    path = run_restricted(node, namespace(node.api), "version", ["--version"])
    wait_for(lambda: phase(node, path) in {"Succeeded", "Failed"}, "the pod to end", 60)
    (status,) = node.api.get(path)["status"]["containerStatuses"]
    assert (status["state"]["terminated"]["exitCode"], log_of(node, path).strip()) == (0, f"ferrata {__version__}")


def test_it_reaches_the_api_server_and_says_what_it_may_not_do(node: Node, namespace: NamespaceFactory) -> None:
    """Every import, shared library and credential is there: what holds it up is that nobody granted it anything."""
    path = run_restricted(node, namespace(node.api), "operator", [])
    wait_for(lambda: phase(node, path) == "Running", "the operator to run", 60)
    wait_for(lambda: "leases" in log_of(node, path), "the operator to ask for its lease", 30)
    assert "forbidden" in log_of(node, path)
    assert phase(node, path) == "Running"
