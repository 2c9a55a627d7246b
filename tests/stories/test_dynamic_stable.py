"""dynamicStableScale: the stable revision gives pods up as its traffic goes, and gets them back before its traffic."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.world import World

from ferrata.model.rollout import Canary, RolloutSpec, Step
from ferrata.model.status import RolloutStatus, Weights
from ferrata.plan.rollout.canary import dynamic, sizes
from ferrata.plan.rollout.canary.steps import Pause, SetWeight
from ferrata.snapshot.rollout import Confirmation, Revision, RolloutSnapshot, RouteView

CLIMB = (SetWeight(25), Pause(), SetWeight(75), Pause())


def dynamic_world(*steps: Step, replicas: int = 4, **changes: object) -> World:
    canary = Canary(
        steps=steps or CLIMB,
        canary_service="c",
        stable_service="s",
        routed=True,
        dynamic_stable=True,
        **changes,  # type: ignore[arg-type]
    )
    return World(RolloutSpec("ns", "app", "uid", 1, replicas, canary))


def pods(world: World) -> tuple[int, int]:
    return world.pods("v1"), world.pods("v2")


def climbed(*steps: Step, **changes: object) -> World:
    """At the second pause of the climb."""
    world = dynamic_world(*steps, **changes).run().release("v2").run()  # type: ignore[arg-type]
    return world.promote().run()


def test_the_stable_revision_shrinks_as_its_traffic_goes() -> None:
    world = dynamic_world().run().release("v2").run()
    assert (world.weight, *pods(world)) == (25, 3, 1)
    world.promote().run()
    assert (world.weight, *pods(world)) == (75, 1, 3)
    world.promote().run(seconds=60)
    assert (world.status.phase, world.weight, *pods(world)) == ("Healthy", 0, 0, 4)
    assert not world.lost_requests, world.story()


def test_an_abort_waits_for_the_stable_pods_and_comes_down_from_landing_to_landing() -> None:
    world = climbed()
    world.settle()
    world.user(abort=True)
    before_pods_are_up = [world.tick() for _ in range(3)]
    assert before_pods_are_up[0]
    assert (world.weight, *pods(world)) == (75, 3, 3)
    weights = []
    for _ in range(20):
        world.settle()
        world.tick()
        weights.append(world.weight)
    assert list(dict.fromkeys(weights)) == [25, 0]
    assert (*pods(world), world.status.phase) == (4, 0, "Degraded")
    assert not world.lost_requests, world.story()


@pytest.mark.parametrize("delay", [0, 20])
def test_an_aborted_canary_that_keeps_its_pods_does_not_stop_the_way_back(delay: int) -> None:
    world = climbed(abort_scale_down_delay=delay).user(abort=True).run(seconds=60)
    assert (world.weight, *pods(world)) == (0, 4, 0 if delay else 3)


def test_a_canary_that_died_is_left_as_fast_as_the_stable_pods_come_up() -> None:
    world = climbed(SetWeight(20), Pause(), SetWeight(60), Pause(), replicas=10)
    world.broken.add("v2")
    world.settle()
    world.user(abort=True)
    world.tick()
    assert (world.weight, *pods(world)) == (60, 10, 6)
    stable = world.revisions["v1"]
    world.revisions["v1"] = replace(stable, actual=10, ready=7, available=7)
    world.tick()
    assert world.weight == 30
    world.run()
    assert (world.weight, *pods(world)) == (0, 10, 0)


def test_going_back_to_the_stable_revision_waits_for_its_pods() -> None:
    world = climbed().release("v1")
    world.tick()
    assert (world.weight, *pods(world)) == (75, 4, 3)
    world.run(seconds=60)
    assert (world.status.phase, world.weight, *pods(world)) == ("Healthy", 0, 4, 0)
    assert not world.lost_requests, world.story()


def test_a_second_release_gives_the_traffic_of_the_first_back_before_it_gets_any() -> None:
    world = climbed().release("v3")
    for _ in range(12):
        world.settle()
        world.tick()
        stable = world.revisions["v1"]
        assert stable.available * 100 >= (100 - (world.weight or 0)) * 4 - 99, world.story()
        assert world.services["c"].selects == "v2" or world.pods("v1") >= 3
    world.run()
    assert (world.weight, world.services["c"].selects, world.pods("v1"), world.pods("v3")) == (25, "v3", 3, 1)
    assert world.pods("v2") == 0
    assert not world.lost_requests, world.story()


def test_a_full_promotion_moves_traffic_as_pods_become_available() -> None:
    world = climbed().user(promote_full=True).run(seconds=60)
    assert (world.status.phase, world.status.stable_rs, *pods(world)) == ("Healthy", "v2", 0, 4)
    assert not world.lost_requests, world.story()


def test_scaling_in_the_middle_keeps_both_shares() -> None:
    world = climbed()
    world.spec = replace(world.spec, replicas=8, generation=9)
    world.run()
    assert (world.weight, *pods(world)) == (75, 2, 6)


def test_each_side_has_at_least_the_pods_that_every_revision_has() -> None:
    world = dynamic_world(SetWeight(5), Pause(), replicas=10, min_pods=2).run().release("v2").run()
    assert pods(world) == (10, 2)
    world = dynamic_world(SetWeight(95), Pause(), replicas=10, min_pods=2).run().release("v2").run()
    assert pods(world) == (2, 10)


def aborted(available: tuple[int, int], *, replicas: int = 10, weight: int = 60, steps: tuple[int, ...] = (20, 60)):  # type: ignore[no-untyped-def]
    """A snapshot in which (stable, canary) pods are available and the release is aborted at `weight`."""
    world = dynamic_world(*(SetWeight(w) for w in steps), replicas=replicas)
    stable, new = (
        Revision(f"app-{n}", n, i, size, size, size, size, world.now, replicas)
        for i, (n, size) in enumerate(zip(("v1", "v2"), available, strict=True), 1)
    )
    status = RolloutStatus(
        stable_rs="v1",
        current_pod_hash="v2",
        abort=True,
        current_step_index=0,
        weights=Weights(weight, 100 - weight, "v2", "v1"),
    )
    route = RouteView(weight, Confirmation.CONFIRMED)
    return RolloutSnapshot(world.spec, status, "v2", "", world.now, new=new, stable=stable, route=route)


def test_the_references_example_of_an_abort() -> None:
    s = aborted((4, 6))
    assert dynamic.landing_weight(s) == 20
    assert sizes.next_sizes(s, s.status) == sizes.Sizes(new=6, stable=8)


@pytest.mark.parametrize(
    ("available", "weight", "expected"),
    [
        ((4, 6), 60, 60),  # 40 carried, 80 needed for the landing at 20
        ((7, 6), 60, 60),
        ((8, 6), 60, 20),
        ((8, 2), 20, 20),  # nothing lower to land on: as low as the stable pods allow
        ((9, 2), 20, 10),
        ((10, 2), 20, 0),
        ((10, 2), 10, 0),
        ((0, 6), 60, 60),
    ],
)
def test_the_weight_of_an_aborted_canary_follows_the_stable_pods(
    available: tuple[int, int], weight: int, expected: int
) -> None:
    assert dynamic.rollback_weight(aborted(available, weight=weight)) == expected


def test_nothing_shrinks_while_the_gateway_has_not_confirmed_the_weight() -> None:
    s = aborted((10, 6), weight=20)
    s = replace(s, route=RouteView(20, Confirmation.PENDING))
    assert sizes.next_sizes(s, s.status) == sizes.Sizes(new=6, stable=10)
