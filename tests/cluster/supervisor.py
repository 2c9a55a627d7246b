"""The one process behind a running cluster: starts its programs, watches them, and ends them all.

`python -m tests.cluster.supervisor FOLDER` reads plan.json. It ends, and everything with it, when it is asked to
(SIGTERM), when the process that owns the cluster is gone, or when a program ends by itself. When it is killed, the
kernel kills its children.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from .api import Api
from .control_plane import Component
from .errors import ClusterError
from .plan import READY, Plan
from .processes import Identity, die_with_parent
from .state import Folder


class Crew:
    """The programs that were started, in order."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._started = time.monotonic()
        self.seconds: dict[str, float] = {}

    def start(self, component: Component) -> None:
        """Start a program as a child that dies with this process."""
        with (self._folder.path / "log" / f"{component.name}.log").open("ab") as log:
            child = subprocess.Popen(
                component.command,
                cwd=self._folder.path,
                env=os.environ | component.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has no other thread
            )
        self._running.append((component.name, child))

    def check(self) -> None:
        """Raises ClusterError when one of the programs ended, with the end of its log."""
        for name, child in self._running:
            if child.poll() is not None:
                tail = self._folder.log_tail(name, 1500)
                raise ClusterError(f"{name} ended with status {child.returncode}:\n{tail}")

    def mark(self, what: str) -> None:
        """Note how long after the start something was reached."""
        self.seconds[what] = round(time.monotonic() - self._started, 2)

    def wait_until(self, reached: Any, what: str, seconds: float = 60) -> None:
        """Wait until `reached()` is true, while all programs run; raises ClusterError after so many seconds."""
        deadline = time.monotonic() + seconds
        while not reached():
            self.check()
            if time.monotonic() > deadline:
                raise ClusterError(f"waited {seconds:g} s for {what}, in vain")
            time.sleep(0.03)
        self.mark(what)

    def watch(self, owner: Identity | None) -> None:
        """Return when the owner is gone; raises ClusterError when a program ended."""
        poll = select.poll()
        descriptors = [os.pidfd_open(child.pid) for _, child in self._running]
        if owner:
            try:
                descriptors.append(os.pidfd_open(owner.pid))
            except ProcessLookupError:
                return
            if not owner.alive():
                return
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        poll.poll()
        self.check()

    def end(self) -> None:
        """Kill all, the last started first; what they wrote is thrown away with the cluster."""
        for _, child in reversed(self._running):
            child.kill()
        for _, child in self._running:
            child.wait()

    def pids(self) -> dict[str, Any]:
        """Program -> its identity as JSON."""
        found = ((name, Identity.of(child.pid)) for name, child in self._running)
        return {name: {"pid": who.pid, "started": who.started, "boot": who.boot} for name, who in found if who}


def run(folder: Folder) -> None:
    """Start what the plan says, report that it is ready, and stay until it is to end."""
    plan = Plan.from_json((folder.path / "plan.json").read_text())
    crew = Crew(folder)
    api = Api(plan.server, plan.token, Path(plan.authority))
    try:
        for component in plan.first:
            crew.start(component)
        crew.wait_until(api.ready, "API server")
        for component in plan.then:
            crew.start(component)
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        crew.wait_until(lambda: api.find(account), "default ServiceAccount")
        folder.write(READY, {"components": crew.pids(), "seconds": crew.seconds, "server": plan.server})
        crew.watch(plan.owner)
    finally:
        crew.end()


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def main() -> int:
    """Entry of the process. Returns its status."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        run(Folder(Path(sys.argv[1])))
    except ClusterError as problem:
        print(problem, file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
