"""antiAffinity: a new revision keeps off the nodes of the stable one, whichever that is by then."""

from __future__ import annotations

from tests.support.world import World

from ferrata.model.anti_affinity import AntiAffinity
from ferrata.model.rollout import Canary, RolloutSpec
from ferrata.plan.rollout.canary.steps import Pause, SetWeight


def world(rule: AntiAffinity | None) -> World:
    canary = Canary(steps=(SetWeight(50), Pause()), max_surge=1, anti_affinity=rule)
    return World(RolloutSpec("ns", "app", "uid", 1, 2, canary))


def test_the_first_revision_has_nobody_to_keep_off() -> None:
    assert world(AntiAffinity()).run().revisions["v1"].avoids == ""


def test_a_new_revision_keeps_off_the_stable_one_and_keeps_the_rule_when_it_is_promoted() -> None:
    w = world(AntiAffinity()).run().release("v2").run()
    assert w.revisions["v2"].avoids == "v1"
    w.promote().run(seconds=60)
    assert (w.status.stable_rs, w.revisions["v2"].avoids, w.revisions["v1"].avoids) == ("v2", "v1", "")


def test_an_old_revision_that_comes_back_keeps_off_the_one_that_is_stable_now() -> None:
    w = world(AntiAffinity(50)).run()
    for name in ("v2", "v3"):
        w.release(name).run().promote().run(seconds=60)
    w.release("v2").run()
    assert (w.status.stable_rs, w.revisions["v2"].avoids) == ("v3", "v3")


def test_nobody_keeps_off_anybody_who_was_not_told_to() -> None:
    assert world(None).run().release("v2").run().revisions["v2"].avoids == ""
