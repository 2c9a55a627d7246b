"""Gateway API: what is rendered reads back, foreign fields stay, and only the gateways' word confirms it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ferrata.errors import SpecRejected
from ferrata.routers.base import Owner, Ref, Write
from ferrata.routers.gateway_api import IN_PROGRESS, GatewayRouter
from ferrata.snapshot.rollout import Confirmation

OWNER = Owner("shop", "web", "uid-1", "web-canary", "web-stable", 100)
ROUTE = Ref("HTTPRoute", "edge", "web")
ROUTER = GatewayRouter(OWNER, ("web",), "edge")


def backends(stable: int, canary: int) -> list[dict[str, Any]]:
    return [
        {"name": "web-stable", "port": 80, "weight": stable, "filters": [{"type": "X"}]},
        {"name": "web-canary", "port": 80, "weight": canary},
    ]


def route(*rules: dict[str, Any], seen: int = 3, accepted: str = "True") -> dict[str, Any]:
    conditions = [
        {"type": "Accepted", "status": accepted, "observedGeneration": seen, "message": "why"},
        {"type": "ResolvedRefs", "status": "True", "observedGeneration": seen},
    ]
    return {
        "metadata": {"name": "web", "generation": 3, "resourceVersion": "7", "labels": {"team": "red"}},
        "spec": {
            "hostnames": ["a.b"],
            "rules": list(rules) or [{"matches": [{"path": {"value": "/"}}], "backendRefs": backends(100, 0)}],
        },
        "status": {"parents": [{"conditions": conditions}]},
    }


def written(found: dict[str, Any], writes: tuple[Write, ...]) -> dict[str, Any]:
    """The route after the writes, which are merge patches of the rules and the labels."""
    found = copy.deepcopy(found)
    for write in writes:
        found["spec"] |= write.body.get("spec", {})
        labels = found["metadata"]["labels"] | write.body["metadata"].get("labels", {})
        found["metadata"]["labels"] = {key: value for key, value in labels.items() if value is not None}
    return found


@pytest.mark.parametrize("weight", [0, 1, 50, 100])
def test_what_is_rendered_reads_back_and_is_not_written_twice(weight: int) -> None:
    found = written(route(), ROUTER.render(33, {ROUTE: route()}))
    found = written(found, ROUTER.render(weight, {ROUTE: found}))
    assert ROUTER.observed({ROUTE: found}).weight == weight
    assert ROUTER.render(weight, {ROUTE: found}) == ()


def test_only_weights_of_the_two_services_change() -> None:
    foreign = {"backendRefs": [{"name": "other", "port": 1}], "timeouts": {"request": "1s"}}
    mixed = {"matches": [{"method": "GET"}], "backendRefs": [*backends(100, 0), {"name": "third", "weight": 5}]}
    (write,) = ROUTER.render(20, {ROUTE: route(foreign, mixed)})
    changed = mixed | {"backendRefs": [*backends(80, 20), {"name": "third", "weight": 5}]}
    assert write.body["spec"] == {"rules": [foreign, changed]}
    assert (write.create, write.body["metadata"]["resourceVersion"]) == (False, "7")
    assert "hostnames" not in write.body["spec"]


def test_the_route_is_labelled_while_the_canary_carries_weight() -> None:
    key, value = IN_PROGRESS
    busy = written(route(), ROUTER.render(20, {ROUTE: route()}))
    assert busy["metadata"]["labels"] == {"team": "red", key: value}
    assert written(busy, ROUTER.render(0, {ROUTE: busy}))["metadata"]["labels"] == {"team": "red"}
    (write,) = GatewayRouter(OWNER, ("web",), "edge", None).render(20, {ROUTE: route()})
    assert "labels" not in write.body["metadata"]


def test_a_split_is_confirmed_by_every_gateway_for_the_present_generation() -> None:
    assert ROUTER.observed({ROUTE: route()}).confirmation is Confirmation.CONFIRMED
    two = route()
    two["status"]["parents"].append({"conditions": []})
    assert ROUTER.observed({ROUTE: two}).confirmation is Confirmation.PENDING


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (route(seen=2), "the gateway has not seen generation 3 of the route yet"),
        (route(accepted="False"), "Accepted is False: why"),
        (route() | {"status": {}}, "no gateway has accepted the route yet"),
    ],
)
def test_until_then_it_says_what_it_waits_for(found: dict[str, Any], text: str) -> None:
    view = ROUTER.observed({ROUTE: found})
    assert (view.weight, view.confirmation, view.blocked_by) == (0, Confirmation.PENDING, text)


@pytest.mark.parametrize(
    "objects",
    [
        {},
        {ROUTE: route({"backendRefs": backends(80, 20)}, {"backendRefs": backends(70, 30)})},
        {ROUTE: route({"backendRefs": backends(80, 30)})},
        {ROUTE: route({"backendRefs": [{"name": "other"}]})},
        {ROUTE: {"metadata": {"name": "web"}}},
    ],
)
def test_rules_that_disagree_or_name_neither_service_have_no_weight(objects: dict[Ref, Any]) -> None:
    view = ROUTER.observed(objects)
    assert (view.weight, view.confirmation) == (None, Confirmation.ABSENT)


@pytest.mark.parametrize(
    ("objects", "text"),
    [
        ({}, "HTTPRoute edge/web not found"),
        ({ROUTE: {"metadata": {"name": "web"}, "spec": {}}}, "has no rule with backendRefs web-canary and web-stable"),
        ({ROUTE: route({"backendRefs": [{"name": "web-stable"}]})}, "has no rule with backendRefs"),
    ],
)
def test_a_route_that_cannot_carry_the_split_is_refused(objects: dict[Ref, Any], text: str) -> None:
    with pytest.raises(SpecRejected, match=text):
        ROUTER.render(20, objects)


def test_weights_may_be_finer_than_percent() -> None:
    router = GatewayRouter(Owner("shop", "web", "uid-1", "web-canary", "web-stable", 1000), ("web",), "edge")
    found = written(route(), router.render(5, {ROUTE: route()}))
    assert found["spec"]["rules"][0]["backendRefs"] == backends(995, 5)
    assert router.observed({ROUTE: found}).weight == 5
