"""Folders of clusters: whose they are, and that only what a record proves to be ours is ever signalled or removed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cluster import ClusterError, processes, state


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERRATA_STATE", str(tmp_path))
    return tmp_path


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        yield child
        child.kill()


def identity(child: subprocess.Popen[bytes]) -> processes.Identity:
    found = processes.Identity.of(child.pid)
    assert found is not None
    return found


def test_a_name_is_taken_for_as_long_as_its_owner_runs() -> None:
    state.create("plane", "one")
    with pytest.raises(ClusterError, match="a cluster called one is up already"):
        state.create("plane", "one")


def test_what_a_dead_owner_left_is_removed_at_the_next_start(root: Path) -> None:
    folder = state.create("plane", "dead")
    gone = replace(processes.myself(), started="1")
    folder.write(state.RECORD, state.Record("plane", gone).to_json())
    assert state.create("plane", "dead").name == "dead"
    assert [one.name for one in state.everything()] == ["dead"]
    assert state.sweep() == []


def test_a_folder_that_is_not_of_ours_is_left_alone(root: Path) -> None:
    (root / "notes").mkdir()
    assert state.sweep() == []
    assert (root / "notes").is_dir()


def test_the_supervisor_decides_once_there_is_one(sleeper: subprocess.Popen[bytes]) -> None:
    folder = state.create("plane", "one")
    folder.supervised_by(identity(sleeper))
    assert state.sweep() == []
    sleeper.kill()
    sleeper.wait()
    assert state.sweep() == ["one"]


def test_stopping_ends_the_supervisor_and_removes_the_folder(root: Path, sleeper: subprocess.Popen[bytes]) -> None:
    folder = state.create("plane", "one")
    folder.supervised_by(identity(sleeper))
    state.stop(folder)
    assert sleeper.wait() == -signal.SIGTERM
    assert list(root.iterdir()) == []


def test_a_pid_that_was_given_to_somebody_else_is_not_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    before = replace(identity(sleeper), started="1")
    assert not before.alive()
    assert before.signal(signal.SIGKILL) is False
    assert sleeper.poll() is None
    other_boot = replace(identity(sleeper), boot="another")
    assert other_boot.signal(signal.SIGKILL) is False
    assert sleeper.poll() is None


def test_a_child_dies_with_its_parent() -> None:
    script = (
        "import subprocess, time\n"
        "from tests.cluster.processes import die_with_parent\n"
        "child = subprocess.Popen(['sleep', '60'], preexec_fn=die_with_parent)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = processes.Identity.of(int(parent.stdout.readline()))
        parent.kill()
    assert child is not None
    assert child.wait_gone(5)
