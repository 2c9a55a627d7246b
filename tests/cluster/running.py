"""A cluster that runs: where its files are, how to reach its API, and the launch that brings it there."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import paths, pki, state
from .api import Api
from .errors import ClusterError
from .plan import READY
from .processes import Identity
from .state import Folder

_NUMBERS = itertools.count(1)


class Running:
    """What a plane and a node have in common once they are up. Also a context manager that stops it at the end."""

    kind = ""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """The name it was started by."""
        return self.folder.name

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the administrator, for a client on this machine."""
        return self.folder.path / "kubeconfig"

    @cached_property
    def server(self) -> str:
        """URL of the API server for a client on this machine."""
        return str(self._kubeconfig["clusters"][0]["cluster"]["server"])

    @cached_property
    def token(self) -> str:
        """Bearer token of the administrator (group system:masters)."""
        return str(self._kubeconfig["users"][0]["user"]["token"])

    @property
    def ca(self) -> Path:
        """Certificate of the cluster's authority."""
        return self.folder.path / "pki" / "ca.crt"

    @property
    def audit_log(self) -> Path:
        """The API server's audit log: one JSON object a line and request, level Metadata."""
        return self.folder.path / "audit.log"

    @cached_property
    def api(self) -> Api:
        """A client as administrator."""
        return Api(self.server, self.token, self.ca)

    @cached_property
    def _kubeconfig(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.kubeconfig.read_text())
        return content

    @property
    def report(self) -> dict[str, Any]:
        """What the supervisor wrote when all was ready: components with their pids, seconds from start, server."""
        content: dict[str, Any] = json.loads((self.folder.path / READY).read_text())
        return content

    def component(self, name: str) -> Identity:
        """The process of one of its programs. Raises ClusterError when there is none of that name."""
        components = self.report["components"]
        if name not in components:
            raise ClusterError(f"{self.name} has no component {name}; it has {', '.join(components)}")
        return Identity(**components[name])

    def stop(self) -> None:
        """End it and remove all it left; does nothing when it is gone already."""
        state.stop(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def kubeconfig_for_service_account(cluster: Running, namespace: str, name: str, seconds: int = 86400) -> Path:
    """Kubeconfig with the rights of a ServiceAccount, which must exist; good for so many seconds. Returns its path."""
    answer = cluster.api.create(
        f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}},
    )
    target = f"accounts/{namespace}.{name}.kubeconfig"
    token = answer["status"]["token"]
    return pki.write_kubeconfig(cluster.folder, target, cluster.server, cluster.ca.read_bytes(), token)


def default_name(kind: str) -> str:
    """A name no other process uses: kind, pid and a number."""
    return f"{kind}-{os.getpid()}-{next(_NUMBERS)}"


def launch(folder: Folder, module: str, seconds: float, **options: Any) -> Identity:
    """Start the supervisor of a prepared folder and wait until it is ready; options are Popen's. Returns its identity.

    Raises ClusterError with the end of its log when it gives up or takes longer than so many seconds.
    """
    with (folder.path / "log" / "supervisor.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", module, str(folder.path)],
            cwd=paths.REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **options,
        )
    supervisor = Identity.of(child.pid)
    if supervisor is None:
        raise ClusterError(_failure(folder, f"its supervisor ended with status {child.wait()}"))
    folder.supervised_by(supervisor)
    _CHILDREN[child.pid] = child
    deadline = time.monotonic() + seconds
    while not (folder.path / READY).exists():
        if child.poll() is not None:
            raise ClusterError(_failure(folder, f"its supervisor ended with status {child.returncode}"))
        if time.monotonic() > deadline:
            raise ClusterError(_failure(folder, f"it was not ready after {seconds:g} s"))
        time.sleep(0.02)
    return supervisor


# Supervisors that are children of this process: kept so that they are waited for, not left as zombies.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


def reap() -> None:
    """Collect the supervisors of ours that ended."""
    for pid, child in list(_CHILDREN.items()):
        if child.poll() is not None:
            del _CHILDREN[pid]


def _failure(folder: Folder, what: str) -> str:
    return f"the {folder.name} cluster did not start: {what}\n{folder.log_tail('supervisor')}"
