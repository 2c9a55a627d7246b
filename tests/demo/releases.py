"""The releases that the demo runs, and what is to come of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FIRST = "2.2.0"


@dataclass(frozen=True, slots=True)
class Release:
    """One release: how its version behaves, and which metric is to catch it (None: it is to be promoted)."""

    name: str
    version: str
    tells: str
    weighted: bool = False
    caught_by: str | None = None
    behaviour: Mapping[str, str] = field(default_factory=dict)


RELEASES = (
    Release("good", "2.3.0", "a good release, split by replicas as the article has it"),
    Release(
        "5xx",
        "2.4.0",
        "40 of 100 requests to the canary fail, split by replicas",
        caught_by="success-rate",
        behaviour={"FAIL_PERCENT": "40"},
    ),
    Release("good-weighted", "2.5.0", "a good release, split by Gateway API weights", weighted=True),
    Release(
        "slow-weighted",
        "2.6.0",
        "30 of 100 requests to the canary take 1.5 s, split by Gateway API weights",
        weighted=True,
        caught_by="latency-p99",
        behaviour={"SLOW_PERCENT": "30", "SLOW_SECONDS": "1.5"},
    ),
)


def versions(releases: tuple[Release, ...]) -> dict[str, Mapping[str, str]]:
    """Version -> behaviour, the first one included, which is good."""
    return {FIRST: {}} | {release.version: release.behaviour for release in releases}
