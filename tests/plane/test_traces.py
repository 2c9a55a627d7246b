"""Scenarios recorded from Argo Rollouts, played again with the stock plugin: a client sees and hears the same.

Each file in tests/golden/traces holds what was done and what was seen (tests/golden/scenario.py says how, compare.py
what has to agree). What differs on purpose is listed below with its reason; a listed difference that is gone has to
leave the list. Several are played at a time, each in a namespace of its own. `NOT_YET` names those whose feature is
missing. The text of a failure is a timeline: for each deed what was recorded, and what was seen and decided.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase

import pytest
from tests.cluster import Plane
from tests.golden.compare import differences
from tests.golden.scenario import FOLDER, Scenario
from tests.plane.operator import Operator
from tests.plane.replay import Diary, Recorder, Stage, Web, chapters, new_namespace
from tests.support.timeline import decisions

pytestmark = pytest.mark.plane
SCENARIOS = {file.stem: Scenario.load(file) for file in sorted(FOLDER.glob("*.json"))}
AT_ONCE = 6
SECONDS_TO_SETTLE = 15.0
SECONDS_OF_WHAT_IS_NOT_YET = 8.0

NOT_YET = {
    "analysis-bluegreen": "the web provider",
    "analysis-step-error": "the web provider",
    "analysis-step-fail": "the web provider",
    "analysis-step-pass": "the web provider",
    "experiment-step": "experiment steps",
    "workload-ref": "workloadRef",
}
"""Scenarios whose feature is still missing. Whoever brings it takes the name out, because then the test fails."""

EVERYWHERE: dict[str, str] = {
    "Rollout/app observedGeneration (end)": "the recorded controller writes defaults into the spec, which makes another"
    " generation of it; here nobody but its user writes a spec",
}
"""Aspects that differ, in every scenario or in some, and why."""

_TRAFFIC_FIRST = "the weight leaves the canary Service before it is pointed at the stable revision, not after"
_FLAPS = (
    "the recorded controller switches the Service back and forth until the canary is scaled down, and stops anywhere"
)
DIFFERENT: dict[str, dict[str, str]] = {
    "canary-abort-retry": {"Rollout/app abort (end)": "what is not asked for is left out rather than false"},
    "nginx-abort": {
        "events Rollout": _TRAFFIC_FIRST,
        "Service/c selector rollouts-pod-template-hash (*)": _FLAPS,
        "Rollout/app canary.weights.canary.podTemplateHash (end)": _FLAPS,
    },
    "nginx-dynamic-stable": {
        "events Rollout": "the recorded controller drops the events of an object after the first 25 of a burst; here"
        " all are told",
        "Rollout/app canary.weights.canary.podTemplateHash (end)": _FLAPS,
    },
}
"""By scenario, the aspects that differ on purpose, and why."""


@dataclass(frozen=True)
class Replay:
    """How a scenario went: what was waited for in vain, what differs without being listed, and its timeline."""

    missed: str | None
    unexpected: dict[str, str]
    no_longer: list[str]
    timeline: str


class Theatre:
    """Plays scenarios, several at a time."""

    def __init__(self, plane: Plane, operator: Operator) -> None:
        self._plane, self._operator = plane, operator
        self._recorder, self._web = Recorder(plane.api), Web()
        self._pool = ThreadPoolExecutor(AT_ONCE, "scenario")
        self._replays: dict[str, Future[Replay]] = {}

    def begin(self, names: list[str]) -> None:
        """Queues scenarios, the longest first, so that none is left over at the end."""
        for name in sorted(names, key=lambda name: -_seconds(SCENARIOS[name])):
            self._replays[name] = self._pool.submit(self._play, SCENARIOS[name])

    def replay(self, name: str) -> Replay:
        """How it went, once it is over."""
        found = self._replays[name].result()
        assert self._recorder.failure is None, self._recorder.failure
        return found

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._recorder.end()
        self._web.stop()

    def _play(self, scenario: Scenario) -> Replay:
        namespace = f"trace-{scenario.name}"
        diary = self._recorder.diary(namespace)
        new_namespace(self._plane.api, namespace)
        patience = SECONDS_OF_WHAT_IS_NOT_YET if scenario.name in NOT_YET else 60.0
        stage = Stage(self._plane, namespace, self._web.address, diary, patience)
        missed = stage.play(scenario)
        unexpected = _settle(scenario, diary, 0 if scenario.name in NOT_YET else SECONDS_TO_SETTLE)
        seen = diary.scenario(scenario)
        decided = list(decisions(self._operator.log, namespace))
        timeline = "\n".join(chapters(scenario, seen, diary.instants, decided))
        self._plane.api.delete(f"/api/v1/namespaces/{namespace}")
        differing = differences(scenario, seen)
        no_longer = [aspect for aspect in DIFFERENT.get(scenario.name, {}) if not _matching(aspect, differing)]
        return Replay(missed, unexpected, no_longer, timeline)


def _seconds(scenario: Scenario) -> float:
    """About how long it takes: what it sleeps, and a second for everything else."""
    return sum(deed["do"].get("sleep", 1.0) for deed in scenario.deeds)


def _settle(scenario: Scenario, diary: Diary, seconds: float) -> dict[str, str]:
    """What differs without being listed, when nothing does any more or after so many seconds."""
    deadline = time.monotonic() + seconds
    diary.until(lambda _: not _unexpected(scenario, diary.scenario(scenario)), deadline - time.monotonic())
    return _unexpected(scenario, diary.scenario(scenario))


def _unexpected(scenario: Scenario, seen: Scenario) -> dict[str, str]:
    listed = EVERYWHERE | DIFFERENT.get(scenario.name, {})
    return {
        aspect: text
        for aspect, text in differences(scenario, seen).items()
        if not any(fnmatchcase(aspect, pattern) for pattern in listed)
    }


def _matching(pattern: str, differing: dict[str, str]) -> list[str]:
    return [aspect for aspect in differing if fnmatchcase(aspect, pattern)]


@pytest.fixture(scope="module")
def theatre(plane: Plane, operator: Operator, request: pytest.FixtureRequest) -> Iterator[Theatre]:
    """Plays the scenarios of the tests that were selected."""
    asked = [
        item.callspec.params["name"] for item in request.session.items if item.nodeid.startswith(request.node.nodeid)
    ]
    theatre = Theatre(plane, operator)
    theatre.begin(asked)
    yield theatre
    theatre.close()


def _param(name: str) -> object:
    if name not in NOT_YET:
        return pytest.param(name)
    return pytest.param(name, marks=pytest.mark.xfail(reason=f"not yet: {NOT_YET[name]}", strict=True))


@pytest.mark.parametrize("name", [_param(name) for name in SCENARIOS])
def test_a_recorded_scenario_goes_as_it_did(name: str, theatre: Theatre) -> None:
    replay = theatre.replay(name)
    unexpected = "".join(f"\n  {aspect}:{text}" for aspect, text in replay.unexpected.items())
    if replay.missed is not None:
        pytest.fail(f"{name} waited {replay.missed}{unexpected}\n{replay.timeline}", pytrace=False)
    if replay.unexpected:
        pytest.fail(f"{name} differs from its recording in{unexpected}\n{replay.timeline}", pytrace=False)
    assert not replay.no_longer, f"{name} no longer differs in {replay.no_longer}: take it out of DIFFERENT"
