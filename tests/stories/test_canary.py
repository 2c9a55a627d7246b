"""A canary's life, told step by step."""

from __future__ import annotations

from dataclasses import replace

from tests.support.world import World

from ferrata.model.rollout import Canary, ProgressThreshold, RolloutSpec, Step, ThresholdType
from ferrata.plan.rollout.canary.steps import Pause, SetCanaryScale, SetWeight


def basic(*steps: Step, replicas: int = 4, surge: int = 1, unavailable: int = 1) -> World:
    canary = Canary(steps=steps, max_surge=surge, max_unavailable=unavailable)
    return World(RolloutSpec("ns", "app", "uid", 1, replicas, canary))


def routed(*steps: Step, replicas: int = 4, **changes: object) -> World:
    canary = Canary(steps=steps, canary_service="c", stable_service="s", routed=True, **changes)  # type: ignore[arg-type]
    return World(RolloutSpec("ns", "app", "uid", 1, replicas, canary))


CLIMB = (SetWeight(25), Pause(), SetWeight(50), Pause(2, "2s"))


def test_the_first_release_needs_no_steps() -> None:
    world = basic(*CLIMB).run()
    assert (world.status.phase, world.status.stable_rs, world.status.current_step_index) == ("Healthy", "v1", 4)
    assert world.reasons() == [
        "RolloutUpdated",
        "NewReplicaSetCreated",
        "RolloutNotCompleted",
        "ScalingReplicaSet",
        "RolloutCompleted",
    ]


def test_a_release_climbs_pauses_and_is_promoted() -> None:
    world = basic(*CLIMB).run().release("v2").run()
    assert (world.status.phase, world.status.message) == ("Paused", "CanaryPauseStep")
    assert (world.pods("v2"), world.pods("v1")) == (1, 3)
    world.promote().run(seconds=1)
    assert (world.pods("v2"), world.pods("v1")) == (2, 2)
    world.run(seconds=5)
    assert (world.status.phase, world.status.stable_rs) == ("Healthy", "v2")
    assert (world.pods("v2"), world.pods("v1")) == (4, 0)
    assert world.reasons()[-1] == "RolloutCompleted"


def test_an_abort_brings_every_pod_back_and_a_retry_starts_again() -> None:
    world = basic(*CLIMB).run().release("v2").run().user(abort=True).run(seconds=1)
    assert world.status.phase == "Degraded"
    assert world.status.message == "RolloutAborted: Rollout aborted update to revision 2"
    assert (world.pods("v1"), world.pods("v2"), world.status.current_step_index) == (4, 0, 0)
    world.user(abort=False).run()
    assert (world.status.phase, world.status.message) == ("Paused", "CanaryPauseStep")
    assert "RolloutRetry" not in {c.reason for c in world.status.conditions}


def test_the_last_of_abort_and_full_promotion_wins() -> None:
    world = basic(*CLIMB).run().release("v2").run().user(promote_full=True, abort=True).run(seconds=1)
    assert (world.status.phase, world.status.promote_full) == ("Degraded", False)
    world.user(promote_full=True).run()
    assert (world.status.phase, world.status.stable_rs, world.status.abort) == ("Healthy", "v2", False)
    assert (world.pods("v1"), world.pods("v2")) == (0, 4)


def test_an_abort_when_nothing_is_released_changes_nothing() -> None:
    world = basic(*CLIMB).run()
    before = dict(world.revisions)
    world.user(abort=True).run()
    assert (world.status.phase, world.status.abort, world.revisions) == ("Healthy", False, before)


def test_a_full_promotion_skips_pauses() -> None:
    world = basic(*CLIMB).run().release("v2").run().user(promote_full=True).run()
    assert (world.status.phase, world.status.stable_rs, world.status.promote_full) == ("Healthy", "v2", False)


def test_going_back_to_the_stable_revision_skips_the_steps() -> None:
    world = basic(*CLIMB).run().release("v2").run().release("v1").run()
    assert (world.status.phase, world.status.stable_rs, world.pods("v1"), world.pods("v2")) == ("Healthy", "v1", 4, 0)
    assert "SkipSteps" in world.reasons()
    assert world.revisions["v1"].number == 3
    assert world.status.duration is not None
    assert world.status.duration.completion == "FastRolledBack"


def test_traffic_follows_pods_and_never_the_other_way() -> None:
    world = routed(*CLIMB).run()
    assert (world.weight, world.services["s"].selects, world.services["c"].selects) == (0, "v1", "v1")
    world.release("v2").run()
    assert (world.weight, world.services["c"].selects, world.pods("v2"), world.pods("v1")) == (25, "v2", 1, 4)
    world.promote().run(seconds=5)
    assert (world.weight, world.services["s"].selects, world.status.phase) == (0, "v2", "Healthy")
    assert (world.pods("v1"), bool(world.revisions["v1"].scale_down_deadline)) == (4, True)
    world.run(seconds=40)
    assert world.pods("v1") == 0
    assert not world.lost_requests, world.story()


def test_an_aborted_canary_loses_its_traffic_at_once_and_its_pods_later() -> None:
    world = routed(*CLIMB).run().release("v2").run().user(abort=True).run(seconds=1)
    assert (world.weight, world.services["c"].selects, world.pods("v2")) == (0, "v1", 1)
    world.run(seconds=40)
    assert (world.pods("v2"), world.status.phase) == (0, "Degraded")
    assert not world.lost_requests, world.story()


def test_an_explicit_zero_keeps_the_aborted_canary_up() -> None:
    world = routed(*CLIMB, abort_scale_down_delay=0).run().release("v2").run().user(abort=True).run(seconds=600)
    assert (world.weight, world.pods("v2")) == (0, 1)


def test_a_release_in_between_loses_its_traffic_before_its_pods() -> None:
    world = routed(*CLIMB).run().release("v2").run().release("v3").run()
    assert (world.pods("v2"), world.weight, world.services["c"].selects) == (0, 25, "v3")
    assert not world.lost_requests, world.story()


def test_a_canary_that_never_starts_gets_no_traffic_and_times_out() -> None:
    world = routed(*CLIMB).run()
    world.broken.add("v2")
    world.release("v2").run(seconds=601)
    assert (world.weight, world.status.phase) == (0, "Degraded")
    assert world.status.message == 'ProgressDeadlineExceeded: ReplicaSet "app-v2" has timed out progressing.'
    assert world.pods("v1") == 4


def test_a_deadline_may_abort() -> None:
    world = routed(*CLIMB)
    world.spec = replace(world.spec, progress_deadline_abort=True)
    world.run()
    world.broken.add("v2")
    world.release("v2").run(seconds=700)
    assert world.status.abort
    assert world.status.message.endswith('revision 2: ReplicaSet "app-v2" has timed out progressing.')


def test_the_canary_may_be_larger_than_its_traffic() -> None:
    world = routed(SetCanaryScale(replicas=3), SetWeight(10), Pause()).run().release("v2").run()
    assert (world.pods("v2"), world.weight) == (3, 10)


def test_scaling_in_the_middle_keeps_the_ratio() -> None:
    world = routed(*CLIMB).run().release("v2").run()
    world.spec = replace(world.spec, replicas=8, generation=3)
    world.run()
    assert (world.pods("v2"), world.pods("v1"), world.weight, world.status.phase) == (2, 8, 25, "Paused")


def test_a_paused_rollout_does_not_scale() -> None:
    world = basic(*CLIMB).run()
    world.spec = replace(world.spec, paused=True)
    world.release("v2").run()
    assert (world.status.phase, world.status.message, world.pods("v2")) == ("Paused", "manually paused", 0)
    world.spec = replace(world.spec, paused=False, generation=3)
    assert world.run().status.message == "CanaryPauseStep"


def test_only_so_many_old_revisions_keep_their_pods_for_the_delay() -> None:
    world = routed(SetWeight(50), scale_down_delay=600, scale_down_delay_revision_limit=1).run()
    for name in ("v2", "v3"):
        world.release(name).run()
    assert (world.pods("v1"), world.pods("v2"), world.pods("v3")) == (0, 4, 4)
    assert not world.lost_requests, world.story()


def test_a_threshold_lets_a_release_go_on_without_its_last_pods() -> None:
    threshold = ProgressThreshold(ThresholdType.PERCENT, 75)
    world = routed(SetWeight(100), Pause(), threshold=threshold).run().release("v2")
    world.tick()
    canary = world.revisions["v2"]
    world.revisions["v2"] = replace(canary, actual=4, ready=3, available=3)
    for _ in range(4):
        world.tick()
    assert (world.weight, world.status.current_step_index, world.status.message) == (100, 1, "CanaryPauseStep")
