"""Releases on a real API server, the operator being a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from tests.cluster import Api, Plane, audited_requests
from tests.plane.operator import Namespace, Operator

pytestmark = pytest.mark.plane
V1, V2, V3 = (f"example.test/app:v{n}" for n in (1, 2, 3))
HASH = {V1: "66455c587f", V2: "64bf89d46"}
CLIMB = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "1s"}}]
ROUTED = {"canaryService": "canary", "stableService": "stable", "trafficRouting": {"nginx": {"stableIngress": "web"}}}


@pytest.fixture
def ns(plane: Plane, operator: Operator, namespace: Callable[[Api], str]) -> Namespace:
    return Namespace(plane.api, namespace(plane.api))


def routed(ns: Namespace, **changes: object) -> None:
    for name in ("canary", "stable"):
        ns.service(name, "app")
    ns.ingress("web", "stable")
    ns.rollout("app", V1, {"steps": CLIMB, **ROUTED, **changes})


def test_a_canary_without_a_router_climbs_by_replicas(ns: Namespace) -> None:
    ns.rollout("app", V1, {"steps": CLIMB})
    assert ns.until_phase("app", "Healthy")["stableRS"] == HASH[V1]
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    assert ns.replica_sets() == {HASH[V1]: 3, HASH[V2]: 1}
    ns.patch_status("app", {"pauseConditions": None})
    status = ns.until_phase("app", "Healthy")
    assert status["stableRS"] == HASH[V2]
    assert ns.replica_sets() == {HASH[V1]: 0, HASH[V2]: 4}


def test_a_routed_canary_gets_weight_when_its_pods_are_ready(ns: Namespace) -> None:
    routed(ns)
    ns.until("app", lambda s: s.get("phase") == "Healthy" and "canary" in s, "routed")
    assert (ns.weight("app-web-canary"), ns.selects("stable"), ns.selects("canary")) == ("0", HASH[V1], HASH[V1])
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    assert (ns.weight("app-web-canary"), ns.selects("canary"), ns.replica_sets()[HASH[V2]]) == ("25", HASH[V2], 1)
    ns.patch_status("app", {"pauseConditions": None})
    ns.until_phase("app", "Healthy")
    assert (ns.weight("app-web-canary"), ns.selects("stable"), ns.replica_sets()[HASH[V1]]) == ("0", HASH[V2], 4)


def test_an_abort_takes_the_traffic_back_and_a_retry_climbs_again(ns: Namespace) -> None:
    routed(ns)
    ns.until_phase("app", "Healthy")
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    ns.patch_status("app", {"abort": True})
    ns.until_phase("app", "Degraded", "RolloutAborted: Rollout aborted update to revision 2")
    ns.until("app", lambda _: ns.selects("canary") == HASH[V1], "served by the stable revision")
    assert ns.weight("app-web-canary") == "0"
    ns.patch_status("app", {"abort": False})
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    assert ns.weight("app-web-canary") == "25"


def test_going_back_skips_the_steps(ns: Namespace) -> None:
    ns.rollout("app", V1, {"steps": CLIMB})
    ns.until_phase("app", "Healthy")
    ns.release("app", V2)
    ns.until_phase("app", "Paused")
    ns.release("app", V1)
    assert ns.until_phase("app", "Healthy")["stableRS"] == HASH[V1]
    ns.until_told("app", "SkipSteps")


def test_a_service_that_is_missing_is_named_and_healed_when_it_comes(ns: Namespace) -> None:
    ns.rollout("app", V1, {"steps": CLIMB, "canaryService": "canary", "stableService": "stable"})
    status = ns.until_phase("app", "Degraded")
    assert "spec.strategy.canary.stableService" in status["message"]
    ns.until_told("app", "InvalidSpec")
    ns.rollout("other", V1, {"steps": CLIMB})
    ns.until_phase("other", "Healthy")
    for name in ("canary", "stable"):
        ns.service(name, "app")
    ns.until_phase("app", "Healthy", seconds=30)


def test_what_comes_later_is_said_and_not_ignored(ns: Namespace) -> None:
    ns.rollout("app", V1, {"steps": []})
    ns.until_phase("app", "Healthy")
    ns.patch("app", {"spec": {"strategy": {"canary": {"steps": [{"plugin": {"name": "ours/approve"}}]}}}})
    assert "not yet supported: spec.strategy.canary.steps[0].plugin" in ns.until_phase("app", "Degraded")["message"]


def test_nothing_is_asked_of_the_api_server_while_nothing_happens(plane: Plane, ns: Namespace) -> None:
    ns.rollout("app", V1, {"steps": CLIMB})
    ns.until_phase("app", "Healthy")
    time.sleep(3)

    def asked() -> int:
        """Requests about this namespace; the others of this run are being deleted meanwhile."""
        mine = [r for r in audited_requests(plane.audit_log) if r.agent.startswith("rollouts-controller")]
        return len([r for r in mine if r.namespace == ns.name])

    before = asked()
    assert before > 0
    time.sleep(6)
    assert asked() == before


@pytest.mark.slow
def test_killed_again_and_again_a_release_still_arrives(plane: Plane, operator: Operator, ns: Namespace) -> None:
    """The process dies by SIGKILL a little later each time, so that it dies between different writes."""
    routed(ns)
    ns.until_phase("app", "Healthy")
    ns.release("app", V2)
    for attempt in range(6):
        time.sleep(0.05 * attempt)
        operator.kill()
        operator.start()
        ns.until("app", lambda s: s.get("observedGeneration") not in {None, ""}, "observed")
        time.sleep(1.0)
    ns.until_phase("app", "Paused", "CanaryPauseStep", seconds=90)
    assert (ns.weight("app-web-canary"), ns.selects("canary")) == ("25", HASH[V2])
    ns.patch_status("app", {"pauseConditions": None})
    ns.until_phase("app", "Healthy", seconds=60)
    assert (ns.weight("app-web-canary"), ns.selects("stable")) == ("0", HASH[V2])
