"""Processes that can be proved to be ours, and that die with their parent.

A pid alone proves nothing: it is reused. An `Identity` is a pid with its start time and the boot it belongs to;
signals go through a pidfd, so that a process that ended in between is never mixed up with a newcomer.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Identity:
    """One process for all time: its pid, the tick it was started at, and the boot of the machine."""

    pid: int
    started: str
    boot: str

    @staticmethod
    def of(pid: int) -> Identity | None:
        """The identity behind a pid; None when no such process runs (a zombie does not run)."""
        state, started = _stat(pid)
        return Identity(pid, started, boot_id()) if state not in {"", "Z", "X"} else None

    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return Identity.of(self.pid) == self

    def signal(self, number: signal.Signals) -> bool:
        """Signal exactly this process. Returns False, and signals nobody, when it is gone."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.alive():
                return False
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return False
        else:
            return True
        finally:
            os.close(descriptor)

    def wait_gone(self, seconds: float) -> bool:
        """Wait until it ended, for so many seconds at most. Returns whether it is gone."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


def myself() -> Identity:
    """The identity of this process."""
    identity = Identity.of(os.getpid())
    assert identity is not None
    return identity


def boot_id() -> str:
    """Names this boot of the machine: start times of two boots do not compare."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> tuple[str, str]:
    """State letter and start tick of a pid, empty when there is none (fields 3 and 22 of proc(5) stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", ""
    return fields[0], fields[19]


def die_with_parent() -> None:
    """To be called in a new child: the kernel kills it when the thread that made it ends."""
    parent = os.getppid()
    if _LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), signal.SIGKILL)


def descendants(root: int) -> list[int]:
    """The pid and all below it, parents first."""
    found = [root]
    for pid in found:
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def inner_pid(pid: int) -> int:
    """The number a process has in its own pid namespace; 0 when it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return 0


def memory(pids: list[int]) -> dict[str, tuple[int, float]]:
    """Program name -> (how many, proportional set size in MiB) of the processes that run."""
    total: dict[str, tuple[int, float]] = {}
    for pid in pids:
        with suppress(OSError):
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            size = sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
            count, before = total.get(name, (0, 0.0))
            total[name] = (count + 1, before + size)
    return total
