"""A control plane without machines: etcd, API server, controllers, scheduler, and fake nodes by kwok. Needs no root.

    with Plane() as plane:                 # up in seconds, gone at the end, also when this process is killed
        plane.kubeconfig, plane.server, plane.token, plane.ca, plane.audit_log
        plane.api.create("/api/v1/namespaces", {...})

Any number run side by side: processes of the caller on free ports of 127.0.0.1.
"""

from __future__ import annotations

import signal
from typing import Self

from . import kwok, pki, processes, state
from .api import wait_for
from .control_plane import API_SERVICE, AUDIT_POLICY, HOSTS, ControlPlane
from .errors import ClusterError
from .plan import PLAN, Plan
from .ports import Reservation
from .running import Running, default_name, launch, reap
from .state import Folder


class Plane(Running):
    """A running plane. `Plane(name)` starts one that this process owns; `Plane.up(name)` one that outlives it."""

    kind = "plane"

    def __init__(self, name: str | None = None, nodes: int = 3) -> None:
        super().__init__(_start(name or default_name("plane"), processes.myself()))
        self._finish(nodes)

    @classmethod
    def up(cls, name: str, nodes: int = 3) -> Self:
        """Start a plane that runs until it is stopped by name."""
        plane = cls.attach(_start(name, None))
        plane._finish(nodes)
        return plane

    @classmethod
    def attach(cls, folder: Folder) -> Self:
        """The plane that runs in a folder."""
        plane = cls.__new__(cls)
        Running.__init__(plane, folder)
        return plane

    def _finish(self, nodes: int) -> None:
        try:
            self.create_fake_nodes(nodes)
        except BaseException:
            self.stop()
            raise

    def create_fake_nodes(self, count: int) -> list[str]:
        """Add so many fake nodes and wait until they are Ready. Returns their names."""
        before = sum(1 for _ in self.api.items("/api/v1/nodes"))
        names = [f"fake-{before + number}" for number in range(count)]
        for name in names:
            self.api.create("/api/v1/nodes", kwok.node(name))
        if names:
            wait_for(lambda: self._ready_nodes() >= set(names), f"{count} fake nodes to be Ready")
        return names

    def _ready_nodes(self) -> set[str]:
        nodes = self.api.items("/api/v1/nodes")
        return {
            node["metadata"]["name"]
            for node in nodes
            for condition in node["status"].get("conditions", [])
            if condition["type"] == "Ready" and condition["status"] == "True"
        }

    def pause_apiserver(self) -> None:
        """Freeze the API server: connections stay open, nothing answers, as in a network partition."""
        self._signal_apiserver(signal.SIGSTOP)

    def resume_apiserver(self) -> None:
        """Let a frozen API server go on."""
        self._signal_apiserver(signal.SIGCONT)

    def _signal_apiserver(self, number: signal.Signals) -> None:
        if not self.component("kube-apiserver").signal(number):
            raise ClusterError(f"the API server of {self.name} does not run")

    def stop(self) -> None:
        super().stop()
        reap()


def _start(name: str, owner: processes.Identity | None) -> Folder:
    folder = state.create("plane", name)
    try:
        with Reservation(3) as ports:
            plan = _prepare(folder, owner, ports)
            folder.write(PLAN, plan.to_json(), 0o600)
            launch(folder, "tests.cluster.supervisor", seconds=90)
    except BaseException:
        state.stop(folder)
        raise
    return folder


def _prepare(folder: Folder, owner: processes.Identity | None, ports: list[int]) -> Plan:
    """Write keys, tokens, kubeconfigs and policies. Returns what to run."""
    server = f"https://127.0.0.1:{ports[2]}"
    authority = pki.Authority.create(folder.path / "pki")
    authority.server("apiserver", HOSTS, ("127.0.0.1", API_SERVICE))
    tokens = pki.new_tokens(pki.USERS)
    folder.write("pki/tokens.csv", pki.token_file(pki.USERS, tokens), 0o600)
    for part, token in tokens.items():
        target = "kubeconfig" if part == "admin" else f"{part}.kubeconfig"
        pki.write_kubeconfig(folder, target, server, authority.certificate, token)
    folder.write("audit-policy.json", AUDIT_POLICY)
    control = ControlPlane(folder, authority, *ports)
    local = ("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none")
    return Plan(
        owner,
        server,
        tokens["admin"],
        authority.path("ca.crt"),
        (control.etcd(), control.api_server(*local)),
        (control.controllers("--secure-port=0"), control.scheduler("--secure-port=0"), kwok.component(folder)),
    )
