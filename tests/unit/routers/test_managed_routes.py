"""Managed routes in HTTPRoutes: placed first, read back, taken away whole; what is not ours stays byte for byte."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import SpecRejected
from ferrata.model.managed_routes import HeaderMatch, ManagedRoute, MatchKind, RequestMatch, TextMatch
from ferrata.plan.rollout.canary.steps.set_route import SetHeaderRoute, SetMirrorRoute
from ferrata.routers.base import Owner, Ref, Write
from ferrata.routers.gateway_api import GatewayRouter
from ferrata.routers.http_rules import ANNOTATION
from ferrata.routers.registry import routers, takes_managed_routes

OWNER = Owner("shop", "web", "uid-1", "web-canary", "web-stable", 100)
ROUTE = Ref("HTTPRoute", "shop", "web")
ROUTER = GatewayRouter(OWNER, ("web",), "shop", None, frozenset({"web"}))
BACKENDS = [{"name": "web-stable", "port": 80, "weight": 100}, {"name": "web-canary", "port": 80, "weight": 0}]
SPLIT: dict[str, Any] = {
    "name": "all",
    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
    "filters": [{"type": "RequestHeaderModifier"}],
    "backendRefs": BACKENDS,
    "timeouts": {"request": "3s"},
}
FOREIGN: dict[str, Any] = {
    "matches": [{"headers": [{"name": "x-team", "value": "ops"}]}],
    "backendRefs": [{"name": "web-canary", "port": 80}],
}


def route(*rules: dict[str, Any], **annotations: str) -> dict[str, Any]:
    metadata = {"name": "web", "resourceVersion": "7", "annotations": dict(annotations)}
    return {"metadata": metadata, "spec": {"rules": list(rules) or [FOREIGN, SPLIT]}}


def after(found: dict[str, Any], writes: tuple[Write, ...]) -> dict[str, Any]:
    found = copy.deepcopy(found)
    for write in writes:
        found["spec"] |= write.body.get("spec", {})
        changed = found["metadata"]["annotations"] | write.body["metadata"].get("annotations", {})
        found["metadata"]["annotations"] = {key: value for key, value in changed.items() if value is not None}
    return found


def header(name: str = "team", *, kind: str = "exact", value: str = "qa") -> ManagedRoute:
    match = [{"headerName": "X-Team", "headerValue": {kind: value}}]
    return SetHeaderRoute.parse({"name": name, "match": match}, "f").route


def mirror(**fields: Any) -> ManagedRoute:
    return SetMirrorRoute.parse({"name": "copy"} | fields, "f").route


def test_a_header_route_keeps_path_filters_and_port_and_leads_to_the_canary_alone() -> None:
    found = after(route(), ROUTER.render(0, {ROUTE: route()}, (header(),)))
    ours, *rest = found["spec"]["rules"]
    assert ours == {
        "matches": [
            {
                "path": {"type": "PathPrefix", "value": "/"},
                "headers": [{"type": "Exact", "name": "X-Team", "value": "qa"}],
            }
        ],
        "filters": [{"type": "RequestHeaderModifier"}],
        "backendRefs": [{"name": "web-canary", "port": 80}],
        "timeouts": {"request": "3s"},
    }
    assert rest == [FOREIGN, SPLIT]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("exact", "a.b", ("Exact", "a.b")),
        ("prefix", "a.b", ("RegularExpression", r"a\.b.*")),
        ("regex", "a|b", ("RegularExpression", "a|b")),
    ],
)
def test_how_a_header_is_matched(kind: str, value: str, expected: tuple[str, str]) -> None:
    (write,) = ROUTER.render(0, {ROUTE: route()}, (header(kind=kind, value=value),))
    (match,) = write.body["spec"]["rules"][0]["matches"][0]["headers"]
    assert (match["type"], match["value"]) == expected


def test_a_mirror_route_splits_as_before_and_copies_to_the_canary() -> None:
    copied = mirror(match=[{"path": {"prefix": "/s"}, "method": {"exact": "GET"}}], percentage=30)
    found = after(route(), ROUTER.render(20, {ROUTE: route()}, (copied,)))
    ours = found["spec"]["rules"][0]
    assert ours["matches"] == [{"path": {"type": "PathPrefix", "value": "/s"}, "method": "GET"}]
    assert [ref["weight"] for ref in ours["backendRefs"]] == [80, 20]
    assert ours["filters"][-1] == {
        "type": "RequestMirror",
        "requestMirror": {"backendRef": {"name": "web-canary", "port": 80}, "percent": 30},
    }
    moved = after(found, ROUTER.render(60, {ROUTE: found}, (copied,)))
    assert [ref["weight"] for ref in moved["spec"]["rules"][0]["backendRefs"]] == [40, 60]
    assert ROUTER.observed({ROUTE: moved}).weight == 60


def test_a_method_by_expression_is_refused() -> None:
    with pytest.raises(SpecRejected, match="matches methods exactly"):
        ROUTER.render(0, {ROUTE: route()}, (mirror(match=[{"method": {"regex": "G.*"}}]),))


ROUTES = st.lists(
    st.sampled_from(
        [
            header(),
            header("beta", kind="prefix", value="b"),
            mirror(match=[{"headers": {"x-copy": {"exact": "1"}}}]),
        ]
    ),
    unique=True,
    max_size=3,
).map(tuple)
RULES = st.lists(st.sampled_from([SPLIT, FOREIGN, {"backendRefs": [{"name": "other", "port": 1}]}]), max_size=3)


@given(routes=st.lists(ROUTES, min_size=1, max_size=4), before=RULES, after_=RULES, weight=st.integers(0, 100))
def test_whatever_was_placed_reads_back_and_goes_without_a_trace(
    routes: list[tuple[ManagedRoute, ...]], before: list[Any], after_: list[Any], weight: int
) -> None:
    found = original = route(*before, SPLIT, *after_, team="red")
    for wanted in routes:
        found = after(found, ROUTER.render(weight, {ROUTE: found}, wanted))
        view = ROUTER.observed({ROUTE: found})
        assert (view.managed, view.weight) == (wanted, weight)
        assert ROUTER.render(weight, {ROUTE: found}, wanted) == ()
    found = after(found, ROUTER.render(0, {ROUTE: found}))
    assert json.dumps(found) == json.dumps(original)


def test_rules_that_somebody_took_away_are_placed_again() -> None:
    found = after(route(), ROUTER.render(0, {ROUTE: route()}, (header(),)))
    found["spec"]["rules"] = [FOREIGN, SPLIT]
    assert ROUTER.observed({ROUTE: found}).managed == ()
    again = after(found, ROUTER.render(0, {ROUTE: found}, (header(),)))
    assert ROUTER.observed({ROUTE: again}).managed == (header(),)


def test_routes_of_another_rollout_stay() -> None:
    other = GatewayRouter(
        Owner("shop", "api", "uid-2", "api-canary", "api-stable", 100), ("web",), "shop", None, frozenset({"web"})
    )
    backends = [{"name": "api-stable", "weight": 100}, {"name": "api-canary", "weight": 0}]
    shared = route(SPLIT, {"matches": [{"path": {"value": "/api"}}], "backendRefs": backends})
    found = after(shared, other.render(0, {ROUTE: shared}, (header("theirs"),)))
    found = after(found, ROUTER.render(0, {ROUTE: found}, (header(),)))
    found = after(found, ROUTER.render(0, {ROUTE: found}))
    assert (ROUTER.observed({ROUTE: found}).managed, other.observed({ROUTE: found}).managed) == (
        (),
        (header("theirs"),),
    )


@pytest.mark.parametrize(
    "text", ["no json", "[]", "3", '{"web": null}', '{"web": [{"match": [{"headers": [["a"]]}]}]}']
)
def test_an_annotation_that_was_tampered_with_lists_nothing(text: str) -> None:
    assert ROUTER.observed({ROUTE: route(**{ANNOTATION: text})}).managed == ()


def test_which_routes_take_them() -> None:
    plugin = {
        "plugins": {"argoproj-labs/gatewayAPI": {"httpRoutes": [{"name": "a"}, {"name": "b", "useHeaderRoutes": True}]}}
    }
    (router,) = routers(plugin, OWNER)
    assert isinstance(router, GatewayRouter)
    assert (router.routes, router.with_headers) == (("a", "b"), frozenset({"b"}))
    assert takes_managed_routes({"gatewayAPI": {"httpRoute": "a"}})
    assert not takes_managed_routes({"plugins": {"argoproj-labs/gatewayAPI": {"httpRoutes": [{"name": "a"}]}}})
    assert not takes_managed_routes({"nginx": {"stableIngress": "i"}})


def test_a_match_says_one_thing() -> None:
    with pytest.raises(SpecRejected, match="exactly one of exact, prefix, regex"):
        SetHeaderRoute.parse({"name": "n", "match": [{"headerName": "h", "headerValue": {}}]}, "spec.steps[0]")


def test_a_step_without_matches_is_a_route_without_matches() -> None:
    assert SetHeaderRoute.parse({"name": "n"}, "f").route == ManagedRoute("n")
    assert mirror().mirror_percent == 100
    assert header().matches == (RequestMatch((HeaderMatch("X-Team", TextMatch(MatchKind.EXACT, "qa")),)),)
