"""One folder for each running cluster, the record that proves which process owns it, and removal of what died.

A folder appears whole, by a rename, with `record.json` in it. It is stale when neither the process that started the
cluster nor the one that supervises it runs any more. Only what a record names is ever signalled.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from . import paths, processes
from .errors import ClusterError
from .processes import Identity

RECORD = "record.json"
NEW = ".new-"


@dataclass(frozen=True, slots=True)
class Record:
    """What the folder of a cluster says about who runs it."""

    kind: str  # "plane" or "node"
    starter: Identity
    supervisor: Identity | None = None
    cgroups: tuple[str, ...] = ()

    def alive(self) -> bool:
        """Whether somebody still stands behind it: the supervisor, or, before there is one, the starter."""
        return self.supervisor.alive() if self.supervisor else self.starter.alive()

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> Record:
        values: dict[str, Any] = json.loads(text)
        supervisor = values["supervisor"]
        return Record(
            values["kind"],
            Identity(**values["starter"]),
            Identity(**supervisor) if supervisor else None,
            tuple(values["cgroups"]),
        )


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one cluster."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def record(self) -> Record | None:
        """What it says about its owner; None when the folder is gone or is not of ours."""
        try:
            return Record.from_json((self.path / RECORD).read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, name: str, content: str | dict[str, Any], mode: int = 0o644) -> Path:
        """Write a file below the folder, whole or not at all; a dict is written as JSON. Returns its path."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".tmp")
        draft.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        draft.chmod(mode)
        draft.replace(path)
        return path

    def supervised_by(self, supervisor: Identity) -> None:
        """Note the process whose end is the end of the cluster."""
        self._amend(supervisor=supervisor)

    def holds_cgroups(self, cgroups: tuple[str, ...]) -> None:
        """Note cgroups that are to be removed with the cluster."""
        self._amend(cgroups=cgroups)

    def _amend(self, **changes: Any) -> None:
        record = self.record
        if record is None:
            raise ClusterError(f"the folder {self.path} was removed while the cluster was starting")
        self.write(RECORD, replace(record, **changes).to_json())

    def log_tail(self, name: str, characters: int = 3000) -> str:
        """The end of one of its logs, empty when there is none."""
        path = self.path / "log" / f"{name}.log"
        return path.read_text(errors="replace")[-characters:] if path.exists() else ""


def create(kind: str, name: str) -> Folder:
    """A new folder, owned by this process. Raises ClusterError when a cluster of that name runs."""
    root = paths.state_root()
    root.mkdir(parents=True, exist_ok=True)
    sweep()
    draft = Path(tempfile.mkdtemp(dir=root, prefix=NEW))
    draft.chmod(0o755)
    (draft / "log").mkdir()
    (draft / RECORD).write_text(Record(kind, processes.myself()).to_json())
    try:
        draft.rename(root / name)
    except OSError as problem:
        shutil.rmtree(draft)
        raise ClusterError(
            f"a cluster called {name} is up already: `python -m tests.cluster down --name {name}` ends it"
        ) from problem
    return Folder(root / name)


def find(name: str) -> Folder | None:
    """The folder of the cluster of that name, None when there is none."""
    folder = Folder(paths.state_root() / name)
    return folder if folder.record else None


def everything() -> list[Folder]:
    """The folders of all clusters, running or stale, by name."""
    root = paths.state_root()
    found = sorted(root.iterdir()) if root.exists() else []
    return [folder for path in found if not path.name.startswith(NEW) and (folder := Folder(path)).record]


def sweep(report: Callable[[str], None] | None = None) -> list[str]:
    """Remove what clusters left behind whose processes are gone. Returns their names."""
    stale = [folder for folder in everything() if (record := folder.record) and not record.alive()]
    for folder in stale:
        remove(folder)
        if report:
            report(f"removed what was left of {folder.name}")
    return [folder.name for folder in stale]


def stop(folder: Folder, seconds: float = 20) -> None:
    """End a cluster and remove its folder; asks its supervisor first and kills it after so many seconds."""
    record = folder.record
    supervisor = record.supervisor if record else None
    if supervisor and supervisor.signal(signal.SIGTERM) and not supervisor.wait_gone(seconds):
        supervisor.signal(signal.SIGKILL)
        supervisor.wait_gone(seconds)
    remove(folder)


def remove(folder: Folder) -> None:
    """Remove the cgroups and the folder of a cluster that ended."""
    record = folder.record
    for cgroup in record.cgroups if record else ():
        _remove_cgroup(Path(cgroup))
    shutil.rmtree(folder.path, ignore_errors=True)


def _remove_cgroup(root: Path, seconds: float = 5) -> None:
    """Remove a cgroup and all below; members that are being killed make it busy for a moment."""
    deadline = time.monotonic() + seconds
    while root.exists():
        for folder, _, _ in os.walk(root, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                break
        if time.monotonic() > deadline:
            raise ClusterError(f"the cgroup {root} still has processes in it")
        time.sleep(0.02)
