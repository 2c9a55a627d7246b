"""A Rollout as its spec: defaults, and what null means."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.errors import SpecRejected
from ferrata.observe.spec import read_spec

HEADER = {"setHeaderRoute": {"name": "team", "match": [{"headerName": "x", "headerValue": {"exact": "y"}}]}}


def rollout(**canary: Any) -> dict[str, Any]:
    metadata = {"namespace": "ns", "name": "app", "uid": "u", "generation": 1}
    return {"metadata": metadata, "spec": {"replicas": 8, "strategy": {"canary": canary}}}


@pytest.mark.parametrize("given", [{}, {"maxSurge": None, "maxUnavailable": None}])
def test_a_limit_that_is_null_is_the_default(given: dict[str, Any]) -> None:
    canary = read_spec(rollout(**given)).canary
    assert (canary.max_surge, canary.max_unavailable) == (2, 2)


def test_a_header_route_needs_a_route_that_takes_it() -> None:
    plugin = {"httpRoutes": [{"name": "web", "useHeaderRoutes": True}]}
    routing = {"plugins": {"argoproj-labs/gatewayAPI": plugin}, "managedRoutes": [{"name": "team"}]}
    spec = read_spec(rollout(steps=[HEADER], trafficRouting=routing))
    assert (spec.canary.managed_routes, str(spec.steps[0])) == (("team",), "setHeaderRoute: team")
    plugin["httpRoutes"][0]["useHeaderRoutes"] = False
    with pytest.raises(SpecRejected, match=r"steps\[0\]\.setHeaderRoute: no HTTPRoute .* useHeaderRoutes: true"):
        read_spec(rollout(steps=[HEADER], trafficRouting=routing))
