"""Blue-green releases on a real control plane: switches, verdicts, ways back, and a killed operator."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.cluster import Api, Plane
from tests.cluster.tools import binary
from tests.plane.operator import Namespace, Operator
from tests.support.metrics_server import Metrics

pytestmark = pytest.mark.plane
V1, V2 = "example.test/app:v1", "example.test/app:v2"
HASH1, HASH2 = "66455c587f", "64bf89d46"
ANALYSIS = {"templates": [{"templateName": "success-rate"}]}


@pytest.fixture
def ns(plane: Plane, operator: Operator, namespace: Callable[[Api], str]) -> Namespace:
    return Namespace(plane.api, namespace(plane.api))


@pytest.fixture
def metrics(ns: Namespace) -> Iterator[Metrics]:
    running = Metrics()
    provider = {"prometheus": {"address": running.address, "query": "success"}}
    metric = {"name": "success-rate", "successCondition": "result >= 0.95", "provider": provider}
    ns.create(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AnalysisTemplate",
            "metadata": {"name": "success-rate"},
            "spec": {"metrics": [metric]},
        }
    )
    yield running
    running.stop()


def deployed(ns: Namespace, **strategy: Any) -> None:
    """The first release, healthy."""
    for name in ("a", "p"):
        ns.service(name, "app")
    ns.rollout("app", V1, {"activeService": "a", "previewService": "p", **strategy}, replicas=3, kind="blueGreen")
    ns.until_phase("app", "Healthy")
    assert (ns.selects("a"), ns.selects("p")) == (HASH1, HASH1)


def plugin(plane: Plane, ns: Namespace, *words: str) -> None:
    command = [str(binary("kubectl-argo-rollouts")), *words, "-n", ns.name]
    environment = os.environ | {"KUBECONFIG": str(plane.kubeconfig)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def run_labels(ns: Namespace) -> dict[str, tuple[str, str]]:
    """Kind and hash of each AnalysisRun by its name."""
    items = ns.api.items(f"/apis/argoproj.io/v1alpha1/namespaces/{ns.name}/analysisruns")
    labels = {run["metadata"]["name"]: run["metadata"]["labels"] for run in items}
    return {name: (found["rollout-type"], found["rollouts-pod-template-hash"]) for name, found in labels.items()}


def test_a_good_release_is_analysed_before_and_after_the_switch(ns: Namespace, metrics: Metrics) -> None:
    deployed(ns, prePromotionAnalysis=ANALYSIS, postPromotionAnalysis=ANALYSIS, scaleDownDelaySeconds=1)
    ns.release("app", V2)
    status = ns.until("app", lambda s: s.get("stableRS") == HASH2, "promoted")
    assert run_labels(ns) == {
        f"app-{HASH2}-2-pre": ("PrePromotion", HASH2),
        f"app-{HASH2}-2-post": ("PostPromotion", HASH2),
    }
    assert status["blueGreen"]["prePromotionAnalysisRunStatus"]["status"] == "Successful"
    assert status["blueGreen"]["postPromotionAnalysisRunStatus"]["status"] == "Successful"
    ns.until("app", lambda _: ns.replica_sets() == {HASH1: 0, HASH2: 3}, "without old pods")


def test_a_release_that_turns_bad_after_the_switch_is_taken_back(ns: Namespace, metrics: Metrics) -> None:
    deployed(ns, postPromotionAnalysis=ANALYSIS, abortScaleDownDelaySeconds=1)
    metrics.value = "0.42"
    ns.release("app", V2)
    status = ns.until_phase("app", "Degraded")
    assert status["message"] == (
        "RolloutAborted: Rollout aborted update to revision 2: "
        "Blue/green post-promotion analysis phase error/failed: "
        'Metric "success-rate" assessed Failed due to failed (1) > failureLimit (0)'
    )
    ns.until("app", lambda _: ns.replica_sets() == {HASH1: 3, HASH2: 0}, "back at the stable revision")
    assert (ns.selects("a"), status["stableRS"]) == (HASH1, HASH1)


def test_within_the_delay_a_way_back_needs_neither_pods_nor_people(plane: Plane, ns: Namespace) -> None:
    deployed(ns, autoPromotionEnabled=False)
    time.sleep(1.1)  # Which revision is older is told by creation times, and those have whole seconds.
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "BlueGreenPause")
    plugin(plane, ns, "promote", "app")
    ns.until("app", lambda s: s.get("stableRS") == HASH2, "promoted")
    assert ns.replica_sets() == {HASH1: 3, HASH2: 3}
    plugin(plane, ns, "undo", "app")
    ns.until("app", lambda s: s.get("stableRS") == HASH1 and s.get("phase") == "Healthy", "back")
    assert (ns.selects("a"), ns.selects("p")) == (HASH1, HASH1)
    assert ns.replica_sets() == {HASH1: 3, HASH2: 3}
    assert ns.events("app").count("RolloutPaused") == 1


def test_a_full_promotion_passes_a_preview_of_one(plane: Plane, ns: Namespace) -> None:
    deployed(ns, autoPromotionEnabled=False, previewReplicaCount=1)
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "BlueGreenPause")
    assert ns.replica_sets() == {HASH1: 3, HASH2: 1}
    plugin(plane, ns, "promote", "app", "--full")
    status = ns.until("app", lambda s: s.get("stableRS") == HASH2, "promoted")
    assert (ns.selects("a"), status.get("promoteFull")) == (HASH2, None)
    assert ns.replica_sets()[HASH2] == 3


def test_a_killed_operator_promotes_when_the_time_has_come(ns: Namespace, operator: Operator) -> None:
    deployed(ns, autoPromotionSeconds=5)
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "BlueGreenPause")
    operator.kill()
    operator.start()
    status = ns.until_phase("app", "Healthy")
    assert (status["stableRS"], ns.selects("a")) == (HASH2, HASH2)


def test_an_autoscaler_sees_the_active_pods_only(ns: Namespace) -> None:
    deployed(ns, autoPromotionEnabled=False)
    ns.release("app", V2)
    status = ns.until_phase("app", "Paused", "BlueGreenPause")
    assert (status["HPAReplicas"], status["replicas"]) == (3, 6)
    assert status["selector"] == f"app=app,rollouts-pod-template-hash={HASH1}"
    ns.patch("app", {"spec": {"replicas": 5}})
    ns.until("app", lambda s: s.get("HPAReplicas") == 5 and s.get("replicas") == 10, "scaled on both sides")
    assert (ns.status("app")["message"], ns.selects("a")) == ("BlueGreenPause", HASH1)


def test_a_canary_becomes_a_blue_green_release_without_new_pods(ns: Namespace) -> None:
    ns.service("a", "app")
    ns.rollout("app", V1, {"steps": [{"setWeight": 50}]}, replicas=3)
    ns.until_phase("app", "Healthy")
    ns.patch("app", {"spec": {"strategy": {"canary": None, "blueGreen": {"activeService": "a"}}}})
    status = ns.until("app", lambda s: (s.get("blueGreen") or {}).get("activeSelector") == HASH1, "blue-green")
    assert "currentStepIndex" not in status
    assert ns.replica_sets() == {HASH1: 3}
    ns.release("app", V2)
    ns.until("app", lambda s: s.get("stableRS") == HASH2 and s.get("phase") == "Healthy", "released")
    assert ns.selects("a") == HASH2
