"""One release from the change of its image to its end, watched, promoted at its gate, and measured."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Protocol

from tests.cluster import ClusterError

from . import traffic
from .observe import Look, failures, look
from .outcome import Outcome, Share, Sight
from .releases import Release
from .stage import Stage
from .traffic import Load

PAUSE = 0.2  # seconds between looks
WINDOW = 2.0  # seconds that the shown figures are about
SETTLING = 1.0  # seconds after a change of weight until its share is measured
ENOUGH = 4500  # requests before the gate opens; as many come until the weight changes, and the share of 9,000
# drawn at random strays by 2 points from 50 % once in 7,000 runs
FLOWING = 4.0  # seconds of traffic before the first release, so that its analysis has something to look at
SCRAPED = 2.5  # seconds of the canary's answers after which Prometheus has rates of it
QUIET = 2.0  # seconds without an answer of the canary after which traffic is taken for back
LIMIT = 180.0  # seconds for one release

_METRIC = re.compile(r'Metric "[^"]+" assessed .*')


@dataclass(frozen=True, slots=True)
class Frame:
    """What is shown at one instant. Success is in percent, p99 in seconds; None while there is no traffic."""

    release: Release
    look: Look
    share: float
    success: float | None
    canary_success: float | None
    p99: float | None


class Viewer(Protocol):
    """Who watches: shows frames, notes what happened, and says when the gate is to open."""

    def begin(self, release: Release) -> None: ...

    def show(self, frame: Frame) -> None: ...

    def note(self, text: str) -> None: ...

    def may_promote(self) -> bool: ...


class Story:
    """Carries one release through. `run` returns what came of it, its requests not yet counted."""

    def __init__(self, stage: Stage, load: Load, viewer: Viewer, release: Release, began: float) -> None:
        self._stage, self._load, self._viewer = stage, load, viewer
        self._release = release
        self._outcome = Outcome(release, began)
        self._weight, self._since, self._until = 0, 0.0, 0.0
        self._run, self._analysis, self._canary_since = "", "", 0.0

    def run(self) -> Outcome:
        """Release, watch, promote where a person would, until it is promoted or traffic is back.

        Raises ClusterError when it comes to no end.
        """
        started = time.time()
        self._viewer.begin(self._release)
        self._stage.release(self._release.version)
        while not self._is_over(seen := self._look()):
            if time.time() - started > LIMIT:
                said = f"{self._release.name} came to no end in {LIMIT:g} s; it is {seen.decision}"
                raise ClusterError(f"{said}\n{self._stage.diagnosis()}")
            time.sleep(PAUSE)
        if self._analysis:
            self._stage.end_analysis(self._analysis)
        self._outcome.seconds = time.time() - started
        return self._outcome

    def _look(self) -> Look:
        """One look, with all that is noted at it."""
        self._load.check()
        seen = look(self._stage, self._run)
        self._run = seen.run or self._run
        self._measure_share(seen)
        self._watch_canary(seen)
        self._note_failures(self._outcome.seen_by_all, seen.failed, seen.weight, "the article's query (all pods)")
        self._note_verdict(seen)
        self._viewer.show(self._frame(seen))
        if seen.at_gate and self._has_enough() and self._viewer.may_promote():
            self._viewer.note(f"promoting at {seen.weight} %, by {self._stage.promote()}")
        return seen

    def _frame(self, seen: Look) -> Frame:
        recent = self._load.recent(seen.at - WINDOW)
        mine = [answer for answer in recent if answer.version == self._release.version]
        share, _ = traffic.share(recent, self._release.version)
        return Frame(self._release, seen, share, traffic.success(recent), traffic.success(mine), traffic.p99(recent))

    # ---------- what is measured on the way

    def _measure_share(self, seen: Look) -> None:
        """Note the share of a weight once that weight is over; the time until it was last seen counts."""
        weight = seen.weight if seen.is_steady else 0
        if weight == self._weight:
            self._until = seen.at
            return
        if 0 < self._weight < 100:
            self._tally_share()
        self._weight, self._since, self._until = weight, seen.at + SETTLING, seen.at

    def _tally_share(self) -> None:
        """Add the time at one weight to what was measured at it before: a weight may be left and come back."""
        answers = self._load.sent_between(self._since, self._until)
        if not answers:  # promoted before the share was settled
            return
        mine = sum(answer.version == self._release.version for answer in answers)
        known = self._outcome.shares.get(self._weight, Share(self._weight, 0, 0))
        total = Share(self._weight, known.canary + mine, known.requests + len(answers))
        self._outcome.shares[self._weight] = total
        text = f"the canary got {total.measured:.1f} % of {total.requests} requests"
        self._viewer.note(f"weight {self._weight} %: {text}")

    def _has_enough(self) -> bool:
        """Whether there are requests enough to tell a share from a weight."""
        return not self._release.weighted or len(self._load.sent_between(self._since, self._until)) >= ENOUGH

    def _watch_canary(self, seen: Look) -> None:
        """Once the canary has answered for a while, ask about its pods alone, and note what that shows."""
        if not self._analysis:
            answered = any(a.version == self._release.version for a in self._load.recent(seen.at - WINDOW))
            self._canary_since = (self._canary_since or seen.at) if answered else 0.0
            if seen.canary_hash and answered and seen.at - self._canary_since >= SCRAPED:
                self._analysis = f"canary-health-{self._release.name}"
                self._stage.start_canary_analysis(seen.canary_hash, self._analysis)
            return
        found = failures(self._stage.analysis_run(self._analysis))
        self._note_failures(self._outcome.seen_by_canary, found, seen.weight, "a query about the canary's pods")

    def _note_failures(self, known: dict[str, Sight], found: dict[str, str], weight: int, who: str) -> None:
        for metric, value in found.items():
            if metric not in known:
                known[metric] = Sight(weight, value)
                self._viewer.note(f"{who} sees {metric} {value} at weight {weight} %")

    def _note_verdict(self, seen: Look) -> None:
        if self._outcome.verdict_at is None and seen.verdict in {"Failed", "Error"}:
            self._outcome.verdict_at = seen.at
            self._viewer.note(f"verdict of the analysis: {seen.verdict}")

    # ---------- its end

    def _is_over(self, seen: Look) -> bool:
        return self._was_promoted(seen) or self._was_aborted(seen)

    def _was_promoted(self, seen: Look) -> bool:
        if not seen.is_promoted or traffic.share(self._load.recent(seen.at - 0.5), self._release.version)[0] < 100:
            return False
        self._outcome.outcome, self._outcome.reason = "promoted", "all steps passed, promoted by hand at 50 %"
        self._viewer.note("promoted: all traffic is at the new version")
        return True

    def _was_aborted(self, seen: Look) -> bool:
        if not seen.is_aborted or seen.phase != "Degraded":
            return False
        answers = self._load.recent(seen.at - QUIET)
        if not answers or any(answer.version == self._release.version for answer in answers):
            return False
        found = _METRIC.search(seen.message)
        self._outcome.outcome, self._outcome.reason = "aborted", found[0] if found else seen.message
        self._viewer.note(f"aborted: {self._outcome.reason}")
        return True


def run_all(stage: Stage, load: Load, viewer: Viewer, releases: tuple[Release, ...], first: str) -> list[Outcome]:
    """Run releases one after another; each request counts for the release during which it was sent.

    Ends the load. `first` is the version that runs already.
    """
    load.wait_flowing(FLOWING)
    outcomes: list[Outcome] = []
    stable, weighted, began = first, "trafficRouting" in stage.rollout()["spec"]["strategy"]["canary"], 0.0
    for release in releases:
        if release.weighted and not weighted:
            viewer.note("the same Rollout gets Gateway API weights")
            stage.add_weights()
            weighted = True
        outcomes.append(Story(stage, load, viewer, release, began).run())
        if outcomes[-1].outcome == "promoted":
            stable = release.version
        elif release is not releases[-1]:
            viewer.note(f"back to {stable}, as a revert in Git would")
            stage.release(stable)
            stage.wait_healthy(60)
        began = time.time()
    load.stop()
    ends = [*(outcome.began for outcome in outcomes[1:]), float("inf")]
    for outcome, end in zip(outcomes, ends, strict=True):
        outcome.count(load.sent_between(outcome.began, end))
    return outcomes
