"""The tests' cluster: a real Kubernetes on this machine, built from pinned sources. See README.md in this folder.

- errors, paths: the one error, a sentence for the user; where built tools and running clusters are kept
- processes, state: processes proved to be ours; one folder for each cluster, removal of what died
- tools, packages: the pinned programs and what the distribution gives
- pki, ports, api: keys and kubeconfigs; free ports; a thin client of the Kubernetes API
- control_plane, kwok: command lines of the control plane; fake nodes and how their pods behave
- plan, supervisor, running: what is to run, the process that runs it, the cluster that runs
- plane: control plane and fake nodes, no root
- node, node_parts, namespaces, cgroups, node_supervisor, inside, forward: one real node in namespaces of its own
- gateway, prometheus, exposure: what a node can carry besides
- images, registry, manifests: container images without Docker, the registry that serves them, applying YAML
- chart: what the chart of this checkout makes, rendered by Helm
- cli: `python -m tests.cluster VERB`
"""

from .api import Api, ApiError, wait_for
from .audit import audited_requests
from .errors import ClusterError
from .node import Node
from .plane import Plane
from .running import Running, kubeconfig_for_service_account

__all__ = [
    "Api",
    "ApiError",
    "ClusterError",
    "Node",
    "Plane",
    "Running",
    "audited_requests",
    "kubeconfig_for_service_account",
    "wait_for",
]
