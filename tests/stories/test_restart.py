"""Restarting pods by `spec.restartAt`, told step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from tests.support.world import START, World

from ferrata.model.rollout import BlueGreen, Canary, RolloutSpec
from ferrata.model.status import RunStatus, format_time
from ferrata.plan import actions as act
from ferrata.plan.rollout import restart
from ferrata.plan.rollout.canary.steps import Pause, SetWeight
from ferrata.plan.rollout.decide import decide
from ferrata.snapshot.rollout import PodView, RolloutSnapshot


@dataclass
class Pods(World):
    """A world with single pods: new ones start in a moment; a budget may forbid evictions."""

    held: dict[str, PodView] = field(default_factory=dict)
    evicted: list[str] = field(default_factory=list)
    may_evict: Callable[[Pods], bool] = lambda _: True
    fewest: int = 99
    most: int = 0
    fails: bool = False
    _number: int = 0
    _refused: bool = False

    def tick(self, killed_after: int | None = None) -> bool:
        """Evictions that are refused change nothing."""
        self._refused = False
        return super().tick(killed_after) and not self._refused

    def snapshot(self) -> RolloutSnapshot:
        return replace(super().snapshot(), pods=tuple(self.held.values()))

    def settle(self) -> None:
        for revision in self.revisions.values():
            own = [pod for pod in self.held.values() if pod.hash == revision.hash]
            for pod in own[revision.replicas :]:
                del self.held[pod.name]
            for _ in range(revision.replicas - len(own)):
                self._start(revision.hash)
        for pod in list(self.held.values()):
            self.held[pod.name] = replace(pod, is_available=pod.is_available or not self.fails)
        self.count()
        self.most = max(self.most, len(self.held))

    def count(self) -> None:
        for name, revision in self.revisions.items():
            own = [pod for pod in self.held.values() if pod.hash == revision.hash]
            able = sum(pod.is_available for pod in own)
            self.revisions[name] = replace(revision, actual=len(own), ready=able, available=able)
        self._serve()

    def fail_from_now_on(self) -> None:
        """Pods that start from now on never become ready."""
        self.fails = True

    def available(self) -> int:
        return sum(pod.is_available for pod in self.held.values())

    def restart(self, after: float = 0) -> Pods:
        self.fewest, self.most = 99, 0
        at = self.now + timedelta(seconds=after)
        self.spec = replace(self.spec, restart_at=at, generation=self.spec.generation + 1)
        return self

    def old(self) -> list[str]:
        assert self.spec.restart_at is not None
        return [pod.name for pod in self.held.values() if pod.created < self.spec.restart_at]

    def _start(self, pod_hash: str) -> None:
        self._number += 1
        name = f"pod-{self._number}"
        self.held[name] = PodView(name, pod_hash, self.now, is_available=False)

    def _perform(self, action: act.Action, started: dict[str, RunStatus]) -> None:
        if not isinstance(action, act.EvictPod):
            super()._perform(action, started)
        elif not self.may_evict(self):
            self._refused = True
        else:
            del self.held[action.name]
            self.evicted.append(action.name)
            self.count()
            self.fewest = min(self.fewest, self.available())


def running(*, replicas: int, surge: int = 1, unavailable: int = 0, **changes: object) -> Pods:
    canary = Canary(max_surge=surge, max_unavailable=unavailable, **changes)  # type: ignore[arg-type]
    world = Pods(RolloutSpec("ns", "app", "uid", 1, replicas, canary))
    world.run()
    world.now += timedelta(seconds=60)
    return world


def restarted_at(world: Pods) -> str:
    assert world.spec.restart_at is not None
    return format_time(world.spec.restart_at)


@pytest.mark.parametrize(("unavailable", "fewest"), [(1, 3), (3, 1), (4, 0)])
def test_as_many_pods_go_at_once_as_may_be_missing(unavailable: int, fewest: int) -> None:
    world = running(replicas=4, unavailable=unavailable).restart()
    world.run(seconds=60)
    assert (world.fewest, world.most, len(world.evicted), world.old()) == (fewest, 4, 4, [])
    assert (world.status.phase, world.status.restarted_at) == ("Healthy", restarted_at(world))


@pytest.mark.parametrize(("replicas", "unavailable"), [(1, 0), (1, 1), (4, 0)])
def test_where_no_pod_can_be_spared_another_is_started_first(replicas: int, unavailable: int) -> None:
    world = running(replicas=replicas, unavailable=unavailable).restart()
    world.run(seconds=60)
    assert (world.fewest, world.most, world.old()) == (replicas, replicas + 1, [])
    assert (world.status.phase, world.pods("v1")) == ("Healthy", replicas)


def test_a_single_pod_without_room_for_another_goes_all_the_same() -> None:
    world = running(replicas=1, surge=0, unavailable=1).restart()
    world.run(seconds=60)
    assert (world.fewest, world.most, world.old()) == (0, 1, [])


def test_it_says_that_it_restarts_until_it_is_over_even_when_that_is_later() -> None:
    world = running(replicas=2, unavailable=1).restart(after=100)
    world.run(seconds=50)
    assert (world.status.phase, world.status.message) == ("Progressing", "rollout is restarting")
    assert world.evicted == []
    assert decide(world.snapshot()).wake_up == world.spec.restart_at
    world.run(seconds=60)
    assert (len(world.evicted), world.status.phase) == (2, "Healthy")


def test_what_a_budget_holds_is_tried_again_after_half_a_minute_and_counts_as_no_failure() -> None:
    world = running(replicas=1)
    world.may_evict = lambda w: w.now > START + timedelta(seconds=1000)
    world.restart().run(seconds=800)
    assert (world.status.message, world.status.restarted_at, world.pods("v1")) == ("rollout is restarting", "", 2)
    assert decide(world.snapshot()).wake_up == world.now + timedelta(seconds=30)
    world.run(seconds=300)
    assert (world.status.phase, world.pods("v1"), world.old()) == ("Healthy", 1, [])


def test_pods_that_do_not_come_up_again_end_in_a_report_and_cost_no_others() -> None:
    world = running(replicas=4, unavailable=1).restart()
    world.tick()
    world.fail_from_now_on()
    world.run(seconds=1300)
    assert (len(world.evicted), world.available(), world.status.restarted_at) == (1, 3, "")
    assert world.status.message == 'ProgressDeadlineExceeded: ReplicaSet "app-v1" has timed out progressing.'


def test_a_new_template_ends_a_restart() -> None:
    world = running(replicas=4, unavailable=1).restart(after=1000)
    world.run(seconds=10)
    world.release("v2").run(seconds=10)
    assert (world.status.restarted_at, world.status.phase, world.evicted) == (restarted_at(world), "Healthy", [])


def test_during_an_update_no_more_pods_are_missing_than_without_one() -> None:
    steps = (SetWeight(50), Pause())
    world = running(replicas=4, unavailable=1, steps=steps)
    world.release("v2").run(seconds=10)
    assert (world.pods("v1"), world.pods("v2")) == (2, 2)
    world.now += timedelta(seconds=60)
    world.restart().run(seconds=60)
    assert (world.fewest, world.old(), world.status.phase) == (3, [], "Paused")


def test_a_service_keeps_the_last_pod_of_a_canary_until_the_update_is_over() -> None:
    steps = (SetWeight(25), Pause())
    names = {"canary_service": "c", "stable_service": "s", "routed": True}
    world = running(replicas=4, unavailable=1, steps=steps, **names)
    world.release("v2").run(seconds=10)
    canary = [pod.name for pod in world.held.values() if pod.hash == "v2"]
    world.now += timedelta(seconds=60)
    world.restart().run(seconds=60)
    assert world.old() == canary
    assert len(world.evicted) == 4
    world.promote().run(seconds=200)
    assert (world.old(), world.status.phase, world.status.restarted_at) == ([], "Healthy", restarted_at(world))
    assert not world.lost_requests, world.story()


def test_no_pods_are_asked_for_without_a_restart() -> None:
    world = running(replicas=2)
    assert not restart.needs_pods(world.snapshot())
    assert restart.needs_pods(world.restart().snapshot())
    assert not restart.needs_pods(world.restart(after=10).snapshot())
    assert not restart.needs_pods(world.restart().release("v2").snapshot())


def test_blue_green_restarts_its_active_pods_and_starts_another_for_a_single_one() -> None:
    world = Pods(RolloutSpec("ns", "app", "uid", 1, 1, BlueGreen("active")))
    world.run()
    world.now += timedelta(seconds=60)
    world.restart().run(seconds=60)
    assert (world.fewest, world.most, world.old(), world.pods("v1")) == (1, 2, [], 1)
    assert (world.status.phase, world.status.restarted_at) == ("Healthy", restarted_at(world))
    assert not world.lost_requests, world.story()
