"""Scenarios recorded from Argo Rollouts, replayed with the stock plugin: the same events, phases and end.

Each file in tests/golden/traces holds what was done, the events on the Rollout in their order, the phases that a client
saw, and the last status. States between two writes may be skipped; what is seen must have been seen there, in the same
order. Differences that stay are listed in `UNHEARD` and `REORDERED`, each with its reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cluster import Api, Plane, wait_for
from tests.cluster.tools import binary
from tests.plane.operator import Namespace, Operator

pytestmark = pytest.mark.plane
TRACES = sorted((Path(__file__).parents[1] / "golden" / "traces").glob("*.json"))
Json = dict[str, Any]

UNHEARD = {
    "TrafficWeightUpdated": "one split may be skipped where the next is written in the same pass",
    "RolloutResumed": "emitted for a pause that ends by itself; the pass that ends it may also begin the next",
    "ScalingReplicaSet": "sizes in between depend on which pod was ready first",
}
"""Reasons whose number may differ, and why; their order among the others is not compared."""


REORDERED = {
    "nginx-abort": "the weight leaves the canary Service before it is pointed at the stable revision, not after",
}
"""Scenarios in which the same events come in another order on purpose."""


class Watch:
    """Notes each phase that a client sees on the Rollout `app`."""

    def __init__(self, ns: Namespace) -> None:
        self._ns, self.phases = ns, list[list[str]]()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            try:
                status = (self._ns.find("app") or {}).get("status") or {}
            except OSError:
                continue  # a connection that the server closed; the next look has a new one
            seen = _shown([status.get("phase", ""), status.get("message", "")])
            if seen[0] and (not self.phases or self.phases[-1] != seen):
                self.phases.append(seen)

    def end(self) -> list[list[str]]:
        self._ended.set()
        self._thread.join(5)
        return self.phases


def _do(plane: Plane, ns: Namespace, deed: Json) -> None:
    match deed:
        case {"apply": body}:
            ns.create(body)
        case {"patch": {"kind": "Rollout", "name": name, "body": body}}:
            ns.patch(name, body)
        case {"sleep": seconds}:
            time.sleep(seconds)
        case {"wait": {"name": name, "is": wanted, "for": seconds}}:
            ns.until(name, lambda status: _fits(status, wanted), str(wanted), seconds)
        case {"verb": words}:
            command = [str(binary("kubectl-argo-rollouts")), *words, "-n", ns.name]
            environment = os.environ | {"KUBECONFIG": str(plane.kubeconfig)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
            assert done.returncode == 0, done.stderr
        case _:
            raise AssertionError(f"unknown deed {deed}")


def _fits(status: Json, wanted: Json) -> bool:
    return all(status.get(path.removeprefix("status.")) == value for path, value in wanted.items())


def _compared(events: list[list[str]]) -> list[list[str]]:
    return [event for event in events if event[0] not in UNHEARD]


def _shown(phase: list[str]) -> list[str]:
    """A phase without what a release under way waits for, which depends on which pod was ready first."""
    return [phase[0], ""] if phase[0] == "Progressing" else phase


def _without_repeats(phases: list[list[str]]) -> list[list[str]]:
    shown = [_shown(phase) for phase in phases]
    return [phase for place, phase in enumerate(shown) if place == 0 or shown[place - 1] != phase]


def _is_subsequence(seen: list[list[str]], recorded: list[list[str]]) -> bool:
    rest = iter(recorded)
    return all(any(phase == other for other in rest) for phase in seen)


def _final(status: Json) -> Json:
    conditions = {c["type"]: [c["status"], c["reason"], c["message"]] for c in status.get("conditions") or []}
    weights = (status.get("canary") or {}).get("weights")
    found = status | {"conditions": conditions}
    return found | ({"weights": [weights["canary"]["weight"], weights["stable"]["weight"]]} if weights else {})


@pytest.mark.parametrize("file", TRACES, ids=lambda file: file.stem)
def test_a_recorded_scenario_ends_as_it_did(
    file: Path, plane: Plane, operator: Operator, namespace: Callable[[Api], str]
) -> None:
    trace = json.loads(file.read_text())
    ns = Namespace(plane.api, namespace(plane.api))
    watch = Watch(ns)
    for deed in trace["do"]:
        _do(plane, ns, deed)
    wanted = trace["final"]
    ends = {key: value for key, value in wanted.items() if key not in {"conditions", "weights"} and value}
    ns.until("app", lambda status: all(status.get(k) == v for k, v in ends.items()), f"{ends}", 20)
    wait_for(lambda: _final(ns.status("app"))["conditions"] == wanted["conditions"], "the recorded conditions", 5)
    final, phases = _final(ns.status("app")), watch.end()
    assert {key: final.get(key) for key in wanted if wanted[key]} == {
        key: value for key, value in wanted.items() if value
    }
    wait_for(lambda: len(_compared([list(e) for e in ns.told("app")])) >= len(_compared(trace["events"])), "all events")
    heard = [[reason, text.replace(ns.name, "NAMESPACE")] for reason, text in ns.told("app")]
    recorded = _compared(trace["events"])
    # The recording stopped at the last state that was waited for; what was said after that is not in it.
    heard = _compared(heard)[: len(recorded)]
    if file.stem in REORDERED:
        heard, recorded = sorted(heard), sorted(recorded)
    assert heard == recorded
    saw = _without_repeats(trace["phases"])
    assert phases[-1] == saw[-1]
    assert _is_subsequence(phases, saw), f"seen {phases}\nrecorded {saw}"
