"""Operators that start in a fraction of a second: forked from a process that has imported everything already.

Run as a program it reads lines, forks an operator for each, and prints its pid; at the end of its input it ends the
last one. `Forks` is that program's other side. What is killed is a whole process, as any other.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]


class Forks:
    """At most one operator at a time, with `arguments` and a log."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._arguments, self._log = arguments, log
        self._parent: subprocess.Popen[str] | None = None
        self._pid = 0

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._parent = subprocess.Popen(
                [sys.executable, __file__, *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT / "operator")},
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._parent is not None
        self._parent.communicate(timeout=30)

    def start(self) -> None:
        """Returns once the process exists."""
        assert self._parent is not None
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write("start\n")
        self._parent.stdin.flush()
        self._pid = int(self._parent.stdout.readline())

    def kill(self) -> None:
        """SIGKILL; returns once the process is gone."""
        os.kill(self._pid, signal.SIGKILL)
        while _exists(self._pid):
            time.sleep(0.005)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _serve() -> None:
    from ferrata.main import run  # noqa: PLC0415 - only this side needs it

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the dead
    pid = 0
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(2, 1)
            os._exit(run(sys.argv[1:]))
        print(pid, flush=True)
    if pid and _exists(pid):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    _serve()
