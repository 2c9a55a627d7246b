"""What holds for every release, whatever users do and wherever the process dies."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.deeds import RELEASE, do
from tests.support.world import World

from ferrata.model.rollout import Canary, RolloutSpec
from ferrata.plan.rollout.canary.steps import Pause, SetCanaryScale, SetWeight

STEPS = st.lists(
    st.one_of(
        st.integers(0, 100).map(SetWeight),
        st.sampled_from([Pause(), Pause(1, "1s")]),
        st.integers(1, 6).map(lambda n: SetCanaryScale(replicas=n)),
    ),
    max_size=5,
).map(tuple)
ROUTED = st.builds(
    lambda steps, replicas, delay, is_dynamic: World(
        RolloutSpec(
            "ns",
            "app",
            "uid",
            1,
            replicas,
            Canary(
                steps=steps,
                canary_service="c",
                stable_service="s",
                routed=True,
                scale_down_delay=None if is_dynamic else delay,
                dynamic_stable=is_dynamic,
            ),
        )
    ),
    STEPS,
    st.integers(1, 6),
    st.sampled_from([None, 0, 5]),
    st.booleans(),
)
BASIC = st.builds(
    lambda steps, replicas, surge, unavailable: World(
        RolloutSpec(
            "ns",
            "app",
            "uid",
            1,
            replicas,
            Canary(
                steps=tuple(s for s in steps if not isinstance(s, SetCanaryScale)),
                max_surge=surge,
                max_unavailable=min(replicas, unavailable if surge or unavailable else 1),
            ),
        )
    ),
    STEPS,
    st.integers(1, 6),
    st.integers(0, 2),
    st.integers(0, 2),
)
DEEDS = st.lists(st.sampled_from(RELEASE), max_size=6)


def check(world: World) -> None:
    """Between any two writes: a split is a split, nothing is sent where nobody is, no pods beyond the surge."""
    if world.weight is not None:
        assert 0 <= world.weight <= world.spec.canary.max_weight
    assert not world.lost_requests, f"{world.lost_requests}\n{world.story()}"


@settings(max_examples=300, deadline=None)
@given(world=st.one_of(ROUTED, BASIC), deeds=DEEDS, data=st.data())
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
    ends = [
        (w.status.phase, w.status.message, w.status.stable_rs, w.status.current_step_index, w.weight)
        for w in (undisturbed, world)
    ]
    sizes = [{name: r.replicas for name, r in w.revisions.items()} for w in (undisturbed, world)]
    assert ends[0] == ends[1], f"{world.story()}\n--- undisturbed\n{undisturbed.story()}"
    assert sizes[0] == sizes[1], f"{world.story()}\n--- undisturbed\n{undisturbed.story()}"


@settings(max_examples=300, deadline=None)
@given(world=st.one_of(ROUTED, BASIC), deeds=DEEDS)
def test_every_story_ends_healthy_paused_or_aborted(world: World, deeds: list[str]) -> None:
    world.run()
    for deed in deeds:
        do(world, deed)
        world.run(seconds=2)
    world.broken.clear()
    world.run(seconds=3000)
    assert world.status.phase in {"Healthy", "Paused", "Degraded"}, f"{world.status}\n{world.story()}"
    if world.status.phase == "Degraded":
        assert world.status.abort, world.story()


@settings(max_examples=200, deadline=None)
@given(world=ROUTED, steps=st.integers(1, 8))
def test_an_abort_never_raises_the_canarys_weight(world: World, steps: int) -> None:
    world.run()
    world.release("v2")
    for _ in range(steps):
        world.settle()
        world.tick()
    world.user(abort=True)
    weight = world.weight or 0
    while world.tick():
        world.settle()
        assert (world.weight or 0) <= weight
        weight = world.weight or 0
    assert weight == 0 or world.status.stable_rs == "v2"


@settings(max_examples=300, deadline=None)
@given(world=BASIC, deeds=DEEDS)
def test_pods_stay_within_surge_and_availability(world: World, deeds: list[str]) -> None:
    world.run()
    canary = world.spec.canary
    for deed in [d for d in deeds if d in {"promote", "abort", "retry", "v2", "v3", "v1", "full"}]:
        do(world, deed)
        for _ in range(12):
            world.tick()
            pods = sum(r.replicas for r in world.revisions.values())
            assert pods <= world.spec.replicas + canary.max_surge + 0, world.story()
            available = sum(r.available for r in world.revisions.values())
            assert available >= world.spec.replicas - canary.max_unavailable, world.story()
            world.settle()
