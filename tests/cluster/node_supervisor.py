"""The processes behind a running node: `python -m tests.cluster.node_supervisor FOLDER`.

Outside, one process joins the node's control groups, makes a pid namespace and waits. Inside, process 1 makes the
other namespaces and buries orphans; its children serve the doors and run the programs (`_keep`). The end of the outer
process, however it comes, ends process 1, and the kernel ends the rest.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from . import cgroups, forward, manifests, namespaces, state
from .api import Api
from .errors import ClusterError
from .inside import INSIDE, Inside
from .plan import PLAN, READY, Plan
from .processes import Identity, die_with_parent
from .state import Folder
from .supervisor import Crew


def main() -> int:
    """Entry of the outer process. Returns its status."""
    folder = Folder(Path(sys.argv[1]))
    inside = Inside.from_json((folder.path / INSIDE).read_text())
    owner = Plan.from_json((folder.path / PLAN).read_text()).owner
    cgroups.join(inside.groups)
    namespaces.unshare(namespaces.NEW_PIDS)
    first = _child(lambda: _first(folder, inside))
    for door in inside.doors:
        os.close(door.descriptor)
    status = _wait(first, owner)
    if owner and not owner.alive():  # nobody else is left to do it
        cgroups.leave(inside.groups)
        state.remove(folder)
    return status


def _child(task: Callable[[], None]) -> int:
    """Run a task in a new process that dies with this one. Returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        die_with_parent()
        task()
        status = 0
    except ClusterError as problem:
        print(problem, file=sys.stderr, flush=True)
    except SystemExit:
        status = 0
    except BaseException:  # noqa: BLE001 - the end of a forked child: nothing may run past it
        traceback.print_exc()
    finally:
        os._exit(status)


def _wait(first: int, owner: Identity | None) -> int:
    """Wait for process 1, a request to end, or the owner's end. Returns the status."""
    signal.signal(signal.SIGTERM, _terminate)
    poll = select.poll()
    ended = os.pidfd_open(first)
    poll.register(ended, select.POLLIN)
    try:
        if owner:
            poll.register(os.pidfd_open(owner.pid), select.POLLIN)
            if not owner.alive():
                return 0
        poll.poll()
    except ProcessLookupError:  # the owner was gone before we could look
        return 0
    finally:
        os.kill(first, signal.SIGKILL)
        _, status = os.waitpid(first, 0)
    return os.waitstatus_to_exitcode(status)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _first(folder: Folder, inside: Inside) -> None:
    """Process 1 of the node: make its world, start the two that live in it, bury who dies; ends with either of them."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    namespaces.enter(folder)
    for port, target in inside.redirects.items():
        namespaces.redirect(port, target)
    doors = _child(lambda: forward.serve(inside.doors))
    for door in inside.doors:
        os.close(door.descriptor)
    keeper = _child(lambda: _keep(folder, inside))
    while True:
        pid, status = os.wait()
        if pid in {doors, keeper}:
            raise ClusterError(f"{'the keeper' if pid == keeper else 'the doors'} ended ({status})")


def _keep(folder: Folder, inside: Inside) -> None:
    """Start the programs in order, report that the node is ready, stay while all of them run."""
    plan = Plan.from_json((folder.path / PLAN).read_text())
    api = Api("https://127.0.0.1:6443", plan.token, Path(plan.authority))
    crew = Crew(folder)
    for component in plan.first:
        crew.start(component)
    crew.wait_until(api.ready, "API server")
    documents = json.loads(Path(inside.manifests).read_text()) if inside.manifests else []
    manifests.apply(api, documents)
    crew.mark("manifests")
    for component in plan.then:
        crew.start(component)
    crew.wait_until(lambda: api.find("/api/v1/namespaces/default/serviceaccounts/default"), "default ServiceAccount")
    crew.wait_until(lambda: _node_ready(api), "node")
    folder.write(READY, {"components": crew.pids(), "seconds": crew.seconds, "server": plan.server})
    crew.watch(None)


def _node_ready(api: Api) -> bool:
    node = api.find(f"/api/v1/nodes/{namespaces.NODE}") or {"status": {}}
    conditions = node["status"].get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


if __name__ == "__main__":
    sys.exit(main())
