"""A release judged by metrics: the operator asks a server that speaks Prometheus' protocol and says what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.cluster import Api, Plane
from tests.plane.operator import Namespace, Operator
from tests.support.metrics_server import Metrics

pytestmark = pytest.mark.plane
V1, V2 = "example.test/app:v1", "example.test/app:v2"


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    running = Metrics()
    yield running
    running.stop()


@pytest.fixture
def ns(plane: Plane, operator: Operator, namespace: Callable[[Api], str]) -> Namespace:
    return Namespace(plane.api, namespace(plane.api))


def template(ns: Namespace, metrics: Metrics, **changes: object) -> None:
    """The scenario's success rate, asked once a second."""
    prometheus = {"address": metrics.address, "query": "success{hash='{{args.hash}}'}"}
    metric = {
        "name": "success-rate",
        "interval": "1s",
        "successCondition": "result >= 0.95",
        "failureLimit": 1,
        "provider": {"prometheus": prometheus},
        **changes,
    }
    ns.create(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AnalysisTemplate",
            "metadata": {"name": "success-rate"},
            "spec": {"args": [{"name": "hash"}], "metrics": [metric]},
        }
    )


HASH = {"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}}
ANALYSIS = {"templates": [{"templateName": "success-rate"}], "args": [HASH]}
CLIMB = [{"setWeight": 25}, {"pause": {"duration": "4s"}}, {"setWeight": 50}, {"pause": {}}]


def released(ns: Namespace, strategy: dict[str, object]) -> None:
    ns.rollout("app", V1, strategy)
    ns.until_phase("app", "Healthy")
    ns.release("app", V2)


def test_a_good_release_passes_and_its_own_pods_are_asked_about(ns: Namespace, metrics: Metrics) -> None:
    template(ns, metrics)
    released(ns, {"steps": CLIMB, "analysis": ANALYSIS})
    ns.until("app", lambda s: s.get("currentStepIndex") == 3 and s.get("phase") == "Paused", "at the second pause")
    assert len(metrics.queries) >= 3
    assert all("64bf89d46" in query for query in metrics.queries)
    ns.patch_status("app", {"pauseConditions": None})
    assert ns.until_phase("app", "Healthy")["stableRS"] == "64bf89d46"


def test_a_bad_release_is_caught_and_its_pods_go(ns: Namespace, metrics: Metrics) -> None:
    template(ns, metrics)
    metrics.value = "0.42"
    released(ns, {"steps": CLIMB, "analysis": ANALYSIS})
    status = ns.until_phase("app", "Degraded")
    assert status["message"] == (
        "RolloutAborted: Rollout aborted update to revision 2: Background analysis phase error/failed: "
        'Metric "success-rate" assessed Failed due to failed (2) > failureLimit (1)'
    )
    ns.until("app", lambda _: ns.replica_sets() == {"66455c587f": 4, "64bf89d46": 0}, "back at the stable revision")
    ns.until_told("app", "AnalysisRunFailed")


def test_an_analysis_step_holds_the_release_until_it_is_sure(ns: Namespace, metrics: Metrics) -> None:
    template(ns, metrics, count=3, failureLimit=0)
    released(ns, {"steps": [{"setWeight": 25}, {"analysis": ANALYSIS}, {"pause": {}}]})
    status = ns.until_phase("app", "Paused", "CanaryPauseStep")
    assert (status["currentStepIndex"], len(metrics.queries)) == (2, 3)


def test_a_backend_that_talks_nonsense_is_an_error_and_never_a_pass(ns: Namespace, metrics: Metrics) -> None:
    template(ns, metrics, consecutiveErrorLimit=0)
    metrics.nonsense = "<html>502 Bad Gateway</html>"
    released(ns, {"steps": CLIMB, "analysis": ANALYSIS})
    message = ns.until_phase("app", "Degraded")["message"]
    assert "consecutiveErrors (1) > consecutiveErrorLimit (0)" in message
    assert "the answer is no JSON" in message


def test_an_expression_that_makes_no_sense_is_refused_before_a_release_depends_on_it(
    ns: Namespace, metrics: Metrics
) -> None:
    template(ns, metrics, successCondition="result >=")
    ns.rollout("app", V1, {"steps": CLIMB, "analysis": ANALYSIS})
    message = ns.until_phase("app", "Degraded")["message"]
    assert 'metrics[0].successCondition: Invalid value: "result >=": unexpected token EOF (1:9)' in message
