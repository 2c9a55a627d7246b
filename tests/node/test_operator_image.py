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


def outcome(node: Node, namespace: str, pod: str) -> tuple[int, str]:
    """Exit code and log of a pod that runs once."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}"

    def ended() -> bool:
        return node.api.get(path)["status"]["phase"] in {"Succeeded", "Failed"}

    wait_for(ended, f"pod {pod} to end", 60)
    (status,) = node.api.get(path)["status"]["containerStatuses"]
    return status["state"]["terminated"]["exitCode"], node.api.raw("GET", f"{path}/log").decode()


def run_restricted(node: Node, namespace: str, name: str, arguments: list[str]) -> tuple[int, str]:
    """Run the operator's image in a namespace that refuses every pod that is not restricted."""
    node.push(operator_image(IMAGE))
    enforce = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    node.api.patch(f"/api/v1/namespaces/{namespace}", enforce)
    node.api.create(f"/api/v1/namespaces/{namespace}/pods", restricted_pod(name, arguments))
    return outcome(node, namespace, name)


def test_it_says_its_version(node: Node, namespace: NamespaceFactory) -> None:
    code, log = run_restricted(node, namespace(node.api), "version", ["--version"])
    assert (code, log.strip()) == (0, f"ferrata {__version__}")


def test_it_starts_as_an_operator_and_says_what_it_may_not_do(node: Node, namespace: NamespaceFactory) -> None:
    """Every import, shared library and certificate is there: it gets as far as the API server, which refuses it."""
    code, log = run_restricted(node, namespace(node.api), "operator", [])
    assert code == 1
    assert "forbidden" in log.lower()
