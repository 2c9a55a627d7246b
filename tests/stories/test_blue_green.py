"""A blue-green release, told step by step."""

from __future__ import annotations

import pytest
from tests.support.world import World

from ferrata.model.rollout import BlueGreen, RolloutSpec

PRE, POST = "PrePromotion", "PostPromotion"


def blue_green(*, replicas: int = 3, preview: str = "p", **changes: object) -> World:
    strategy = BlueGreen("a", preview, **changes)  # type: ignore[arg-type]
    spec = RolloutSpec("ns", "app", "uid", 1, replicas, strategy, "app=app", "app=app,rollouts-pod-template-hash={}")
    return World(spec)


def manual(**changes: object) -> World:
    return blue_green(promotes_itself=False, **changes)


def active(world: World) -> str:
    return world.services["a"].selects


def preview(world: World) -> str:
    return world.services["p"].selects


def phase(world: World) -> tuple[str, str]:
    return world.status.phase, world.status.message


def condition(world: World, type_: str) -> tuple[str, str]:
    found = world.status.condition(type_)
    return (found.status, found.reason) if found else ("", "")


class TestFirstRelease:
    def test_it_is_stable_at_once_and_active_when_all_of_it_is_available(self) -> None:
        world = manual()
        world.tick()
        assert (world.status.stable_rs, active(world), preview(world)) == ("v1", "", "v1")
        assert phase(world) == ("Progressing", "more replicas need to be updated")
        world.run()
        assert (active(world), phase(world)) == ("v1", ("Healthy", ""))

    def test_it_is_told_as_clients_know_it(self) -> None:
        world = manual().run()
        assert world.reasons() == [
            "RolloutUpdated",
            "NewReplicaSetCreated",
            "SwitchService",
            "ScalingReplicaSet",
            "RolloutCompleted",
            "SwitchService",
        ]
        assert ("RolloutCompleted", "Rollout completed update to revision 1 (v1): Initial deploy") in world.events

    def test_it_needs_neither_promotion_nor_analysis(self) -> None:
        world = manual(pre_promotion_analysis=True, post_promotion_analysis=True, preview_replicas=1).run()
        assert (phase(world), world.runs, world.pods("v1")) == (("Healthy", ""), {}, 3)

    def test_without_pods_it_is_healthy_too(self) -> None:
        world = manual(replicas=0).run()
        assert (phase(world), active(world)) == (("Healthy", ""), "v1")


class TestSwitch:
    def test_by_itself(self) -> None:
        world = blue_green().run().release("v2").run()
        assert (phase(world), active(world), world.status.stable_rs) == (("Healthy", ""), "v2", "v2")
        assert (world.pods("v1"), bool(world.revisions["v1"].scale_down_deadline)) == (3, True)
        assert world.reasons()[6:] == [
            "RolloutUpdated",
            "NewReplicaSetCreated",
            "SwitchService",
            "RolloutNotCompleted",
            "ScalingReplicaSet",
            "SwitchService",
            "RolloutCompleted",
        ]
        world.run(seconds=31)
        assert world.pods("v1") == 0

    def test_by_hand(self) -> None:
        world = manual().run().release("v2").run(seconds=3600)
        assert (phase(world), active(world), preview(world)) == (("Paused", "BlueGreenPause"), "v1", "v2")
        assert world.status.controller_pause
        assert (world.status.replicas, world.status.updated_replicas, world.status.available_replicas) == (6, 3, 3)
        world.promote().run()
        assert (phase(world), active(world), world.status.controller_pause) == (("Healthy", ""), "v2", False)
        assert world.status.duration is not None
        assert world.status.duration.manual_pause_seconds == 3600
        assert "RolloutResumed" not in world.reasons()

    def test_after_seconds(self) -> None:
        world = blue_green(promotion_seconds=10).run().release("v2").run(seconds=9)
        assert phase(world) == ("Paused", "BlueGreenPause")
        world.run(seconds=3)
        assert (phase(world), active(world)) == (("Healthy", ""), "v2")
        assert world.reasons()[-3:] == ["SwitchService", "RolloutCompleted", "RolloutResumed"]
        assert world.status.duration is not None
        assert world.status.duration.manual_pause_seconds is None

    def test_by_hand_before_the_seconds_are_over(self) -> None:
        world = blue_green(promotion_seconds=3600).run().release("v2").run().promote().run()
        assert (phase(world), active(world)) == (("Healthy", ""), "v2")

    def test_seconds_promote_nothing_that_is_promoted_by_hand(self) -> None:
        world = manual(promotion_seconds=5).run().release("v2").run(seconds=3600)
        assert phase(world) == ("Paused", "BlueGreenPause")

    def test_a_promotion_is_kept_while_pods_come_and_go(self) -> None:
        world = manual().run().release("v2").run()
        world.broken.add("v2")
        world.settle()
        world.promote()
        world.tick()
        assert active(world) == "v1"
        world.broken.clear()
        world.run()
        assert (phase(world), active(world)) == (("Healthy", ""), "v2")

    def test_never_before_every_pod_is_available(self) -> None:
        world = blue_green().run()
        world.broken.add("v2")
        world.release("v2").run(seconds=601)
        assert (active(world), world.status.phase) == ("v1", "Degraded")
        assert world.status.message == 'ProgressDeadlineExceeded: ReplicaSet "app-v2" has timed out progressing.'
        world.broken.clear()
        world.run()
        assert (active(world), phase(world)) == ("v2", ("Healthy", ""))

    def test_a_deadline_may_abort(self) -> None:
        world = blue_green().edit(progress_deadline_abort=True).run()
        world.broken.add("v2")
        world.release("v2").run(seconds=700)
        assert (world.status.abort, active(world), world.pods("v2")) == (True, "v1", 0)

    def test_a_pause_is_longer_than_the_deadline(self) -> None:
        world = manual().run().release("v2").run(seconds=3600)
        assert condition(world, "Progressing") == ("Unknown", "RolloutPaused")

    def test_without_a_preview_service(self) -> None:
        world = manual(preview="").run().release("v2").run()
        assert (phase(world), world.status.blue_green.preview) == (("Paused", "BlueGreenPause"), "")
        world.promote().run()
        assert phase(world) == ("Healthy", "")


class TestPreviewSize:
    def test_a_preview_of_one_grows_before_it_is_switched_to(self) -> None:
        world = manual(preview_replicas=1).run().release("v2").run()
        assert (phase(world), world.pods("v2")) == (("Paused", "BlueGreenPause"), 1)
        assert (world.status.replicas, world.status.updated_replicas, world.status.hpa_replicas) == (4, 1, 3)
        world.promote()
        world.tick()
        assert (world.status.blue_green.checkpoint, active(world)) == (True, "v1")
        world.run()
        assert (phase(world), active(world), world.pods("v2")) == (("Healthy", ""), "v2", 3)
        assert not world.status.blue_green.checkpoint

    def test_a_full_promotion_needs_all_pods(self) -> None:
        world = manual(preview_replicas=1).run().release("v2").run().user(promote_full=True).run()
        assert (phase(world), active(world), world.pods("v2")) == (("Healthy", ""), "v2", 3)
        assert ("RolloutCompleted", "Rollout completed update to revision 2 (v2): Full promotion requested") in (
            world.events
        )

    def test_scaling_leaves_the_preview_alone(self) -> None:
        world = manual(preview_replicas=1).run().release("v2").run().edit(replicas=6).run()
        assert (world.pods("v1"), world.pods("v2"), phase(world)) == (6, 1, ("Paused", "BlueGreenPause"))

    def test_a_new_revision_is_looked_at_again(self) -> None:
        world = manual(preview_replicas=1).run().release("v2").run().promote()
        world.tick()
        assert world.status.blue_green.checkpoint
        world.release("v3").run()
        assert (phase(world), world.status.blue_green.checkpoint) == (("Paused", "BlueGreenPause"), False)
        assert (world.pods("v3"), active(world), preview(world)) == (1, "v1", "v3")


class TestAnalysis:
    def test_both_sides_of_the_switch_are_analysed(self) -> None:
        world = blue_green(pre_promotion_analysis=True, post_promotion_analysis=True).run().release("v2").run()
        assert (phase(world), active(world)) == (("Progressing", "active service cutover pending"), "v1")
        world.judge(PRE, "Successful").run()
        assert (phase(world), active(world)) == (("Progressing", "waiting for analysis to complete"), "v2")
        assert (condition(world, "Healthy")[0], condition(world, "Completed")[0]) == ("True", "False")
        assert (world.status.stable_rs, world.pods("v1")) == ("v1", 3)
        assert not world.revisions["v1"].scale_down_deadline
        world.judge(POST, "Successful").run()
        assert (phase(world), world.status.stable_rs) == (("Healthy", ""), "v2")
        assert [text for reason, text in world.events if reason == "AnalysisRunSuccessful"] == [
            "PrePromotion Analysis Run 'app-v2-2-PrePromotion' Status New: 'Successful' Previous: ''",
            "PostPromotion Analysis Run 'app-v2-2-PostPromotion' Status New: 'Successful' Previous: ''",
        ]
        assert world.status.blue_green.pre_run is not None
        assert world.status.blue_green.post_run is not None

    def test_a_failure_before_the_switch_aborts(self) -> None:
        world = blue_green(pre_promotion_analysis=True).run().release("v2").run().judge(PRE, "Failed", "bad").run()
        assert (world.status.phase, active(world), preview(world)) == ("Degraded", "v1", "v2")
        assert world.status.message == (
            "RolloutAborted: Rollout aborted update to revision 2: "
            "Blue/green pre-promotion analysis phase error/failed: bad"
        )
        world.run(seconds=31)
        assert world.pods("v2") == 0

    def test_a_failure_after_the_switch_switches_back(self) -> None:
        world = blue_green(post_promotion_analysis=True, scale_down_delay=1).run().release("v2").run()
        assert active(world) == "v2"
        world.judge(POST, "Error").run()
        assert (world.status.phase, active(world), world.pods("v2")) == ("Degraded", "v1", 3)
        assert world.status.message.endswith("Blue/green post-promotion analysis phase error/failed")
        world.run(seconds=60)
        assert (world.pods("v1"), world.pods("v2"), active(world)) == (3, 0, "v1")
        assert not world.lost_requests, world.story()

    def test_the_pause_comes_after_the_analysis(self) -> None:
        world = manual(pre_promotion_analysis=True).run().release("v2").run()
        assert phase(world) == ("Progressing", "active service cutover pending")
        world.judge(PRE, "Successful").run()
        assert phase(world) == ("Paused", "BlueGreenPause")
        assert len(world.runs) == 1

    def test_an_inconclusive_one_waits_and_is_made_again(self) -> None:
        world = manual(pre_promotion_analysis=True).run().release("v2").run().judge(PRE, "Inconclusive").run()
        assert phase(world) == ("Paused", "InconclusiveAnalysisRun")
        world.promote().run()
        assert world.unfinished() == ["app-v2-2-PrePromotion.1"]
        world.judge(PRE, "Successful").run()
        assert (phase(world), active(world)) == (("Paused", "BlueGreenPause"), "v1")
        world.promote().run()
        assert active(world) == "v2"

    def test_pods_that_come_and_go_do_not_end_it(self) -> None:
        world = blue_green(pre_promotion_analysis=True).run().release("v2").run()
        world.broken.add("v2")
        world.run()
        assert world.unfinished() == ["app-v2-2-PrePromotion"]

    def test_a_full_promotion_skips_it(self) -> None:
        world = blue_green(pre_promotion_analysis=True, post_promotion_analysis=True).run().release("v2").run()
        world.user(promote_full=True).run()
        assert (phase(world), active(world), world.unfinished()) == (("Healthy", ""), "v2", [])

    def test_it_may_take_longer_than_the_deadline(self) -> None:
        world = blue_green(pre_promotion_analysis=True).run().release("v2").run(seconds=3600)
        assert phase(world) == ("Progressing", "active service cutover pending")

    def test_with_a_part_it_looks_at_the_part(self) -> None:
        world = blue_green(pre_promotion_analysis=True, preview_replicas=1).run().release("v2").run()
        assert (world.unfinished(), world.pods("v2")) == (["app-v2-2-PrePromotion"], 1)
        world.judge(PRE, "Successful").run()
        assert (phase(world), active(world), world.pods("v2"), len(world.runs)) == (("Healthy", ""), "v2", 3, 1)


class TestAbort:
    def test_of_a_preview(self) -> None:
        world = manual().run().release("v2").run().user(abort=True).run()
        assert phase(world) == ("Degraded", "RolloutAborted: Rollout aborted update to revision 2")
        assert (active(world), preview(world), world.pods("v2")) == ("v1", "v2", 3)
        world.run(seconds=31)
        assert (world.pods("v1"), world.pods("v2")) == (3, 0)
        assert world.reasons()[-2:] == ["RolloutAborted", "ScalingReplicaSet"]

    def test_an_explicit_zero_keeps_the_preview(self) -> None:
        world = manual(abort_scale_down_delay=0).run().release("v2").run().user(abort=True).run(seconds=3600)
        assert world.pods("v2") == 3

    def test_a_delay_of_more_than_a_resync_is_kept(self) -> None:
        world = manual(abort_scale_down_delay=2000).run().release("v2").run().user(abort=True).run(seconds=1900)
        assert world.pods("v2") == 3
        world.run(seconds=200)
        assert world.pods("v2") == 0

    def test_when_nothing_is_released_changes_nothing(self) -> None:
        world = manual().run()
        before = dict(world.revisions)
        world.user(abort=True).run()
        assert (phase(world), world.status.abort, world.revisions) == (("Healthy", ""), False, before)

    def test_after_the_switch_waits_for_a_stable_revision_that_can_serve(self) -> None:
        world = blue_green(post_promotion_analysis=True).run().release("v2").run()
        world.broken.add("v1")
        world.run().user(abort=True).run(seconds=3600)
        assert (active(world), world.pods("v2")) == ("v2", 3)
        world.broken.clear()
        world.run()
        assert (active(world), world.pods("v2")) == ("v1", 3)
        assert not world.lost_requests, world.story()

    def test_beats_a_pause_of_the_rollout(self) -> None:
        world = blue_green(post_promotion_analysis=True).run().release("v2").run()
        world.edit(paused=True).user(abort=True).run()
        assert active(world) == "v1"

    def test_a_retry_is_looked_at_again_from_the_start(self) -> None:
        world = manual(pre_promotion_analysis=True).run().release("v2").run().judge(PRE, "Failed").run(seconds=60)
        assert (world.pods("v2"), world.status.phase) == (0, "Degraded")
        world.user(abort=False).run()
        assert (world.pods("v2"), world.unfinished()) == (3, ["app-v2-2-PrePromotion.1"])
        world.judge(PRE, "Successful").run()
        assert phase(world) == ("Paused", "BlueGreenPause")

    @pytest.mark.parametrize("changes", [{}, {"preview_replicas": 1}])
    def test_a_retry_after_the_preview_was_promoted_asks_again(self, changes: dict[str, int]) -> None:
        world = manual(post_promotion_analysis=True, **changes).run().release("v2").run().promote().run()
        assert active(world) == "v2"
        world.judge(POST, "Failed").run().user(abort=False).run()
        assert (phase(world), active(world)) == (("Paused", "BlueGreenPause"), "v1")

    def test_the_last_verb_wins(self) -> None:
        world = manual().run().release("v2").run().user(abort=True).run().user(promote_full=True).run()
        assert (phase(world), active(world)) == (("Healthy", ""), "v2")
        world.release("v3").run()
        world.broken.add("v3")
        world.run().user(promote_full=True).run().user(abort=True).run()
        assert (world.status.abort, world.status.promote_full, active(world)) == (True, False, "v2")

    def test_the_next_revision_ends_it(self) -> None:
        world = manual().run().release("v2").run().user(abort=True).run().release("v3").run()
        assert (phase(world), preview(world), active(world)) == (("Paused", "BlueGreenPause"), "v3", "v1")


class TestGoingBack:
    def test_to_the_stable_revision_before_the_switch(self) -> None:
        world = manual().run().release("v2").run().release("v1").run()
        assert (phase(world), active(world), preview(world)) == (("Healthy", ""), "v1", "v1")
        assert world.revisions["v1"].number == 3
        world.run(seconds=31)
        assert world.pods("v2") == 0

    def test_within_the_delay_needs_nobody(self) -> None:
        world = manual(pre_promotion_analysis=True, post_promotion_analysis=True, preview_replicas=1)
        world.run(seconds=5).release("v2").run().judge(PRE, "Successful").run().promote().run()
        world.judge(POST, "Successful").run()
        assert (phase(world), active(world)) == (("Healthy", ""), "v2")
        world.release("v1").run()
        assert (phase(world), active(world), len(world.runs)) == (("Healthy", ""), "v1", 2)
        assert ("RolloutCompleted", "Rollout completed update to revision 3 (v1): Fast rollback") in world.events
        assert not [text for reason, text in world.events[-6:] if reason == "ScalingReplicaSet"]
        assert not world.revisions["v1"].scale_down_deadline

    def test_after_the_delay_it_is_a_release_like_any_other(self) -> None:
        world = manual().run().release("v2").run().promote().run(seconds=60).release("v1").run()
        assert (phase(world), active(world)) == (("Paused", "BlueGreenPause"), "v2")


class TestOldRevisions:
    def test_no_more_than_the_limit_wait(self) -> None:
        world = blue_green(scale_down_delay=86400, scale_down_delay_revision_limit=2).run()
        for template in ("v2", "v3", "v4"):
            world.release(template).run()
        assert [world.pods(name) for name in ("v1", "v2", "v3", "v4")] == [0, 3, 3, 3]

    def test_no_delay_means_at_once(self) -> None:
        world = blue_green(scale_down_delay=0).run().release("v2").run()
        assert (world.pods("v1"), active(world)) == (0, "v2")
        assert not world.lost_requests, world.story()

    def test_one_that_may_be_gone_back_to_follows_the_replicas(self) -> None:
        world = blue_green(scale_down_delay=3600).run().release("v2").run().edit(replicas=5).run()
        assert (world.pods("v1"), world.pods("v2")) == (5, 5)

    def test_a_superseded_preview_goes_after_its_delay(self) -> None:
        world = manual(preview_replicas=1).run().release("v2").run().release("v3").run()
        assert (world.pods("v2"), bool(world.revisions["v2"].scale_down_deadline)) == (1, True)
        world.run(seconds=31)
        assert (world.pods("v2"), world.pods("v1"), world.pods("v3")) == (0, 3, 1)


class TestScaling:
    def test_an_autoscaler_sees_what_serves(self) -> None:
        world = manual().run().release("v2").run()
        assert (world.status.hpa_replicas, world.status.selector) == (3, "app=app,rollouts-pod-template-hash=v1")
        world.promote().run()
        assert (world.status.hpa_replicas, world.status.selector) == (3, "app=app,rollouts-pod-template-hash=v2")

    @pytest.mark.parametrize("replicas", [1, 5])
    def test_at_every_phase_both_sides_follow(self, replicas: int) -> None:
        world = manual().run().release("v2").run().edit(replicas=replicas).run()
        assert (world.pods("v1"), world.pods("v2"), phase(world)) == (replicas, replicas, ("Paused", "BlueGreenPause"))
        assert not world.lost_requests, world.story()

    def test_with_a_new_template_at_once(self) -> None:
        world = blue_green().run().release("v2").edit(replicas=5).run()
        assert (active(world), world.pods("v2"), phase(world)) == ("v2", 5, ("Healthy", ""))

    def test_to_zero_and_back(self) -> None:
        world = blue_green().run().edit(replicas=0).run()
        assert (world.pods("v1"), phase(world)) == (0, ("Healthy", ""))
        world.edit(replicas=2).run()
        assert (world.pods("v1"), phase(world)) == (2, ("Healthy", ""))


class TestPausedRollout:
    def test_services_stay_and_pods_follow(self) -> None:
        world = blue_green().run().edit(paused=True).release("v2").run()
        assert (phase(world), active(world), preview(world)) == (("Paused", "manually paused"), "v1", "v1")
        assert world.pods("v2") == 3
        world.edit(paused=False).run()
        assert (phase(world), active(world)) == (("Healthy", ""), "v2")


class TestServicesThatOthersChange:
    def test_a_service_that_lost_its_hash_goes_back_to_the_stable_revision(self) -> None:
        world = manual().run().release("v2").run()
        world.services["a"] = type(world.services["a"])("a", "")
        world.run()
        assert (active(world), phase(world)) == ("v1", ("Paused", "BlueGreenPause"))
