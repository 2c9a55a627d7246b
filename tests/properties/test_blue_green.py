"""What holds for every blue-green release, whatever users do and wherever the process dies."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.deeds import BLUE_GREEN, do
from tests.support.world import World

from ferrata.model.rollout import BlueGreen, RolloutSpec


def _world(replicas: int, strategy: BlueGreen) -> World:
    return World(RolloutSpec("ns", "app", "uid", 1, replicas, strategy, "app=app", "app=app,hash={}"))


STRATEGIES = st.builds(
    BlueGreen,
    active_service=st.just("a"),
    preview_service=st.sampled_from(["", "p"]),
    preview_replicas=st.sampled_from([None, 1, 2]),
    promotes_itself=st.booleans(),
    promotion_seconds=st.sampled_from([0, 3]),
    scale_down_delay=st.sampled_from([None, 0, 5]),
    scale_down_delay_revision_limit=st.sampled_from([None, 0, 1]),
    abort_scale_down_delay=st.sampled_from([None, 0, 5]),
    pre_promotion_analysis=st.booleans(),
    post_promotion_analysis=st.booleans(),
)
WORLDS = st.builds(_world, st.integers(1, 5), STRATEGIES)
DEEDS = st.lists(st.sampled_from(BLUE_GREEN), max_size=7)


def check(world: World) -> None:
    """Users are served by something, and an aborted release by nothing but the stable revision once that can."""
    assert not world.lost_requests, f"{world.lost_requests}\n{world.story()}"


def _state(world: World) -> dict[str, object]:
    status = world.status
    return {
        "phase": (status.phase, status.message),
        "stable": status.stable_rs,
        "services": {name: view.selects for name, view in world.services.items()},
        "sizes": {name: revision.replicas for name, revision in world.revisions.items()},
        "checkpoint": status.blue_green.checkpoint,
        "unfinished": world.unfinished(),
    }


@settings(max_examples=150, deadline=None)
@given(world=WORLDS, deeds=DEEDS, data=st.data())
def test_killed_at_any_write_a_release_ends_where_it_would_have_ended(
    world: World, deeds: list[str], data: st.DataObject
) -> None:
    undisturbed = World(world.spec)
    for w in (undisturbed, world):
        w.run()
    for deed in deeds:
        do(undisturbed, deed)
        undisturbed.run(seconds=2)
        do(world, deed)
        for _ in range(data.draw(st.integers(0, 4))):
            world.settle()
            world.tick(killed_after=data.draw(st.integers(0, 4)))
            check(world)
        world.run(seconds=2)
        check(world)
    for w in (undisturbed, world):
        w.broken.clear()
        w.run(seconds=3000)
    assert _state(undisturbed) == _state(world), f"{world.story()}\n--- undisturbed\n{undisturbed.story()}"


@settings(max_examples=150, deadline=None)
@given(world=WORLDS, deeds=DEEDS)
def test_every_story_ends_healthy_paused_analysed_or_aborted(world: World, deeds: list[str]) -> None:
    world.run()
    for deed in deeds:
        do(world, deed)
        world.run(seconds=2)
        check(world)
    world.broken.clear()
    world.run(seconds=3000)
    status = world.status
    assert status.phase in {"Healthy", "Paused", "Degraded"} or world.unfinished(), f"{status}\n{world.story()}"
    if status.phase == "Degraded":
        assert status.abort, world.story()
    if status.phase == "Healthy":
        assert world.services["a"].selects == world.template == status.stable_rs, world.story()


@settings(max_examples=80, deadline=None)
@given(world=WORLDS, deeds=DEEDS)
def test_an_abort_brings_users_back_to_the_stable_revision(world: World, deeds: list[str]) -> None:
    world.run()
    for deed in deeds:
        do(world, deed)
        world.run(seconds=2)
    world.broken.clear()
    if not world.services["a"].selects:
        world.edit(paused=False)  # A Service that was applied anew stays as it is while the rollout is held.
    world.user(abort=True).run(seconds=3000)
    assert world.services["a"].selects == world.status.stable_rs, world.story()
    assert world.pods(world.status.stable_rs) == world.spec.replicas
    check(world)


@settings(max_examples=80, deadline=None)
@given(world=WORLDS, deeds=DEEDS)
def test_nothing_is_written_when_nothing_happens(world: World, deeds: list[str]) -> None:
    world.run()
    for deed in deeds:
        do(world, deed)
        world.run(seconds=2)
    assert not world.tick(), world.story()
