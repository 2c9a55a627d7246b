"""`python -m tests.bench [--rollouts N]`: releases on a plane, measured and shown beside their budgets.

Exit status 0 unless a step never finishes: a budget that is missed is for a person to judge.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.cost import Cost, memory, read_cost
from tests.bench.wire import Json, WeightWatch, Wire
from tests.cluster import Plane
from tests.plane.operator import Namespace, Operator, install_crds

STEPS = [{"setWeight": 50}, {"pause": {"duration": "1s"}}, {"setWeight": 100}, {"pause": {"duration": "1s"}}]
HELD = [{"setWeight": 50}, {"pause": {}}]
SPACE = "bench"
ROLLOUTS = f"/apis/argoproj.io/v1alpha1/namespaces/{SPACE}/rollouts"
ABORTS = 20
SETTLE = 3.0  # seconds in which events that were queued behind the work are sent
DELAY = 33.0  # seconds: scaleDownDelaySeconds and abortScaleDownDelaySeconds are 30 by default


class Bench:
    """One run; `rows` is the table: what, measured, budget."""

    def __init__(self, plane: Plane, operator: Operator, count: int) -> None:
        self.plane, self.operator = plane, operator
        self.wire, self.space = Wire(plane), Namespace(plane.api, SPACE)
        self.names = [f"r-{number:04}" for number in range(count)]
        self.rows: list[tuple[str, str, str]] = []

    def run(self) -> None:
        self.plane.api.create("/api/v1/namespaces", {"metadata": {"name": SPACE}})
        self._create()
        self._release_all()
        self._idle()
        self._release_one()
        self.weights = WeightWatch(self.wire, SPACE)
        self._abort_one()
        self._abort_all()

    def row(self, what: str, measured: str, budget: str = "") -> None:
        self.rows.append((what, measured, budget))
        print(f"  {what}: {measured}", flush=True)

    def cost(self) -> Cost:
        return read_cost(self.plane.audit_log, self.operator.pid)

    def _wait(self, fits: Callable[[Json], bool], what: str, names: list[str], seconds: float = 180) -> None:
        """One LIST every 0.2 s until all of those Rollouts are as asked. Raises TimeoutError."""
        deadline, wanted = time.monotonic() + seconds, set(names)
        while True:
            items = self.wire.request("GET", ROLLOUTS)["items"]
            late = [r for r in items if r["metadata"]["name"] in wanted and not fits(r)]
            if not late:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(late)} Rollouts never became {what}; the first: {late[0].get('status')}")
            time.sleep(0.2)

    def _make(self, name: str) -> None:
        for service in (f"{name}-canary", f"{name}-stable"):
            self.space.service(service, name)
        self.space.ingress(name, f"{name}-stable")

    def _make_rollout(self, name: str) -> None:
        routing = {"nginx": {"stableIngress": name}}
        services = {"canaryService": f"{name}-canary", "stableService": f"{name}-stable"}
        strategy = {"steps": STEPS, **services, "trafficRouting": routing}
        self.space.rollout(name, "example.test/app:v1", strategy, replicas=1)

    def _create(self) -> None:
        self.wire.each(self._make, self.names)
        for make in (self._make, self._make_rollout):  # so that the operator's own start is not measured
            make("first")
        self._wait(_routed, "Healthy with weights", ["first"])
        time.sleep(SETTLE)
        before, start = self.cost(), time.monotonic()
        self.wire.each(self._make_rollout, self.names)
        self._wait(_routed, "Healthy with weights", self.names)
        seconds = time.monotonic() - start
        time.sleep(SETTLE)
        spent, count = self.cost() - before, len(self.names)
        self.row("requests per creation", f"{spent.requests.total() / count:.1f}", "<= 9")
        self._details("creation", spent, count)
        self.row("seconds until all are Healthy", f"{seconds:.1f}")

    def _release_all(self) -> None:
        before, start = self.cost(), time.monotonic()
        self._release(self.names, "v2", STEPS)
        seconds = time.monotonic() - start
        print(f"  all released in {seconds:.1f} s; now {DELAY:g} s for the delayed scale-downs", flush=True)
        time.sleep(SETTLE)
        early = self.cost() - before
        time.sleep(DELAY - SETTLE)
        spent, count = self.cost() - before, len(self.names)
        self.row("requests per release", f"{spent.requests.total() / count:.1f}", "<= 16")
        self._details("release", spent, count)
        self.row("  of them until 3 s after Healthy", f"{early.requests.total() / count:.1f}")
        self.row("seconds, all released at once", f"{seconds:.1f}", "<= 10 (for 100)")
        self.row("operator CPU per release", f"{spent.cpu / count * 1000:.0f} ms", "<= 40 ms")
        self.row("RSS", f"{memory(self.operator.pid):.0f} MiB", "<= 120 MiB (at 100)")

    def _release(self, names: list[str], version: str, steps: list[Json]) -> None:
        """Release and wait: for Healthy on the new revision, or for the indefinite pause of held steps."""
        before = {r["metadata"]["name"]: r["status"]["stableRS"] for r in self.wire.request("GET", ROLLOUTS)["items"]}
        self._change(names, version, steps)

        def arrived(rollout: Json) -> bool:
            status = rollout.get("status", {})
            moved = status.get("stableRS") != before[rollout["metadata"]["name"]]
            current = status.get("observedGeneration") == str(rollout["metadata"]["generation"])
            promoted = status.get("stableRS") == status.get("currentPodHash")
            return bool(current and moved and promoted and status.get("phase") == "Healthy")

        self._wait(arrived if steps is STEPS else _paused, "released" if steps is STEPS else "paused", names)

    def _change(self, names: list[str], version: str, steps: list[Json]) -> None:
        containers = [{"name": "app", "image": f"example.test/app:{version}"}]
        change = {"strategy": {"canary": {"steps": steps}}, "template": {"spec": {"containers": containers}}}
        self.wire.each(lambda name: self.wire.request("PATCH", f"{ROLLOUTS}/{name}", {"spec": change}), names)

    def _idle(self) -> None:
        before = self.cost()
        time.sleep(10)
        spent = self.cost() - before
        self.row("requests in 10 s idle", f"{spent.requests.total()} + {spent.events} events", "0")
        self.row("CPU in 10 s idle", f"{spent.cpu * 1000:.0f} ms")

    def _release_one(self) -> None:
        start = time.monotonic()
        self._release(self.names[:1], "v3", STEPS)
        self.row("seconds, one release alone", f"{time.monotonic() - start:.1f}", "<= 3")

    def _abort_one(self) -> None:
        name = self.names[0]
        self._release([name], "v4", HELD)
        taken = []
        for _ in range(ABORTS):
            self.weights.until([_canary(name)], "50", 30)
            self._wait(_paused, "paused", [name])
            start = time.monotonic()
            self._set_abort(name, True)
            taken.append((self.weights.until([_canary(name)], "0", 30) - start) * 1000)
            self._wait(_aborted, "Degraded", [name])
            self._set_abort(name, False)
        spread = f"{statistics.median(taken):.0f} ms (slowest {max(taken):.0f})"
        self.row(f"abort of one, median of {ABORTS}", spread, "<= 50 ms median")

    def _set_abort(self, name: str, abort: bool) -> None:
        self.wire.request("PATCH", f"{ROLLOUTS}/{name}/status", {"status": {"abort": abort}})

    def _abort_all(self) -> None:
        others = self.names[1:]
        self._release(others, "v5", HELD)
        canaries = [_canary(name) for name in others]
        self.weights.until(canaries, "50", 60)
        time.sleep(SETTLE)
        before, start = self.cost(), time.monotonic()
        self.wire.each(lambda name: self._set_abort(name, True), others)
        sent = time.monotonic() - start
        seconds = self.weights.until(canaries, "0", 120) - start
        self.row(f"seconds, {len(others)} aborts at once", f"{seconds:.2f} (sent in {sent:.2f})", "<= 1.5 (for 99)")
        time.sleep(30)
        spent = self.cost() - before
        self.row("requests, abort and 30 s after", f"{spent.requests.total()} + {spent.events} events", "<= 300 after")
        self._details("abort", spent, len(others))

    def _details(self, what: str, spent: Cost, count: int) -> None:
        for (verb, resource), number in sorted(spent.requests.items(), key=lambda item: -item[1]):
            self.row(f"    {verb} {resource}", f"{number / count:.2f}")
        self.row(f"  events per {what}", f"{spent.events / count:.1f}")
        self.row("  refused, new watches", f"{spent.refused}, {spent.watches}")


def _canary(name: str) -> str:
    return f"{name}-{name}-canary"


def _routed(rollout: Json) -> bool:
    status = rollout.get("status", {})
    return bool(status.get("phase") == "Healthy" and status.get("canary", {}).get("weights"))


def _paused(rollout: Json) -> bool:
    status = rollout.get("status", {})
    current = status.get("observedGeneration") == str(rollout["metadata"]["generation"])
    return bool(current and status.get("phase") == "Paused" and status.get("pauseConditions"))


def _aborted(rollout: Json) -> bool:
    return bool(rollout.get("status", {}).get("phase") == "Degraded")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rollouts", type=int, default=100, metavar="N", help="at least 2 (default 100)")
    count = parser.parse_args().rollouts
    if count < 2:
        parser.error("--rollouts: at least 2, for there are aborts of one and of all others")
    with tempfile.TemporaryDirectory(prefix="ferrata-bench-") as scratch, Plane() as plane:
        install_crds(plane)
        plane.api.create("/api/v1/namespaces", {"metadata": {"name": "argo-rollouts"}})  # where the lease lives
        log = Path(scratch) / "operator.log"
        operator = Operator(plane, log).start()
        bench = Bench(plane, operator, count)
        try:
            bench.run()
        except TimeoutError as problem:
            print(f"{problem}\nlast lines of the operator:\n{log.read_text()[-3000:]}", file=sys.stderr)
            return 1
        finally:
            operator.stop()
    print(f"\n{count} rollouts".ljust(45) + "measured".ljust(28) + "budget")
    for what, measured, budget in bench.rows:
        print(what.ljust(44) + measured.ljust(28) + budget)
    return 0


if __name__ == "__main__":
    sys.exit(main())
