"""canaryMetadata, stableMetadata and their like: pods carry what belongs to the role that their revision has now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.world import World

from ferrata.model.pod_metadata import NO_METADATA, PodMetadata
from ferrata.model.rollout import BlueGreen, Canary, RolloutSpec, Strategy
from ferrata.plan.actions import LabelPods, LabelRevision
from ferrata.plan.rollout.canary.steps import Pause, SetWeight
from ferrata.plan.rollout.decide import decide

NEW = PodMetadata.read({"labels": {"role": "new"}, "annotations": {"note": "watch me"}})
STABLE = PodMetadata.read({"labels": {"role": "stable"}})
CANARY = Canary(steps=(SetWeight(50), Pause()), max_surge=1, new_metadata=NEW, stable_metadata=STABLE)
BLUE_GREEN = BlueGreen("a", "p", promotes_itself=False, new_metadata=NEW, stable_metadata=STABLE)
BOTH = pytest.mark.parametrize("strategy", [CANARY, BLUE_GREEN])


def world(strategy: Strategy) -> World:
    return World(RolloutSpec("ns", "app", "uid", 1, 2, strategy))


def roles(w: World) -> dict[str, PodMetadata]:
    assert all(r.former_metadata is None for r in w.revisions.values()), "pods were left as they were"
    return {name: revision.metadata for name, revision in w.revisions.items()}


@BOTH
def test_the_first_revision_is_created_as_the_stable_one(strategy: Strategy) -> None:
    w = world(strategy).run()
    assert roles(w) == {"v1": STABLE}
    assert "Label" not in w.story()


@BOTH
def test_roles_change_with_the_promotion(strategy: Strategy) -> None:
    w = world(strategy).run().release("v2").run()
    assert roles(w) == {"v1": STABLE, "v2": NEW}
    w.promote().run(seconds=60)
    assert w.status.stable_rs == "v2"
    assert roles(w) == {"v1": NO_METADATA, "v2": STABLE}


@BOTH
def test_an_aborted_revision_is_not_stable(strategy: Strategy) -> None:
    w = world(strategy).run().release("v2").run().user(abort=True).run(seconds=60)
    assert roles(w) == {"v1": STABLE, "v2": NEW}


@BOTH
def test_a_revision_that_is_overtaken_has_no_role(strategy: Strategy) -> None:
    w = world(strategy).run().release("v2").run().release("v3").run()
    assert roles(w) == {"v1": STABLE, "v2": NO_METADATA, "v3": NEW}


def test_what_is_not_asked_for_any_more_goes() -> None:
    w = world(CANARY).run().release("v2").run()
    w.edit(strategy=Canary(steps=CANARY.steps, max_surge=1)).run()
    assert roles(w) == {"v1": NO_METADATA, "v2": NO_METADATA}


def test_pods_follow_only_when_the_replica_set_controller_has_seen_the_template() -> None:
    w = world(Canary(max_surge=1)).run().edit(strategy=replace(CANARY, steps=()))
    w.tick()
    w.revisions["v1"] = replace(w.revisions["v1"], is_observed=False)
    assert not decide(w.snapshot()).actions
    w.revisions["v1"] = replace(w.revisions["v1"], is_observed=True)
    assert decide(w.snapshot()).actions == (LabelPods("app-v1", "v1", STABLE, STABLE),)


def test_a_change_in_the_middle_of_another_forgets_no_key() -> None:
    w = world(Canary(max_surge=1, stable_metadata=STABLE)).run()
    w.edit(strategy=Canary(max_surge=1, stable_metadata=NEW)).tick()
    last = PodMetadata.read({"labels": {"tier": "gold"}})
    w.edit(strategy=Canary(max_surge=1, stable_metadata=last))
    every_key = STABLE.with_all_of(NEW).with_all_of(last)
    assert decide(w.snapshot()).actions == (LabelRevision("app-v1", last, every_key, has_pods=True),)
    assert roles(w.run()) == {"v1": last}


@pytest.mark.parametrize("writes", range(6))
def test_a_kill_after_any_write_leaves_no_pod_behind(writes: int) -> None:
    w = world(CANARY).run().release("v2").run().promote()
    for _ in range(3):
        w.settle()
        w.tick(killed_after=writes)
    assert roles(w.run(seconds=60)) == {"v1": NO_METADATA, "v2": STABLE}
