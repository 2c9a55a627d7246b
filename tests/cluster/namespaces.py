"""The inside of a node: namespaces, mounts and network of its own, so that nothing of the machine is changed."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

from . import cgroups
from .control_plane import API_SERVICE
from .errors import ClusterError
from .state import Folder

NODE = "node-1"
ADDRESS = "192.168.77.2"
POD_ADDRESSES = "10.244.0.0/16"
DNS = "10.96.0.10"

# unshare(2) and mount(2)
NEW_MOUNTS, NEW_CGROUP, NEW_UTS, NEW_IPC, NEW_PIDS, NEW_NETWORK = (
    0x00020000,
    0x02000000,
    0x04000000,
    0x08000000,
    0x20000000,
    0x40000000,
)
BIND, RECURSIVE, PRIVATE, SHARED = 1 << 12, 1 << 14, 1 << 18, 1 << 20

# Where the parts of a node write: folders of the cluster's own are mounted over them.
OWN_FOLDERS = (
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/log/pods",
    "/var/log/containers",
    "/tmp/hostpath_pv",
    "/etc/cni",
)
# The kubelet sets these for the whole machine. It is shown files with the values that it wants instead.
SHOWN_SETTINGS = {
    "vm/overcommit_memory": 1,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}
NETWORK_SETTINGS = ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables", "net/ipv4/conf/all/route_localnet")
_LIBC = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Give this process (for pids: its children) new namespaces."""
    if _LIBC.unshare(flags):
        raise ClusterError(f"new namespaces are refused: {os.strerror(ctypes.get_errno())}")


def enter(folder: Folder) -> None:
    """Become the inside of a node: called by process 1 of its pid namespace."""
    unshare(NEW_MOUNTS | NEW_CGROUP | NEW_UTS | NEW_IPC | NEW_NETWORK)
    _mount_all(folder)
    _LIBC.sethostname(NODE.encode(), len(NODE))
    _network(folder)


def mount(source: str | None, target: str, kind: str | None, flags: int = 0, options: str = "") -> None:
    """mount(2). Raises ClusterError with the reason."""
    encoded = [value.encode() if value else None for value in (source or "none", target, kind, options)]
    if _LIBC.mount(encoded[0], encoded[1], encoded[2], flags, encoded[3]):
        raise ClusterError(f"mounting {target} is refused: {os.strerror(ctypes.get_errno())}")


def _mount_all(folder: Folder) -> None:
    mount(None, "/", None, RECURSIVE | PRIVATE)
    mount(None, "/", None, RECURSIVE | SHARED)  # shared among the node's own pods
    mount("proc", "/proc", "proc")
    hierarchies = cgroups.mount_points()  # asked while the machine's are still in sight
    run("umount", "-R", "-l", str(cgroups.ROOT))
    mount("sysfs", "/sys", "sysfs")
    for path, kind, options in hierarchies:
        Path(path).mkdir(exist_ok=True)
        mount(kind, path, kind, 0, options)
    if cgroups.unified():
        cgroups.delegate()
    mount("tmpfs", "/run", "tmpfs", 0, "mode=755")
    Path("/run/lock").mkdir()
    for path in OWN_FOLDERS:
        own = folder.path / "fs" / path.lstrip("/")
        own.mkdir(parents=True, exist_ok=True)
        Path(path).mkdir(parents=True, exist_ok=True)
        mount(str(own), path, None, BIND)
    for name, value in SHOWN_SETTINGS.items():
        mount(str(folder.write(f"sysctl/{name}", f"{value}\n")), f"/proc/sys/{name}", None, BIND)
    _name_lookup(folder)


def _name_lookup(folder: Folder) -> None:
    hosts = folder.write("hosts", f"127.0.0.1 localhost\n::1 localhost\n{ADDRESS} {NODE}\n")
    mount(str(hosts), "/etc/hosts", None, BIND)
    # CoreDNS answers here too: programs run inside by `exec` find Services, and nobody waits for a resolver outside.
    own = "nameserver 127.0.0.1\nsearch svc.cluster.local cluster.local\noptions timeout:1 attempts:1 ndots:3\n"
    resolver = folder.write("node-resolv.conf", own)
    mount(str(resolver), os.path.realpath("/etc/resolv.conf"), None, BIND)


def run(*command: str) -> None:
    """Run a program of the system. Raises ClusterError with what it said."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"`{' '.join(command)}` failed: {result.stderr.strip()}")


def _network(folder: Folder) -> None:
    """The node's address on a pair of virtual interfaces with both ends here, and the bridge for pods."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "node0", "type", "veth", "peer", "name", "node0p")
    run("ip", "link", "set", "node0p", "up")
    run("ip", "addr", "add", f"{ADDRESS}/24", "dev", "node0")
    run("ip", "link", "set", "node0", "up")
    run("ip", "route", "add", "default", "dev", "node0")  # ClusterIPs are rewritten only after a route is found
    run("ip", "addr", "add", f"{DNS}/32", "dev", "lo")
    for name in NETWORK_SETTINGS:
        path = Path("/proc/sys") / name
        if path.exists():  # the bridge's setting only with its module
            path.write_text("1")
    folder.write("fs/etc/cni/net.d/10-bridge.conflist", _pod_network())


def _pod_network() -> dict[str, object]:
    addresses = {"type": "host-local", "ranges": [[{"subnet": POD_ADDRESSES}]], "routes": [{"dst": "0.0.0.0/0"}]}
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": addresses,
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, ports]}


def redirect(port: int, target: int) -> None:
    """Let the node's address answer at `port` what listens at `target`."""
    rule = ("-d", ADDRESS, "-p", "tcp", "--dport", str(port), "-j", "REDIRECT", "--to-ports", str(target))
    for chain in ("PREROUTING", "OUTPUT"):
        run("iptables", "-t", "nat", "-A", chain, *rule)


HOST_ADDRESSES = ("127.0.0.1", ADDRESS, API_SERVICE)
