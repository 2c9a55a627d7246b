"""What differs between a recorded scenario and one that was played again.

    differences(recorded, seen)  {"Rollout/app phase": "recorded [...], seen [...]", ...}

An aspect is an object and a fact, `(end)` added when it is the last value, `(after deed 3)` the value when that wait or
sleep was over, `(turns)` the sizes between which a ReplicaSet went; or `events Rollout`, or `answers`.

States between two writes may be skipped on either side, so a history agrees when what was seen there is found, in that
order, in the recording. Which size a ReplicaSet had on its way depends on which pod was ready first; between which
sizes it went up and down does not. Values at rest, last values, turns, answers and the order of events are equal.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tests.golden.facts import Facts
from tests.golden.scenario import TOLD_ABOUT, Scenario

_HISTORIES = re.compile(
    r"phase|condition .*|currentStepIndex|canary\.weights\.canary\.weight|blueGreen\.\w+Selector|stableRS"
    r"|selector rollouts-pod-template-hash|annotation nginx\.ingress\.kubernetes\.io/canary-weight"
)
"""Facts whose way matters, not only their end."""

_AT_REST = re.compile(
    r"ReplicaSet/\S+ replicas|Service/\S+ selector .*|Ingress/\S+ annotation .*|Rollout/\S+ currentStepIndex"
)
"""Facts that are the same whenever a wait or a sleep is over."""

_ON_THE_WAY = {
    "ScalingReplicaSet": "sizes on the way depend on which pod was ready first; the turns are compared",
    "TrafficWeightUpdated": "one split may be skipped where the next is written in the same pass; weights are compared",
    "RolloutResumed": "said for a pause that ends by itself; the pass that ends it may also begin the next",
}
"""Reasons of events whose number may differ, and why."""


def differences(recorded: Scenario, seen: Scenario) -> dict[str, str]:
    """By aspect, what the recording has and what was seen instead; empty when they agree."""
    parts = (_of_ends, _of_rests, _of_histories, _of_events)
    found = {aspect: text for part in parts for aspect, text in part(recorded, seen)}
    if recorded.answers != seen.answers:
        found["answers"] = _unlike(recorded.answers, seen.answers)
    return found


def _of_ends(recorded: Scenario, seen: Scenario) -> Iterator[tuple[str, str]]:
    ends, mine = recorded.final(), seen.final()
    for thing in sorted(ends.keys() | mine.keys()):
        if thing not in ends or thing not in mine:
            yield f"{thing} (end)", _unlike(ends.get(thing), mine.get(thing))
            continue
        for fact in sorted(ends[thing].keys() | mine[thing].keys()):
            if ends[thing].get(fact) != mine[thing].get(fact):
                yield f"{thing} {fact} (end)", _unlike(ends[thing].get(fact), mine[thing].get(fact))


def _of_rests(recorded: Scenario, seen: Scenario) -> Iterator[tuple[str, str]]:
    mine = seen.rests()
    for number, things in recorded.rests().items():
        for aspect, text in unlike_at_rest(things, mine.get(number, {})):
            yield f"{aspect} (after deed {number})", text


def unlike_at_rest(recorded: dict[str, Facts], seen: dict[str, Facts]) -> Iterator[tuple[str, str]]:
    """Of the facts of all objects when a deed is over, those that should be the same and are not."""
    for thing, facts in recorded.items():
        for fact, was in facts.items():
            found = seen.get(thing, {}).get(fact)
            if found != was and _AT_REST.fullmatch(f"{thing} {fact}"):
                yield f"{thing} {fact}", _unlike(was, found)


def _of_histories(recorded: Scenario, seen: Scenario) -> Iterator[tuple[str, str]]:
    for thing, facts in seen.final().items():
        for fact in filter(_HISTORIES.fullmatch, facts):
            were, are = _way(recorded, thing, fact), _way(seen, thing, fact)
            if were and not is_subsequence(are, were):
                yield f"{thing} {fact}", _unlike(were, are)
        if thing.startswith("ReplicaSet/") and "replicas" in facts:
            went, goes = turns(recorded.history(thing, "replicas")), turns(seen.history(thing, "replicas"))
            if went != goes:
                yield f"{thing} replicas (turns)", _unlike(went, goes)


def _way(scenario: Scenario, thing: str, fact: str) -> list[Any]:
    """The history of a fact; of the phase Progressing without its message, which depends on which pod was first."""
    history = scenario.history(thing, fact)
    if fact != "phase":
        return history
    shown = [[phase[0], ""] if phase and phase[0] == "Progressing" else phase for phase in history]
    return [phase for place, phase in enumerate(shown) if place == 0 or phase != shown[place - 1]]


def _of_events(recorded: Scenario, seen: Scenario) -> Iterator[tuple[str, str]]:
    for kind in TOLD_ABOUT:
        were, are = _told(recorded, kind), _told(seen, kind)
        # A recording stops at the last state that was waited for; what is said after that is not in it.
        if were != are[: len(were)]:
            yield f"events {kind}", "".join(f"\n    {line}" for line in difflib.ndiff(were, are))


def _told(scenario: Scenario, kind: str) -> list[str]:
    return [" ".join(event) for event in scenario.events(kind) if event[1] not in _ON_THE_WAY]


def is_subsequence(part: Sequence[Any], whole: Sequence[Any]) -> bool:
    """Whether `part` comes out of `whole` by leaving something out."""
    rest = iter(whole)
    return all(any(item == other for other in rest) for item in part)


def turns(history: Sequence[int | None]) -> list[int]:
    """The sizes at which a way from 0 turned round, and its last: of [1, 3, 2, 4] they are 3, 2 and 4."""
    way = [0, *(size or 0 for size in history)]
    way = [size for place, size in enumerate(way) if place == 0 or size != way[place - 1]]
    inner = zip(way, way[1:], way[2:], strict=False)
    return [here for before, here, after in inner if (here > before) != (after > here)] + way[-1:]


def _unlike(recorded: Any, seen: Any) -> str:
    return f"\n    recorded {recorded}\n    seen     {seen}"
