"""A Rollout's manifest as values: the defaults of the API, and what null means."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.errors import SpecRejected
from ferrata.model.anti_affinity import AntiAffinity
from ferrata.model.rollout import BlueGreen
from ferrata.observe.spec import read_spec
from ferrata.plan.rollout.canary.steps import Analysis, Pause, SetCanaryScale, SetWeight

HEADER = {"setHeaderRoute": {"name": "team", "match": [{"headerName": "x", "headerValue": {"exact": "y"}}]}}


def rollout(strategy: dict[str, Any]) -> dict[str, Any]:
    selector = {"matchLabels": {"tier": "web", "app": "shop"}}
    spec = {"replicas": 4, "selector": selector, "strategy": strategy}
    return {"metadata": {"namespace": "ns", "name": "app", "uid": "u", "generation": 3}, "spec": spec}


def test_blue_green_by_default_promotes_itself_at_once() -> None:
    spec = read_spec(rollout({"blueGreen": {"activeService": "a"}}))
    assert spec.strategy == BlueGreen("a", max_unavailable=1)
    assert (spec.blue_green.promotes_itself, spec.blue_green.waits_before_switch) == (True, False)
    assert (spec.blue_green.retirement_delay, spec.blue_green.abort_delay) == (30, 30)
    assert (spec.steps, spec.step_count, spec.blue_green.services) == ((), 0, {"a"})


def test_every_field_of_blue_green_is_read() -> None:
    analysis = {"templates": [{"templateName": "t"}]}
    body = {
        "activeService": "a",
        "previewService": "p",
        "previewReplicaCount": 2,
        "autoPromotionEnabled": False,
        "autoPromotionSeconds": 7,
        "scaleDownDelaySeconds": 0,
        "scaleDownDelayRevisionLimit": 1,
        "abortScaleDownDelaySeconds": 0,
        "maxUnavailable": "50",
        "antiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}},
        "prePromotionAnalysis": analysis,
        "postPromotionAnalysis": {"templates": []},
    }
    found = read_spec(rollout({"blueGreen": body})).blue_green
    assert found == BlueGreen("a", "p", 2, False, 7, 0, 1, 0, True, False, 2, AntiAffinity(None))
    assert (found.retirement_delay, found.abort_delay) == (0, None)


def test_the_selector_of_one_revision_has_its_hash_in_its_place() -> None:
    spec = read_spec(rollout({"blueGreen": {"activeService": "a"}}))
    assert spec.selector == "app=shop,tier=web"
    assert spec.selector_of("abc") == "app=shop,rollouts-pod-template-hash=abc,tier=web"


def test_only_its_own_strategy_may_be_asked_for() -> None:
    spec = read_spec(rollout({"blueGreen": {"activeService": "a"}}))
    with pytest.raises(TypeError, match="ns/app is no canary"):
        _ = spec.canary
    with pytest.raises(TypeError, match="ns/app is no blue-green release"):
        _ = read_spec(rollout({"canary": {}})).blue_green


def test_steps_are_read_by_their_kinds() -> None:
    steps = [
        {"setWeight": 5},
        {"pause": {}},
        {"pause": {"duration": "1m"}},
        {"setCanaryScale": {"replicas": 2}},
        {"analysis": {"templates": []}},
    ]
    wanted = (SetWeight(5), Pause(), Pause(60, "1m"), SetCanaryScale(replicas=2), Analysis(has_templates=False))
    assert read_spec(rollout({"canary": {"steps": steps}})).steps == wanted


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ({"plugin": {"name": "x"}}, "not yet supported: spec.strategy.canary.steps[0] (plugin)"),
        ({"pause": {"duration": "soon"}}, "spec.strategy.canary.steps[0].pause.duration: "),
    ],
)
def test_a_step_that_cannot_be_carried_out_is_named(step: dict[str, Any], fault: str) -> None:
    with pytest.raises(SpecRejected) as error:
        read_spec(rollout({"canary": {"steps": [step]}}))
    assert str(error.value).startswith(fault)


@pytest.mark.parametrize("given", [{}, {"maxSurge": None, "maxUnavailable": None}])
def test_a_limit_that_is_null_is_the_default(given: dict[str, Any]) -> None:
    canary = read_spec(rollout({"canary": given})).canary
    assert (canary.max_surge, canary.max_unavailable) == (1, 1)


def test_a_header_route_needs_a_route_that_takes_it() -> None:
    plugin = {"httpRoutes": [{"name": "web", "useHeaderRoutes": True}]}
    routing = {"plugins": {"argoproj-labs/gatewayAPI": plugin}, "managedRoutes": [{"name": "team"}]}
    spec = read_spec(rollout({"canary": {"steps": [HEADER], "trafficRouting": routing}}))
    assert (spec.canary.managed_routes, str(spec.steps[0])) == (("team",), "setHeaderRoute: team")
    plugin["httpRoutes"][0]["useHeaderRoutes"] = False
    with pytest.raises(SpecRejected, match=r"steps\[0\]\.setHeaderRoute: no HTTPRoute .* useHeaderRoutes: true"):
        read_spec(rollout({"canary": {"steps": [HEADER], "trafficRouting": routing}}))
