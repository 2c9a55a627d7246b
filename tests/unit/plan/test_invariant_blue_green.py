"""Plans for a blue-green release that must never be carried out, each refused with a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.world import START

from ferrata.model.rollout import BlueGreen, RolloutSpec
from ferrata.model.status import RolloutStatus
from ferrata.plan.actions import Action, Phase, Plan, PointService, ScaleRevision
from ferrata.plan.rollout.invariant import broken_by
from ferrata.snapshot.rollout import Revision, RolloutSnapshot, ServiceView

STABLE = Revision("app-v1", "v1", 1, 3, 3, 3, 3, START, 3)
NEW = Revision("app-v2", "v2", 2, 3, 3, 3, 3, START, 3)


def snapshot(active: str = "v1", **changes: object) -> RolloutSnapshot:
    services = {"a": ServiceView("a", active, "app"), "p": ServiceView("p", "v2", "app")}
    given = RolloutSnapshot(
        spec=RolloutSpec("ns", "app", "uid", 1, 3, BlueGreen("a", "p")),
        status=RolloutStatus(stable_rs="v1", current_pod_hash="v2"),
        template_hash="v2",
        step_hash="",
        now=START,
        new=NEW,
        stable=STABLE,
        services=services,
    )
    return replace(given, **changes)  # type: ignore[arg-type]


def plan(*actions: Action, abort: bool = False) -> Plan:
    return Plan(actions, RolloutStatus(abort=abort), (), "")


def scaled(name: str, replicas: int) -> ScaleRevision:
    return ScaleRevision(name, replicas, Phase.SHRINK)


@pytest.mark.parametrize(
    ("given", "asked", "fault"),
    [
        (
            snapshot(new=replace(NEW, available=0)),
            plan(PointService("a", "v2", "v1")),
            "Service a would select revision v2, which has no available pod",
        ),
        (
            snapshot(),
            plan(PointService("a", "v9", "v1")),
            "Service a would select revision v9, which has no available pod",
        ),
        (
            snapshot(),
            plan(PointService("a", "v2", "v1"), abort=True),
            "Service a would select revision v2, which is aborted",
        ),
        (snapshot(), plan(scaled("app-v1", 0)), "the stable revision app-v1 would be scaled to zero"),
        (snapshot(), plan(scaled("app-v1", 2)), "revision app-v1 would lose pods while a selects it"),
        (snapshot("v2"), plan(scaled("app-v2", 1)), "revision app-v2 would lose pods while a selects it"),
        (
            snapshot(),
            plan(PointService("a", "v2", "v1"), scaled("app-v2", 1)),
            "revision app-v2 would lose pods while a selects it",
        ),
        (snapshot(), plan(scaled("app-v2", 0)), "revision app-v2 would be scaled to zero while p selects it"),
    ],
)
def test_it_is_refused(given: RolloutSnapshot, asked: Plan, fault: str) -> None:
    assert broken_by(given, asked) == fault


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (snapshot(new=replace(NEW, available=0)), plan(PointService("p", "v2", "v1"))),
        (snapshot("v2"), plan(PointService("a", "v1", "v2"), abort=True)),
        (snapshot(), plan(scaled("app-v2", 0), abort=True)),
        (snapshot(), plan(scaled("app-v2", 1))),
        (snapshot(stable=replace(STABLE, replicas=5)), plan(scaled("app-v1", 3))),
    ],
)
def test_it_may_be_done(given: RolloutSnapshot, asked: Plan) -> None:
    assert broken_by(given, asked) is None
