"""What makes a machine a node, as command lines: containerd, kubelet, kube-proxy, CoreDNS and the registry."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import cgroups, paths
from .control_plane import Component
from .errors import ClusterError
from .images import PAUSE
from .namespaces import ADDRESS, DNS, NODE, POD_ADDRESSES
from .pki import Authority
from .state import Folder
from .tools import locate

REGISTRY_PORT = 5000
SOCKET = "/run/containerd/containerd.sock"


def registry(folder: Folder) -> Component:
    """The registry that answers for every registry."""
    command = (sys.executable, "-m", "tests.cluster.registry", str(folder.path / "images"), str(REGISTRY_PORT))
    return Component("registry", command, {"PYTHONPATH": str(paths.REPOSITORY)})


def containerd(folder: Folder) -> Component:
    """The distribution's containerd with a configuration of ours."""
    program = _program("containerd")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    text = containerd_config(folder.path / "certs.d", _program("runc"), second=" v2." in version or " 2." in version)
    url = f"http://127.0.0.1:{REGISTRY_PORT}"
    hosts = f'server = "{url}"\n[host."{url}"]\n  capabilities = ["pull", "resolve"]\n'
    folder.write("certs.d/_default/hosts.toml", hosts)
    return Component("containerd", (program, f"--config={folder.write('containerd.toml', text)}"))


def containerd_config(certificates: Path, runc: str, *, second: bool) -> str:
    """containerd's configuration for release 1 or, with `second`, 2, which cut the CRI plugin in two."""
    runtime = "io.containerd.cri.v1.runtime" if second else "io.containerd.grpc.v1.cri"
    images = "io.containerd.cri.v1.images" if second else "io.containerd.grpc.v1.cri"
    sandbox = f'[plugins."{images}".pinned_images]\nsandbox = "{PAUSE}"' if second else ""
    first = "" if second else f'sandbox_image = "{PAUSE}"'
    folders = f'bin_dirs = ["{cni_plugins()}"]' if second else f'bin_dir = "{cni_plugins()}"'
    return f"""version = {3 if second else 2}
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", \
"io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt"]
[grpc]
address = "{SOCKET}"
{sandbox}
[plugins."{runtime}"]
{first}
restrict_oom_score_adj = true
[plugins."{images}".registry]
config_path = "{certificates}"
[plugins."{runtime}".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."{runtime}".containerd.runtimes.runc.options]
BinaryName = "{runc}"
SystemdCgroup = false
[plugins."{runtime}".cni]
{folders}
conf_dir = "/etc/cni/net.d"
"""


def cni_plugins() -> str:
    """Folder of the CNI plugins. Raises ClusterError where they are not installed."""
    for folder in ("/usr/lib/cni", "/opt/cni/bin"):
        if Path(folder, "bridge").exists():
            return folder
    raise ClusterError("the CNI plugins are missing: run `python -m tests.cluster install`")


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")
    if not found:
        raise ClusterError(f"{name} is missing: run `python -m tests.cluster install`")
    return found


def kubelet(folder: Folder, authority: Authority) -> Component:
    """The kubelet, on version 1 or 2 of control groups."""
    config = folder.write("kubelet.json", _kubelet_config(folder, authority))
    folder.write("pod-resolv.conf", f"nameserver {DNS}\n")
    return Component(
        "kubelet",
        (
            str(locate("kubelet")),
            f"--config={config}",
            f"--kubeconfig={folder.path / 'kubelet.kubeconfig'}",
            f"--hostname-override={NODE}",
            f"--node-ip={ADDRESS}",
            "--root-dir=/var/lib/kubelet",
        ),
    )


def _kubelet_config(folder: Folder, authority: Authority) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": cgroups.unified(),
        "failSwapOn": False,
        "cgroupDriver": "cgroupfs",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": authority.path("ca.crt")},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "tlsCertFile": authority.path("kubelet.crt"),
        "tlsPrivateKeyFile": authority.path("kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "clusterDNS": [DNS],
        "clusterDomain": "cluster.local",
        "resolvConf": str(folder.path / "pod-resolv.conf"),
        "maxPods": 250,
        "serializeImagePulls": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "registryPullQPS": 0,
        "eventRecordQPS": 100,
        "eventBurst": 200,
        "nodeStatusUpdateFrequency": "5s",
    }


def kube_proxy(folder: Folder) -> Component:
    """kube-proxy by iptables, quick to follow; connection tracking limits are the machine's."""
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": POD_ADDRESSES,
        "hostnameOverride": NODE,
        "clientConnection": {"kubeconfig": str(folder.path / "kube-proxy.kubeconfig"), "qps": 100, "burst": 200},
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "iptables": {"minSyncPeriod": "0.1s", "syncPeriod": "30s"},
        "bindAddress": ADDRESS,
        "metricsBindAddress": "127.0.0.1:10249",
    }
    return Component("kube-proxy", (str(locate("kube-proxy")), f"--config={folder.write('proxy.json', config)}"))


def coredns(folder: Folder) -> Component:
    """The cluster's DNS: Services and pods, nothing else."""
    text = f""".:53 {{
  bind 127.0.0.1 {DNS}
  errors
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {folder.path / "coredns.kubeconfig"}
    pods insecure
    ttl 5
  }}
}}
"""
    return Component("coredns", (str(locate("coredns")), f"-conf={folder.write('Corefile', text)}"))
