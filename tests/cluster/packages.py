"""What the distribution gives: Debian packages for a real node, installed when they are missing.

missing(NODE_PACKAGES)     which are not installed
ensure(NODE_PACKAGES)      installs those; root on Debian or Ubuntu, else an error that names them
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

from .errors import ClusterError

NODE_PACKAGES = (
    "containerd",
    "runc",
    "containernetworking-plugins",
    "iptables",
    "nftables",
    "conntrack",
    "ipset",
    "socat",
    "busybox-static",
    "openssl",
    "iproute2",
    "ebtables",
)

Report = Callable[[str], None]


def missing(packages: Sequence[str]) -> list[str]:
    """Those of the packages that are not installed, in order. Raises ClusterError where there is no dpkg."""
    if shutil.which("dpkg-query") is None:
        raise ClusterError(_by_hand(packages, "this is not Debian or Ubuntu"))
    command = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # status 1 when one is unknown
    return not_installed(packages, answer.stdout)


def not_installed(packages: Sequence[str], answer: str) -> list[str]:
    """Those of the packages that dpkg-query's lines of "<package> <status>" do not call installed."""
    installed = {
        name for name, _, status in (line.partition(" ") for line in answer.splitlines()) if status == "installed"
    }
    return [package for package in packages if package not in installed]


def ensure(packages: Sequence[str], report: Report = print) -> None:
    """Install what is missing. Raises ClusterError, naming the packages, when this user or system cannot."""
    wanted = missing(packages)
    if not wanted:
        return
    if os.geteuid() != 0:
        raise ClusterError(_by_hand(wanted, "only root may install packages"))
    report(f"installing {len(wanted)} Debian packages: {' '.join(wanted)}")
    _apt("update", "--quiet")
    _apt("install", "--quiet", "--yes", "--no-install-recommends", *wanted)
    if left := missing(wanted):
        raise ClusterError(f"apt-get reported success, but {' '.join(left)} is not installed")


def _apt(*arguments: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(["apt-get", *arguments], env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"apt-get {arguments[0]} failed: {result.stderr.strip()[-1000:]}")


def _by_hand(packages: Sequence[str], why: str) -> str:
    return f"{why}: install these by hand and try again: {' '.join(packages)}"
