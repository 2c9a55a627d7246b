"""What came of a release, what that says, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .releases import Release
from .traffic import Answer

BACK_LIMIT = 10.0  # seconds from the verdict until all traffic is at the stable revision
SHARE_LIMIT = 2.0  # points between a weight and the measured share
LEAST_REQUESTS = 2500  # at a weight, to tell a share from it
SLOW = 1.0  # seconds; the article: "P99 latency exceeds 1 second"


@dataclass(frozen=True, slots=True)
class Share:
    """Requests that were sent while the canary's weight was `weight`, and how many of them it got."""

    weight: int
    canary: int
    requests: int

    @property
    def measured(self) -> float:
        """The canary's share in percent."""
        return 100 * self.canary / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class Sight:
    """The first failed measurement of a metric: its value and the canary's weight at that time."""

    weight: int
    value: str


@dataclass(slots=True)
class Outcome:
    """What was seen of a release while it ran, then (`count`) what its requests say. Times are seconds since 1970."""

    release: Release
    began: float
    outcome: str = ""
    reason: str = ""
    verdict_at: float | None = None
    first_bad: float | None = None
    last_canary: float | None = None
    seconds: float = 0.0
    shares: dict[int, Share] = field(default_factory=dict)
    seen_by_all: dict[str, Sight] = field(default_factory=dict)
    seen_by_canary: dict[str, Sight] = field(default_factory=dict)
    requests: int = 0
    faulty: int = 0
    lost: list[Answer] = field(default_factory=list)

    def count(self, answers: Sequence[Answer]) -> None:
        """Take in every request that was sent while this release was the current one."""
        canary = [answer for answer in answers if answer.version == self.release.version]
        bad = [answer for answer in canary if self.release.caught_by and is_bad(answer)]
        self.requests, self.faulty = len(answers), len(bad)
        self.lost = [
            a for a in answers if a.failed and not (self.release.caught_by and a.version == self.release.version)
        ]
        self.first_bad = min((answer.ended for answer in bad), default=None)
        self.last_canary = max((answer.ended for answer in canary), default=None)

    @property
    def seconds_to_stable(self) -> float | None:
        """From the first bad answer to the last one that the canary gave; None for a release that was promoted."""
        if self.outcome != "aborted" or self.first_bad is None or self.last_canary is None:
            return None
        return self.last_canary - self.first_bad

    @property
    def seconds_back(self) -> float | None:
        """From the verdict to the last answer that the canary gave."""
        if self.verdict_at is None or self.last_canary is None:
            return None
        return max(0.0, self.last_canary - self.verdict_at)

    def json(self) -> dict[str, Any]:
        """The release's entry of the last line."""
        seconds = self.seconds_to_stable
        return {
            "name": self.release.name,
            "outcome": self.outcome,
            "reason": self.reason,
            "secondsToStable": None if seconds is None else round(seconds, 1),
            "requests": self.requests,
            "lost": len(self.lost),
        }

    def problems(self) -> list[str]:
        """What is not as it should be, a sentence each."""
        return [f"{self.release.name}: {text}" for text in (*self._wrong_end(), *self._slow_way_back(), *self._split())]

    def _wrong_end(self) -> list[str]:
        wanted = "aborted" if self.release.caught_by else "promoted"
        found = []
        if self.outcome != wanted:
            found.append(f"it was to be {wanted} and was {self.outcome}: {self.reason}")
        elif self.release.caught_by and f'"{self.release.caught_by}"' not in self.reason:
            found.append(f"{self.release.caught_by} was to catch it, but: {self.reason}")
        if self.lost:
            texts = sorted(
                {answer.error or f"status {answer.status} of {answer.version or 'no pod'}" for answer in self.lost}
            )
            found.append(f"{len(self.lost)} of {self.requests} requests were lost: {'; '.join(texts[:5])}")
        return found

    def _slow_way_back(self) -> list[str]:
        if self.outcome != "aborted":
            return []
        if self.seconds_back is None:
            return ["no answer of the canary was seen, so nothing can be said about the way back"]
        if self.seconds_back > BACK_LIMIT:
            return [f"traffic was back {self.seconds_back:.1f} s after the verdict, not within {BACK_LIMIT:g} s"]
        return []

    def _split(self) -> list[str]:
        if not self.release.weighted or self.release.caught_by:
            return []
        found = []
        for weight in (10, 30, 50):
            share = self.shares.get(weight, Share(weight, 0, 0))
            if share.requests < LEAST_REQUESTS:
                found.append(f"{share.requests} requests at weight {weight} are too few to tell a share")
            elif abs(share.measured - weight) > SHARE_LIMIT:
                found.append(f"at weight {weight} the canary got {share.measured:.1f} % of {share.requests} requests")
        return found


def is_bad(answer: Answer) -> bool:
    """Whether a user would call this answer bad: it failed or took more than a second."""
    return answer.failed or answer.took > SLOW
