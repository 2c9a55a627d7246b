"""Recordings in the project's own form: nothing is lost on the way, and each kind of difference is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.golden.compare import differences, is_subsequence, turns
from tests.golden.convert import converted
from tests.golden.facts import facts
from tests.golden.scenario import FOLDER, Scenario

FILES = sorted(FOLDER.glob("*.json"))
RECORDING = {
    "name": "demo",
    "what": "a release",
    "trace": [
        {"do": {"apply": {"kind": "Rollout", "url": "http://127.0.0.1:28999/v/5"}}},
        {"see": "Rollout/app", "state": {}},
        {"see": "ReplicaSet/app-1", "state": {"replicas": 4, "available": 0, "annotations": {"other": "x"}}},
        {"see": "Service/c", "state": {"selector": {"app": "app"}}},
        {"see": "Ingress/i", "state": {"backends": ["c"]}},
        {"do": {"verb": ["promote", "app"]}},
        {"said": "rollout 'app' promoted", "exit": 0},
        {
            "see": "Rollout/app",
            "state": {
                "annotations": {"rollout.argoproj.io/revision": "1"},
                "status": {
                    "phase": "Paused",
                    "message": "CanaryPauseStep",
                    "conditions": [{"type": "Paused", "status": "True", "reason": "R", "message": "M"}],
                    "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}],
                    "duration": {"totalManualPauseDurationSeconds": 7},
                },
            },
        },
        {"see": "Rollout/app", "state": {"status": {"phase": "Healthy"}}},
        {"see": "Event", "state": {"object": "Rollout", "type": "Normal", "reason": "R", "message": "of rec-demo/app"}},
        {"see": "Event", "state": {"object": "Pod", "type": "Normal", "reason": "Scheduled", "message": "x"}},
    ],
}


def test_a_recording_becomes_what_changed_line_by_line() -> None:
    scenario = converted(RECORDING)
    assert scenario.lines[0]["do"]["apply"]["url"] == "http://WEB/v/5"
    assert scenario.answers == [["rollout 'app' promoted", 0]]
    assert scenario.events("Rollout") == [["Normal", "R", "of NAMESPACE/app"]]
    assert scenario.history("Rollout/app", "phase") == [None, ["Paused", "CanaryPauseStep"], ["Healthy", ""]]
    assert scenario.final() == {
        "Rollout/app": {"phase": ["Healthy", ""]},
        "ReplicaSet/app-1": {"replicas": 4, "available": 0},
        "Service/c": {"selector app": "app"},
        "Ingress/i": {"backends": ["c"]},
    }


def test_instants_and_what_depends_on_them_are_left_out() -> None:
    paused = converted(RECORDING).lines[6]["now"]
    assert paused["pauseConditions"] == [{"reason": "CanaryPauseStep", "startTime": "<time>"}]
    assert paused["duration.totalManualPauseDurationSeconds"] == "<seconds>"


def test_lists_of_named_things_are_entered_by_name() -> None:
    status = {"metricResults": [{"name": "m", "count": 2, "measurements": [{"value": "5"}]}]}
    found = facts("AnalysisRun", {"metadata": {"labels": {"rollout-type": "Step"}}, "status": status})
    assert found == {
        "metricResults.m.count": 2,
        "metricResults.m.measurements": [{"value": "5"}],
        "label rollout-type": "Step",
    }


def test_an_unknown_entry_is_named() -> None:
    with pytest.raises(ValueError, match="demo: unknown entry"):
        converted(RECORDING | {"trace": [{"saw": "Rollout/app"}]})


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_written_as_it_is_read_and_agrees_with_itself(file: Any) -> None:
    scenario = Scenario.load(file)
    assert scenario.dump() == file.read_text("utf-8")
    assert scenario.name == file.stem
    assert differences(scenario, scenario) == {}


STEPS = Scenario.load(FOLDER / "nginx-steps.json")


def changed(place: int, **now: Any) -> Scenario:
    """The scenario with one line of it changed."""
    line = STEPS.lines[place]
    facts = line["now"] | now if isinstance(line["now"], dict) else now["event"]
    return replace(STEPS, lines=(*STEPS.lines[:place], line | {"now": facts}, *STEPS.lines[place + 1 :]))


def place_of(thing: str, fact: str, value: Any) -> int:
    return next(
        place
        for place, line in enumerate(STEPS.lines)
        if line.get("see") == thing and isinstance(line["now"], dict) and line["now"].get(fact) == value
    )


WEIGHT = "annotation nginx.ingress.kubernetes.io/canary-weight"


@pytest.mark.parametrize(
    ("seen", "aspects"),
    [
        (changed(place_of("Ingress/app-i-canary", WEIGHT, "60"), **{WEIGHT: "61"}), {f"Ingress/app-i-canary {WEIGHT}"}),
        (
            changed(place_of("Rollout/app", "phase", ["Paused", "CanaryPauseStep"]), phase=["Paused", "why"]),
            {"Rollout/app phase"},
        ),
        (
            replace(STEPS, lines=tuple(line | ({"exit": 1} if "exit" in line else {}) for line in STEPS.lines)),
            {"answers"},
        ),
        (
            replace(STEPS, lines=tuple(line for line in STEPS.lines if line.get("see") != "Service/s")),
            {"Service/s (end)"},
        ),
        (
            replace(STEPS, lines=tuple(line for line in STEPS.lines if "RolloutPaused" not in json.dumps(line))),
            {"events Rollout"},
        ),
    ],
    ids=["a weight", "a message", "an answer", "an object", "an event"],
)
def test_each_difference_is_noticed(seen: Scenario, aspects: set[str]) -> None:
    assert aspects <= differences(STEPS, seen).keys()


def test_a_value_at_rest_is_compared_where_it_was_recorded() -> None:
    before = place_of("Ingress/app-i-canary", WEIGHT, "10")
    late = (
        *STEPS.lines[:before],
        *STEPS.lines[before + 1 : before + 20],
        STEPS.lines[before],
        *STEPS.lines[before + 20 :],
    )
    assert f"Ingress/app-i-canary {WEIGHT} (after deed 6)" in differences(STEPS, replace(STEPS, lines=late))


def test_states_in_between_may_be_skipped_but_not_added() -> None:
    assert is_subsequence([1, 3], [1, 2, 3])
    assert not is_subsequence([1, 2, 1], [1, 2, 3])


@pytest.mark.parametrize(
    ("history", "expected"),
    [([None, 0, 2, 4], [4]), ([1, 2, 3, 4], [4]), ([4, 3, 4, 2, 0], [4, 3, 4, 0]), ([0], [0]), ([], [0])],
)
def test_a_way_is_told_by_its_turns(history: list[int | None], expected: list[int]) -> None:
    assert turns(history) == expected
