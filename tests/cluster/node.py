"""One real node: containers, probes, Services, DNS, and on demand a gateway and a Prometheus. Needs root on Linux.

    with Node(gateway=True, prometheus=True) as node:
        node.push(archive)                      # an image of images.py, under the name it was given
        node.api, node.kubeconfig               # from the machine, by a port of 127.0.0.1
        node.exec(["curl", "http://web.shop"])  # inside, where Services have addresses and names
        node.gateway_url, node.prometheus_url   # from the machine as well

All of it lives in namespaces of its own; nothing of the machine's network, mounts or settings is changed.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from . import cgroups, gateway, images, manifests, node_parts, packages, pki, processes, prometheus, state
from .api import wait_for
from .control_plane import AUDIT_POLICY, HOSTS, Component, ControlPlane
from .errors import ClusterError
from .exposure import exposed
from .forward import Door
from .inside import INSIDE, Inside
from .namespaces import ADDRESS, HOST_ADDRESSES, NODE
from .plan import PLAN, Plan
from .processes import Identity
from .running import Running, default_name, launch, reap
from .state import Folder

API_PORT = 6443
MASTERS = "system:masters"
USERS = {
    **{part: pki.USERS[part] for part in ("admin", "controllers", "scheduler")},
    "kubelet": (f"system:node:{NODE}", "system:nodes"),
    "kube-proxy": ("system:kube-proxy", ""),
    "coredns": ("coredns", MASTERS),
    "contour": ("contour", MASTERS),
    "prometheus": ("prometheus", MASTERS),
}


@dataclass(frozen=True, slots=True)
class Options:
    """What a node carries besides Kubernetes."""

    gateway: bool = False
    prometheus: bool = False
    images: tuple[Path, ...] = ()


class Node(Running):
    """A running node. `Node(...)` starts one that this process owns; `Node.up(name, ...)` one that outlives it."""

    kind = "node"

    def __init__(
        self,
        name: str | None = None,
        *,
        gateway: bool = False,
        prometheus: bool = False,
        images: Sequence[Path] = (),
    ) -> None:
        options = Options(gateway, prometheus, tuple(images))
        super().__init__(_start(name or default_name("node"), processes.myself(), options))
        self._finish(options)

    @classmethod
    def up(cls, name: str, options: Options) -> Self:
        """Start a node that runs until it is stopped by name."""
        node = cls.attach(_start(name, None, options))
        node._finish(options)
        return node

    @classmethod
    def attach(cls, folder: Folder) -> Self:
        """The node that runs in a folder."""
        node = cls.__new__(cls)
        Running.__init__(node, folder)
        return node

    def _finish(self, options: Options) -> None:
        if not options.gateway:
            return
        path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{gateway.NAMESPACE}/gateways/{gateway.NAME}"
        try:
            wait_for(lambda: _programmed(self.api.get(path)), "the Gateway to be programmed", 60)
        except BaseException:
            self.stop()
            raise

    @property
    def address(self) -> str:
        """The node's address, for who is inside."""
        return ADDRESS

    @property
    def inside_kubeconfig(self) -> Path:
        """Kubeconfig of the administrator for programs that run inside."""
        return self.folder.path / "inside.kubeconfig"

    @property
    def gateway_url(self) -> str:
        """Where the gateway answers on this machine."""
        return self._door("gateway")

    @property
    def prometheus_url(self) -> str:
        """Where Prometheus answers on this machine."""
        return self._door("prometheus")

    def doors(self) -> dict[str, str]:
        """Where what the node carries answers on this machine: `gateway`, `prometheus`."""
        ports: dict[str, int] = json.loads((self.folder.path / "doors.json").read_text())
        return {name: f"http://127.0.0.1:{port}" for name, port in ports.items() if name != "api"}

    def _door(self, name: str) -> str:
        found = self.doors()
        if name not in found:
            raise ClusterError(f"{self.name} was started without {name}")
        return found[name]

    def push(self, archive: Path) -> None:
        """Offer an image, from now on, to every pull of the names in the archive."""
        _push(self.folder, archive)

    def expose(self, name: str, namespace: str, ip: str = ADDRESS, port: int = 80, service_port: int = 0) -> None:
        """Give what listens on the node's address a Service: http://<name>.<namespace>:<service_port or port>."""
        manifests.apply(self.api, exposed(name, namespace, ip, port, service_port or None))

    def exec(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        """Run a command inside, from the current folder, KUBECONFIG set; options are those of subprocess.run."""
        environment = options.pop("env", dict(os.environ)) | {"KUBECONFIG": str(self.inside_kubeconfig)}
        return subprocess.run(self.enter(command), env=environment, check=options.pop("check", False), **options)

    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a command inside and go on; it ends with the node at the latest. Options are Popen's."""
        environment = options.pop("env", dict(os.environ)) | {"KUBECONFIG": str(self.inside_kubeconfig)}
        return subprocess.Popen(self.enter(command), env=environment, **options)

    def enter(self, command: Sequence[str]) -> list[str]:
        """The command line that runs a command inside."""
        return [
            "nsenter", f"--target={self.first_process()}", "--net", "--mount", "--pid", "--ipc", "--uts", "--cgroup",
            f"--wd={os.getcwd()}", "--", *command,
        ]  # fmt: skip

    def first_process(self) -> int:
        """Process 1 of the node, by its number on this machine. Raises ClusterError when the node is not running."""
        record = self.folder.record
        if record is None or record.supervisor is None or not record.alive():
            raise ClusterError(f"{self.name} is not running")
        return processes.descendants(record.supervisor.pid)[1]

    def component(self, name: str) -> Identity:
        inside = super().component(name).pid
        for pid in processes.descendants(self.first_process()):
            if processes.inner_pid(pid) == inside and (found := Identity.of(pid)):
                return found
        raise ClusterError(f"{name} of {self.name} does not run")

    def stop(self) -> None:
        super().stop()
        reap()


def _programmed(found: dict[str, Any]) -> bool:
    conditions = found.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Programmed" and condition["status"] == "True" for condition in conditions)


def _push(folder: Folder, archive: Path) -> None:
    target = folder.path / "images" / archive.name
    target.parent.mkdir(exist_ok=True)
    draft = target.with_suffix(".draft")
    shutil.copyfile(archive, draft)
    draft.replace(target)


# ---------- start


def _start(name: str, owner: Identity | None, options: Options) -> Folder:
    _check_machine()
    folder = state.create("node", name)
    listeners = {door: _listen() for door in _doors(options)}
    try:
        for archive in (images.pause_image(), *options.images):
            _push(folder, archive)
        groups = cgroups.create(f"ferrata-{name}")
        folder.holds_cgroups(groups)
        _prepare(folder, owner, options, listeners, groups)
        descriptors = [listener.fileno() for listener in listeners.values()]
        launch(folder, "tests.cluster.node_supervisor", seconds=180, pass_fds=descriptors)
    except BaseException:
        state.stop(folder)
        raise
    finally:
        for listener in listeners.values():
            listener.close()
    return folder


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise ClusterError("a real node needs root: namespaces, mounts and containers are made")
    if missing := packages.missing(packages.NODE_PACKAGES):
        raise ClusterError(f"a real node needs {' '.join(missing)}: run `python -m tests.cluster install`")


def _doors(options: Options) -> dict[str, tuple[str, int]]:
    """Name -> where a connection from the machine leads."""
    doors = {"api": ("127.0.0.1", API_PORT)}
    if options.gateway:
        doors["gateway"] = (ADDRESS, gateway.ENVOY_PORT)
    if options.prometheus:
        doors["prometheus"] = (ADDRESS, prometheus.PORT)
    return doors


def _listen() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _prepare(
    folder: Folder,
    owner: Identity | None,
    options: Options,
    listeners: dict[str, socket.socket],
    groups: tuple[str, ...],
) -> None:
    """Write all that the supervisor reads."""
    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    folder.write("doors.json", ports)
    authority = _authority(folder)
    tokens = _tokens(folder, authority, ports["api"])
    control = ControlPlane(folder, authority, 2379, 2380, API_PORT)
    plan = Plan(
        owner,
        f"https://127.0.0.1:{ports['api']}",
        tokens["admin"],
        authority.path("ca.crt"),
        (control.etcd(), _api_server(control), node_parts.registry(folder), node_parts.containerd(folder)),
        _after_api(folder, control, options),
    )
    folder.write(PLAN, plan.to_json(), 0o600)
    where = _doors(options)
    doors = tuple(Door(name, listener.fileno(), *where[name]) for name, listener in listeners.items())
    redirects = {gateway.PORT: gateway.ENVOY_PORT} if options.gateway else {}
    folder.write(INSIDE, Inside(groups, doors, redirects, _manifests(folder, options)).to_json())


def _manifests(folder: Folder, options: Options) -> str:
    if not options.gateway:
        return ""
    documents = [*gateway.definitions(), *gateway.objects()]
    return str(folder.write("manifests.json", json.dumps(documents)))


def _authority(folder: Folder) -> pki.Authority:
    authority = pki.Authority.create(folder.path / "pki")
    authority.server("apiserver", HOSTS, HOST_ADDRESSES)
    authority.server("kubelet", (NODE, "localhost"), ("127.0.0.1", ADDRESS))
    authority.client("front-proxy", "/CN=front-proxy-client")
    authority.client("apiserver-kubelet", f"/O={MASTERS}/CN=kube-apiserver-kubelet-client")
    return authority


def _tokens(folder: Folder, authority: pki.Authority, port: int) -> dict[str, str]:
    tokens = pki.new_tokens(USERS)
    folder.write("pki/tokens.csv", pki.token_file(USERS, tokens), 0o600)
    folder.write("audit-policy.json", AUDIT_POLICY)
    inside = f"https://127.0.0.1:{API_PORT}"
    for part, token in tokens.items():
        target = "inside.kubeconfig" if part == "admin" else f"{part}.kubeconfig"
        pki.write_kubeconfig(folder, target, inside, authority.certificate, token)
    pki.write_kubeconfig(folder, "kubeconfig", f"https://127.0.0.1:{port}", authority.certificate, tokens["admin"])
    return tokens


def _api_server(control: ControlPlane) -> Component:
    signed = control.authority.path
    return control.api_server(
        f"--advertise-address={ADDRESS}",
        "--allow-privileged",
        f"--kubelet-client-certificate={signed('apiserver-kubelet.crt')}",
        f"--kubelet-client-key={signed('apiserver-kubelet.key')}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--requestheader-client-ca-file={signed('ca.crt')}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={signed('front-proxy.crt')}",
        f"--proxy-client-key-file={signed('front-proxy.key')}",
        "--enable-aggregator-routing",
    )


def _after_api(folder: Folder, control: ControlPlane, options: Options) -> tuple[Component, ...]:
    local = "--bind-address=127.0.0.1"
    parts = [
        control.controllers(local, "--enable-hostpath-provisioner"),
        control.scheduler(local),
        node_parts.kubelet(folder, control.authority),
        node_parts.kube_proxy(folder),
        node_parts.coredns(folder),
    ]
    if options.gateway:
        parts += gateway.components(folder)
    if options.prometheus:
        parts.append(prometheus.component(folder))
    return tuple(parts)
