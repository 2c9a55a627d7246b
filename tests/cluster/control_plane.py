"""etcd, API server, controllers and scheduler as command lines: the part that a plane and a node have in common.

Pure: takes paths and addresses, returns `Component`s. RBAC, Node authorization, ServiceAccount tokens and an audit log
are on, as in a normal cluster; client limits are raised so that the machine, not a default, is the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import tools
from .pki import Authority
from .state import Folder

SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"  # the first address of SERVICES is the API server's
HOSTS = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


@dataclass(frozen=True, slots=True)
class Component:
    """One program of the cluster; its output goes to log/<name>.log."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The control plane of one cluster: where its files are and which ports of 127.0.0.1 it listens on."""

    folder: Folder
    authority: Authority
    etcd_port: int
    peer_port: int
    api_port: int

    def path(self, name: str) -> str:
        """A path in the cluster's folder, as an argument."""
        return str(self.folder.path / name)

    def etcd(self) -> Component:
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.peer_port}"
        return _component(
            "etcd",
            f"--data-dir={self.path('etcd')}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # it is thrown away with the cluster
            "--log-level=warn",
            "--quota-backend-bytes=4294967296",
        )

    def api_server(self, *extra: str) -> Component:
        """The API server; its port is secure, users come from tokens.csv and ServiceAccounts."""
        signed = self.authority.path
        return _component(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            f"--secure-port={self.api_port}",
            f"--tls-cert-file={signed('apiserver.crt')}",
            f"--tls-private-key-file={signed('apiserver.key')}",
            f"--client-ca-file={signed('ca.crt')}",
            f"--token-auth-file={signed('tokens.csv')}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={signed('sa.pub')}",
            f"--service-account-signing-key-file={signed('sa.key')}",
            f"--service-cluster-ip-range={SERVICES}",
            f"--audit-policy-file={self.path('audit-policy.json')}",
            f"--audit-log-path={self.path('audit.log')}",
            "--max-requests-inflight=4000",
            "--max-mutating-requests-inflight=2000",
            "--profiling=false",
            *extra,
        )

    def controllers(self, *extra: str) -> Component:
        """The controller manager, alone, so without an election."""
        return _component(
            "kube-controller-manager",
            *self._identity("controllers"),
            f"--service-account-private-key-file={self.authority.path('sa.key')}",
            f"--root-ca-file={self.authority.path('ca.crt')}",
            f"--cluster-signing-cert-file={self.authority.path('ca.crt')}",
            f"--cluster-signing-key-file={self.authority.path('ca.key')}",
            "--use-service-account-credentials",
            "--concurrent-deployment-syncs=20",
            "--concurrent-replicaset-syncs=20",
            "--concurrent-gc-syncs=20",
            "--concurrent-namespace-syncs=20",
            "--horizontal-pod-autoscaler-sync-period=5s",
            *extra,
        )

    def scheduler(self, *extra: str) -> Component:
        """The scheduler, alone, so without an election."""
        return _component("kube-scheduler", *self._identity("scheduler"), *extra)

    def _identity(self, part: str) -> Sequence[str]:
        config = self.path(f"{part}.kubeconfig")
        return (
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--leader-elect=false",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
        )


def _component(name: str, *arguments: str) -> Component:
    return Component(name, (str(tools.locate(name)), *arguments))
