"""`python -m tests.bench [--rollouts N] [--idle N] [-o json]`: an operator on a plane, measured beside its budgets.

Exit status 0 unless a step never finishes: a budget that is missed is for a person to judge.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.cost import Cost, memory, read_cost
from tests.bench.load import Load, aborted, canary_ingress, paused
from tests.bench.report import Measure, Report
from tests.bench.wire import WeightWatch
from tests.cluster import Plane
from tests.plane.operator import Operator

ABORTS = 20
SETTLE = 3.0  # seconds in which what was queued behind the work is sent
DELAY = 33.0  # seconds: scaleDownDelaySeconds and abortScaleDownDelaySeconds are 30 by default
IDLE = 30.0
AFTER_ABORTS = 30.0


class Bench:
    """One operator under measurement; what it finds goes into `report`."""

    def __init__(self, plane: Plane, operator: Operator, count: int, report: Report) -> None:
        self._plane, self._operator, self._report = plane, operator, report
        self._load = Load(plane, "bench")
        self._names = [f"r-{number:04}" for number in range(count)]

    def releases(self) -> None:
        """Everything but the memory of many idle Rollouts."""
        self._create()
        self._release_all()
        self._idle()
        self._release_one()
        self._weights = WeightWatch(self._load.wire, self._load.namespace)
        self._abort_one()
        self._abort_all()
        self._add("events_dropped", "Events never sent", self._metric("ferrata_events_dropped_total"), "", 0)

    def crowd(self) -> None:
        """Memory with many Rollouts that do nothing: of the operator that saw them made, and of one started anew."""
        count = len(self._names)
        self._load.prepare(self._names)
        self._load.create(self._names)
        time.sleep(SETTLE + count / 100)
        what = f"RSS with {count} idle rollouts"
        self._add("rss_idle_made", f"{what}, having made them", memory(self._operator.pid), "MiB", 250)
        self._operator.stop()
        self._operator.start()
        time.sleep(SETTLE + 10)
        self._add("rss_idle_started", f"{what}, started anew", memory(self._operator.pid), "MiB", 250)
        self._idle("_crowd")

    def _add(self, key: str, what: str, value: float, unit: str = "", budget: float | None = None) -> None:
        self._report.add(Measure(key, what, value, unit, budget))

    def _cost(self) -> Cost:
        return read_cost(self._plane.audit_log, self._operator.pid)

    def _metric(self, name: str) -> float:
        """A figure that the operator gives of itself."""
        port = re.findall(r'"metrics_port": ?(\d+)', self._operator.log.read_text())[-1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return float(re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)[0])

    def _create(self) -> None:
        first = ["first"]  # so that the operator's own start is not measured
        self._load.prepare([*first, *self._names])
        self._load.create(first)
        time.sleep(SETTLE)
        before, start = self._cost(), time.monotonic()
        self._load.create(self._names)
        seconds = time.monotonic() - start
        self._until_told(before)
        self._per_rollout("creation", self._cost() - before, 9)
        self._add("creation_seconds", "seconds until all are Healthy", seconds, "s")

    def _release_all(self) -> None:
        before, start = self._cost(), time.monotonic()
        self._load.release(self._names, "v2")
        seconds = time.monotonic() - start
        self._report.say(f"  all released in {seconds:.1f} s; now {DELAY:g} s for the delayed scale-downs")
        time.sleep(DELAY)
        self._until_told(before)
        spent, count = self._cost() - before, len(self._names)
        self._per_rollout("release", spent, 16)
        self._add("release_all_seconds", f"seconds, {count} releases at once", seconds, "s", 10)
        self._add("release_cpu", "operator CPU per release", spent.cpu / count * 1000, "ms", 40)
        self._add("rss", f"RSS with {count} rollouts", memory(self._operator.pid), "MiB", 120)

    def _until_told(self, before: Cost) -> None:
        """Waits until no more Events are sent: they come behind everything else."""
        told = -1
        while told != (now := (self._cost() - before).events):
            told = now
            time.sleep(SETTLE)

    def _idle(self, suffix: str = "") -> None:
        before = self._cost()
        time.sleep(IDLE)
        spent = self._cost() - before
        requests = spent.requests.total() + spent.events
        self._add(f"idle_requests{suffix}", f"requests in {IDLE:g} s idle, Events included", requests, "", 0)
        self._add(f"idle_cpu{suffix}", f"operator CPU in {IDLE:g} s idle", spent.cpu * 1000, "ms")

    def _release_one(self) -> None:
        start = time.monotonic()
        self._load.release(self._names[:1], "v3")
        self._add("release_one_seconds", "seconds, one release alone", time.monotonic() - start, "s", 3)

    def _abort_one(self) -> None:
        name = self._names[0]
        ingress = canary_ingress(name)
        self._load.hold([name], "v4")
        taken = []
        for _ in range(ABORTS):
            self._weights.until([ingress], "50", 30)
            self._load.wait(paused, "paused", [name])
            start = time.monotonic()
            self._load.set_abort(name, True)
            taken.append((self._weights.until([ingress], "0", 30) - start) * 1000)
            self._load.wait(aborted, "Degraded", [name])
            self._load.set_abort(name, False)
        median, note = statistics.median(taken), f"slowest {max(taken):.0f}"
        what = f"abort of one until traffic is back, median of {ABORTS}"
        self._report.add(Measure("abort_one", what, median, "ms", 50, note))

    def _abort_all(self) -> None:
        others = self._names[1:]
        self._load.hold(others, "v5")
        ingresses = [canary_ingress(name) for name in others]
        self._weights.until(ingresses, "50", 60)
        self._until_told(self._cost())
        before, start = self._cost(), time.monotonic()
        self._load.wire.each(lambda name: self._load.set_abort(name, True), others)
        sent = time.monotonic() - start
        seconds = self._weights.until(ingresses, "0", 120) - start
        back = self._cost()
        what = f"seconds, {len(others)} aborts at once"
        self._report.add(Measure("abort_all_seconds", what, seconds, "s", 1.5, f"sent in {sent:.2f}"))
        self._add("abort_requests_until_back", "requests until traffic is back", (back - before).requests.total())
        time.sleep(AFTER_ABORTS)
        spent = self._cost() - back
        what = f"requests in the {AFTER_ABORTS:g} s after"
        self._add("abort_requests_after", what, spent.requests.total(), "", 300)
        self._details("abort", self._cost() - before, len(others))

    def _per_rollout(self, what: str, spent: Cost, budget: float) -> None:
        count = len(self._names)
        self._add(f"{what}_requests", f"requests per {what}", spent.requests.total() / count, "", budget)
        self._details(what, spent, count)

    def _details(self, what: str, spent: Cost, count: int) -> None:
        for (verb, resource), number in sorted(spent.requests.items(), key=lambda item: -item[1]):
            self._add(f"{what}_requests_{verb}_{resource.replace('/', '_')}", f"    {verb} {resource}", number / count)
        self._add(f"{what}_events", f"  Event requests per {what}", spent.events / count)
        self._add(f"{what}_refused", "  refused in all", spent.refused)
        self._add(f"{what}_watches", "  new watches in all", spent.watches)


@contextmanager
def _measured(count: int, report: Report) -> Iterator[Bench]:
    """A plane of its own with a running operator. What the operator said last is printed when a step never ends."""
    with tempfile.TemporaryDirectory(prefix="ferrata-bench-") as scratch, Plane() as plane:
        log = Path(scratch) / "operator.log"
        operator = Operator(plane, log).start()
        try:
            yield Bench(plane, operator, count, report)
        except TimeoutError:
            print(f"last lines of the operator:\n{log.read_text()[-3000:]}", file=sys.stderr)
            raise
        finally:
            operator.stop()


def _run(count: int, report: Report, steps: Callable[[Bench], None]) -> None:
    with _measured(count, report) as bench:
        steps(bench)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rollouts", type=int, default=100, metavar="N", help="at least 2 (default 100)")
    parser.add_argument("--idle", type=int, default=0, metavar="N", help="then memory with N idle rollouts")
    parser.add_argument("-o", dest="output", choices=["table", "json"], default="table", help="form of the report")
    given = parser.parse_args()
    if given.rollouts < 2:
        parser.error("--rollouts: at least 2, for there are aborts of one and of all others")
    report = Report(given.rollouts, quiet=given.output == "json")
    try:
        _run(given.rollouts, report, Bench.releases)
        if given.idle:
            _run(given.idle, report, Bench.crowd)
    except TimeoutError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(report.as_json() if report.quiet else f"\n{report.table()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
