"""Control groups of one node: everything it runs stays below a group of its own, in version 1 and version 2."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .errors import ClusterError

ROOT = Path("/sys/fs/cgroup")
VERSION_1 = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
VERSION_2 = ("cpuset", "cpu", "io", "memory", "pids")


def unified() -> bool:
    """Whether the machine has version 2 with the controllers that pods need; else version 1 is used."""
    controllers = ROOT / "cgroup.controllers"
    return controllers.exists() and {"cpu", "memory", "pids"} <= set(controllers.read_text().split())


def create(name: str) -> tuple[str, ...]:
    """Make the groups of a node, one for each hierarchy. Returns their paths."""
    made = [_create_unified(name)] if unified() else _create_version_1(name)
    if not made:
        raise ClusterError(f"no control groups are mounted below {ROOT}: a real node cannot run here")
    return tuple(str(path) for path in made)


def _create_unified(name: str) -> Path:
    """Below the root: only there are all controllers at hand, whatever session the caller runs in."""
    path = ROOT / name
    path.mkdir()
    return path


def _create_version_1(name: str) -> list[Path]:
    """Below the caller's own groups, whose limits go on holding."""
    made = []
    for controller, own in own_groups(Path("/proc/self/cgroup").read_text()).items():
        parent = ROOT / controller / own.lstrip("/")
        if (ROOT / controller).is_dir() and parent.is_dir():
            path = parent / name
            path.mkdir()
            if controller == "cpuset":  # a new group has neither, and takes no process without
                for setting in ("cpuset.cpus", "cpuset.mems"):
                    (path / setting).write_text((parent / setting).read_text())
            made.append(path)
    return made


def own_groups(text: str) -> dict[str, str]:
    """Controller -> group from /proc/self/cgroup; `systemd` and `unified` stand for hierarchies without one."""
    groups = {}
    for line in text.splitlines():
        _, controllers, group = line.split(":", 2)
        for controller in controllers.removeprefix("name=").split(",") if controllers else ["unified"]:
            groups[controller] = group
    return {name: group for name, group in groups.items() if name in {*VERSION_1, "systemd", "unified"}}


def join(groups: Sequence[str]) -> None:
    """Move this process into the groups."""
    for group in groups:
        (Path(group) / "cgroup.procs").write_text("0")


def leave(groups: Sequence[str]) -> None:
    """Move this process out of the groups, so that they can be removed."""
    for group in groups:
        (Path(group).parent / "cgroup.procs").write_text("0")


def delegate() -> None:
    """Version 2, seen from inside: leave the group's root to its children and hand the controllers on to them.

    A group that hands on controllers may hold no process itself.
    """
    leaf = ROOT / "system"
    leaf.mkdir()
    for pid in (ROOT / "cgroup.procs").read_text().split():
        (leaf / "cgroup.procs").write_text(pid)
    offered = set((ROOT / "cgroup.controllers").read_text().split())
    wanted = [f"+{controller}" for controller in VERSION_2 if controller in offered]
    (ROOT / "cgroup.subtree_control").write_text(" ".join(wanted))


def mount_points() -> list[tuple[str, str, str]]:
    """(path, file system, options) of what a node mounts below its own /sys/fs/cgroup, in order."""
    if unified():
        return [(str(ROOT), "cgroup2", "")]
    hierarchies = [(str(ROOT / name), "cgroup", name) for name in VERSION_1 if os.path.isdir(ROOT / name)]
    return [(str(ROOT), "tmpfs", "mode=755"), *hierarchies, (str(ROOT / "systemd"), "cgroup", "none,name=systemd")]
