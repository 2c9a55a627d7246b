"""A gateway on a node: Contour as control plane and Envoy as data plane of the Gateway API.

The Gateway `gateway` in namespace `ferrata-gateway` takes HTTPRoutes of all namespaces. It answers at the node's
address on port 80, and inside the cluster also as Service `gateway.ferrata-gateway`.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from . import tools
from .api import Json
from .control_plane import Component
from .errors import ClusterError
from .exposure import exposed
from .manifests import load
from .namespaces import ADDRESS
from .state import Folder

NAMESPACE = "ferrata-gateway"
NAME = "gateway"
PORT = 80
# Contour moves a Gateway's port by this much, as its Envoy is not meant to run as root.
ENVOY_PORT = PORT + 8000
DISCOVERY_PORT, STATUS_PORT = 8001, 8003
# Envoy's own health and statistics. Where it cannot bind, it refuses its whole configuration, again and again.
ENVOY_STATS_PORT = 8002


def definitions() -> list[Json]:
    """The CRDs of Contour and of the Gateway API release that it was built for."""
    gateway_api = tools.contour_crds()
    return [*load(gateway_api), *load(gateway_api.parent.parent / "contour" / "01-crds.yaml")]


def objects() -> list[Json]:
    """GatewayClass, Gateway and the Service that leads to it."""
    listener = {
        "name": "http",
        "protocol": "HTTP",
        "port": PORT,
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    api = "gateway.networking.k8s.io/v1"
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": api,
            "kind": "GatewayClass",
            "metadata": {"name": "contour"},
            "spec": {"controllerName": "projectcontour.io/gateway-controller"},
        },
        {
            "apiVersion": api,
            "kind": "Gateway",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {"gatewayClassName": "contour", "listeners": [listener]},
        },
        *exposed(NAME, NAMESPACE, ADDRESS, ENVOY_PORT, PORT),
    ]


def components(folder: Folder) -> tuple[Component, Component]:
    """Contour and Envoy; writes their configuration."""
    return _contour(folder), _envoy(folder)


def _contour(folder: Folder) -> Component:
    config = folder.write("contour.json", {"gateway": {"gatewayRef": {"namespace": NAMESPACE, "name": NAME}}})
    return Component(
        "contour",
        (
            str(tools.locate("contour")),
            "serve",
            f"--kubeconfig={folder.path / 'contour.kubeconfig'}",
            f"--config-path={config}",
            "--insecure",  # between two programs of one node, over its loopback
            "--xds-address=127.0.0.1",
            f"--xds-port={DISCOVERY_PORT}",
            "--http-address=127.0.0.1",
            f"--http-port={STATUS_PORT}",
            "--health-address=127.0.0.1",
            f"--health-port={STATUS_PORT}",
            "--stats-address=127.0.0.1",
            f"--stats-port={ENVOY_STATS_PORT}",
            "--disable-leader-election",
            "--kubernetes-client-qps=100",
            "--kubernetes-client-burst=200",
            f"--envoy-service-http-address={ADDRESS}",
            f"--envoy-service-https-address={ADDRESS}",
            f"--ingress-status-address={ADDRESS}",
        ),
    )


def _envoy(folder: Folder) -> Component:
    bootstrap = folder.path / "envoy.json"
    _write_bootstrap(bootstrap, folder.path / "envoy.sock")
    command = (
        str(tools.locate("envoy")),
        "-c",
        str(bootstrap),
        "--service-cluster",
        "contour",
        "--service-node",
        "envoy",
    )
    return Component("envoy", (*command, "--concurrency", "1", "--log-level", "warn"))


def _write_bootstrap(target: Path, admin: Path) -> None:
    discovery = ("--xds-address=127.0.0.1", f"--xds-port={DISCOVERY_PORT}", f"--admin-address={admin}")
    command = [str(tools.locate("contour")), "bootstrap", str(target), *discovery]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"Envoy's start configuration cannot be written: {result.stderr.strip()[-500:]}")
