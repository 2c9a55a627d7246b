"""Header and mirror routes: there while the canary can serve them, gone before it cannot."""

from __future__ import annotations

import pytest
from tests.support.world import World

from ferrata.model.managed_routes import HeaderMatch, ManagedRoute, MatchKind, RequestMatch, TextMatch
from ferrata.model.rollout import Canary, RolloutSpec, Step
from ferrata.plan.rollout.canary.steps import Pause, SetCanaryScale, SetWeight
from ferrata.plan.rollout.canary.steps.set_route import SetHeaderRoute, SetMirrorRoute

TEAM = ManagedRoute("team", (RequestMatch((HeaderMatch("x-team", TextMatch(MatchKind.EXACT, "qa")),)),))
COPY = ManagedRoute("copy", (RequestMatch(path=TextMatch(MatchKind.PREFIX, "/search")),), 30)
HEADER, MIRROR = SetHeaderRoute(TEAM), SetMirrorRoute(COPY)


def world(*steps: Step, **changes: object) -> World:
    canary = Canary(
        steps=steps,
        canary_service="c",
        stable_service="s",
        routed=True,
        managed_routes=("copy", "team"),
        **changes,  # type: ignore[arg-type]
    )
    return World(RolloutSpec("ns", "app", "uid", 1, 4, canary))


def released(*steps: Step, **changes: object) -> World:
    return world(*steps, **changes).run().release("v2").run()


def names(of: World) -> list[str]:
    return [route.name for route in of.routes]


def test_a_first_step_places_no_route_on_the_first_release() -> None:
    first = world(HEADER, Pause(), SetWeight(50), Pause())
    first.run()
    assert (first.routes, first.status.phase) == ((), "Healthy")


def test_a_header_route_waits_for_a_pod_and_leads_nowhere_else() -> None:
    w = world(SetCanaryScale(replicas=1), HEADER, Pause(), SetWeight(50), Pause()).run().release("v2")
    w.tick()
    assert (w.routes, w.pods("v2")) == ((), 1)
    w.run()
    assert (w.weight, names(w), w.services["c"].selects) == (0, ["team"], "v2")
    assert not w.lost_requests, w.story()
    w.promote().run()
    assert (w.weight, names(w)) == (50, ["team"])
    w.promote().run(seconds=60)
    assert (w.status.phase, w.routes) == ("Healthy", ())
    assert not w.lost_requests, w.story()


def test_routes_stand_in_the_order_of_managed_routes_and_a_step_without_matches_takes_one_away() -> None:
    w = released(SetWeight(25), HEADER, MIRROR, Pause(), SetHeaderRoute(ManagedRoute("team")), Pause())
    assert names(w) == ["copy", "team"]
    assert names(w.promote().run()) == ["copy"]


@pytest.mark.parametrize("kept", [None, 0, 30])
def test_an_abort_takes_the_routes_away_with_the_weight(kept: int | None) -> None:
    w = released(SetCanaryScale(replicas=2), HEADER, Pause(), abort_scale_down_delay=kept)
    assert names(w) == ["team"]
    w.user(abort=True).run(seconds=100)
    assert (w.weight, w.routes, w.services["c"].selects) == (0, (), "v1")
    assert not w.lost_requests, w.story()


def test_a_full_promotion_takes_the_routes_away() -> None:
    w = released(SetCanaryScale(replicas=2), HEADER, Pause()).user(promote_full=True).run(seconds=60)
    assert (w.status.phase, w.routes) == ("Healthy", ())
    assert not w.lost_requests, w.story()


@pytest.mark.parametrize("is_dynamic", [False, True])
def test_a_superseded_release_loses_its_routes_before_its_pods(is_dynamic: bool) -> None:
    w = released(SetWeight(25), HEADER, Pause(), dynamic_stable=is_dynamic)
    assert (w.weight, names(w)) == (25, ["team"])
    w.release("v3")
    for _ in range(12):
        if w.tick():
            assert w.pods("v2") > 0 or w.services["c"].selects != "v2", w.story()
        w.settle()
    w.run()
    assert (w.services["c"].selects, names(w), w.pods("v2")) == ("v3", ["team"], 0)
    assert not w.lost_requests, w.story()


def test_a_canary_that_lost_its_pods_loses_its_routes() -> None:
    w = released(SetCanaryScale(replicas=1), HEADER, Pause())
    w.broken.add("v2")
    w.settle()
    w.lost_requests.clear()
    w.run()
    assert (w.routes, w.weight) == ((), 0)


def test_the_text_of_the_steps() -> None:
    assert (str(HEADER), str(MIRROR)) == ("setHeaderRoute: team", "setMirrorRoute: copy")
