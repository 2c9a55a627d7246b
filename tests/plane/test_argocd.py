"""Argo CD's own scripts judge what is served here: health in every phase, and each action as its button does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.cluster import Api, Plane, wait_for
from tests.plane.operator import Namespace, Operator
from tests.support import argocd
from tests.support.argocd import Health
from tests.support.metrics_server import Metrics

pytestmark = pytest.mark.plane
Json = dict[str, Any]
V1, V2 = "example.test/app:v1", "example.test/app:v2"
V1_HASH, V2_HASH = "66455c587f", "64bf89d46"
CLIMB = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]
UNSEEN = Health("Progressing", "Waiting for rollout spec update to be observed")
HEALTHY = Health("Healthy", "")
AT_A_STEP = Health("Suspended", "CanaryPauseStep")
ABORTED = Health("Degraded", "RolloutAborted: Rollout aborted update to revision 2")


class App:
    """The Rollout `app` as Argo CD shows it."""

    def __init__(self, ns: Namespace) -> None:
        self.ns = ns
        self.path = f"/apis/argoproj.io/v1alpha1/namespaces/{ns.name}/rollouts/app"

    def live(self) -> Json:
        return self.ns.api.get(self.path)

    def until(self, health: Health) -> None:
        """Waits until this health is shown."""
        wait_for(lambda: argocd.health(self.live()) == health, f"health {health}", seconds=40)

    def enabled(self) -> set[str]:
        """The actions whose buttons can be pressed."""
        return {name for name, is_enabled in argocd.actions(self.live()).items() if is_enabled}

    def press(self, action: str) -> tuple[Json, Json]:
        """Presses a button, which has to be enabled. Returns the patches of status and of the rest."""
        assert action in self.enabled()
        return argocd.press(self.ns.api, self.path, action)

    def at(self, step: int) -> None:
        """Waits until the update is paused at that step."""
        wanted = (step, "Paused")
        self.ns.until("app", lambda s: (s.get("currentStepIndex"), s.get("phase")) == wanted, f"at step {step}")


@pytest.fixture
def ns(plane: Plane, operator: Operator, namespace: Callable[[Api], str]) -> Namespace:
    return Namespace(plane.api, namespace(plane.api))


@pytest.fixture
def app(ns: Namespace) -> App:
    """A healthy Rollout of the first revision."""
    ns.rollout("app", V1, {"steps": CLIMB})
    app = App(ns)
    app.until(HEALTHY)
    return app


@pytest.fixture
def climbing(app: App) -> App:
    """The second revision, paused at its first step."""
    app.ns.release("app", V2)
    app.until(AT_A_STEP)
    return app


@pytest.mark.parametrize("kind", ["Rollout", "AnalysisRun", "Experiment"])
def test_the_interpreter_agrees_with_argo_cds_own_health_examples(kind: str) -> None:
    examples = argocd.own_examples(kind, "health_test.yaml")
    assert len(examples) > 5
    for expected, body in examples:
        wanted = expected["healthStatus"]
        assert argocd.health(body) == (wanted.get("status", ""), wanted.get("message", "")), expected["inputPath"]


@pytest.mark.parametrize("kind", ["Rollout", "AnalysisRun"])
def test_the_interpreter_agrees_with_argo_cds_own_action_examples(kind: str) -> None:
    for expected, body in argocd.own_examples(kind, "actions/action_test.yaml"):
        wanted = {action["name"]: not action["disabled"] for action in expected["result"]}
        assert argocd.actions(body) == wanted, expected["inputPath"]


def test_what_the_operator_has_not_seen_yet_is_progressing(app: App) -> None:
    fresh = app.live() | {"status": None}
    assert argocd.health(fresh) == UNSEEN
    change = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": V2}]}}}}
    assert argocd.health(app.ns.api.patch(app.path, change)) == UNSEEN
    app.until(AT_A_STEP)


def test_every_spec_change_is_acknowledged_even_one_that_changes_nothing(app: App) -> None:
    assert argocd.health(app.ns.api.patch(app.path, {"spec": {"revisionHistoryLimit": 7}})) == UNSEEN
    app.until(HEALTHY)


def test_a_release_is_resumed_and_a_step_skipped(climbing: App) -> None:
    assert climbing.enabled() == {"restart", "resume", "abort", "pause", "promote-full", "skip-current-step"}
    assert climbing.press("resume") == ({"status": {"pauseConditions": None}}, {})
    climbing.at(3)
    assert argocd.health(climbing.live()) == AT_A_STEP
    assert climbing.press("skip-current-step") == ({"status": {"pauseConditions": None, "currentStepIndex": 4}}, {})
    climbing.until(HEALTHY)
    assert climbing.ns.status("app")["stableRS"] == V2_HASH
    assert climbing.enabled() == {"restart"}


def test_a_release_is_aborted_and_tried_again(climbing: App) -> None:
    assert climbing.press("abort") == ({"status": {"abort": True}}, {})
    climbing.until(ABORTED)
    climbing.ns.until("app", lambda _: climbing.ns.replica_sets() == {V1_HASH: 4, V2_HASH: 0}, "back at stable")
    assert climbing.enabled() == {"restart", "retry", "promote-full", "skip-current-step"}
    assert climbing.press("retry") == ({"status": {"abort": None}}, {})
    climbing.until(AT_A_STEP)
    assert climbing.ns.replica_sets() == {V1_HASH: 3, V2_HASH: 1}


def test_a_release_is_promoted_whole(climbing: App) -> None:
    assert climbing.press("promote-full") == ({"status": {"promoteFull": True}}, {})
    climbing.until(HEALTHY)
    status = climbing.ns.status("app")
    assert (status["stableRS"], status.get("promoteFull")) == (V2_HASH, None)
    assert climbing.enabled() == {"restart"}


def test_an_aborted_release_may_be_promoted_whole(climbing: App) -> None:
    climbing.press("abort")
    climbing.until(ABORTED)
    climbing.press("promote-full")
    climbing.until(HEALTHY)
    assert climbing.ns.status("app")["stableRS"] == V2_HASH


def test_a_person_pauses_and_resumes(climbing: App) -> None:
    assert climbing.press("pause") == ({}, {"spec": {"paused": True}})
    climbing.until(Health("Suspended", "manually paused"))
    assert "pause" not in climbing.enabled()
    assert climbing.press("resume") == ({"status": {"pauseConditions": None}}, {"spec": {"paused": False}})
    climbing.at(3)
    assert argocd.health(climbing.live()) == AT_A_STEP


def test_pods_are_restarted(app: App) -> None:
    pods = f"/api/v1/namespaces/{app.ns.name}/pods"
    running = list(app.ns.api.items(pods))
    before = {pod["metadata"]["uid"] for pod in running}
    youngest = max(datetime.fromisoformat(pod["metadata"]["creationTimestamp"]) for pod in running)
    wait_for(lambda: datetime.now(UTC) >= youngest + timedelta(seconds=1), "the second to pass that times are told in")
    status, rest = app.press("restart")
    assert (status, rest.keys(), rest["spec"].keys()) == ({}, {"spec"}, {"restartAt"})
    app.ns.until("app", lambda s: s.get("restartedAt") == rest["spec"]["restartAt"], "restarted", 10)
    app.until(HEALTHY)
    after = {pod["metadata"]["uid"] for pod in app.ns.api.items(pods) if not pod["metadata"].get("deletionTimestamp")}
    assert len(after) == 4
    assert not after & before


def test_a_blue_green_release_is_aborted_tried_again_and_resumed(ns: Namespace) -> None:
    for service in ("active", "preview"):
        ns.service(service, "app")
    labels = {"app": "app"}
    services = {"activeService": "active", "previewService": "preview", "autoPromotionEnabled": False}
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "strategy": {"blueGreen": services},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": V1}]}},
    }
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "app"}}
    ns.create({**head, "spec": spec})
    app, paused = App(ns), Health("Suspended", "BlueGreenPause")
    ns.until_phase("app", "Healthy", seconds=10)
    ns.release("app", V2)
    app.until(paused)
    assert app.enabled() == {"restart", "resume", "abort", "pause", "promote-full"}
    app.press("abort")
    app.until(ABORTED)
    assert app.enabled() == {"restart", "retry", "promote-full"}
    app.press("retry")
    app.until(paused)
    app.press("resume")
    app.until(HEALTHY)
    assert (ns.status("app")["stableRS"], ns.selects("active")) == (V2_HASH, V2_HASH)
    assert app.enabled() == {"restart"}


def test_pods_that_never_come_are_progressing_and_then_degraded(app: App) -> None:
    template = {
        "metadata": {"annotations": {"never-ready": "true"}},
        "spec": {"containers": [{"name": "app", "image": V2}]},
    }
    app.ns.patch("app", {"spec": {"progressDeadlineSeconds": 3, "template": template}})
    app.until(Health("Progressing", "more replicas need to be updated"))
    (name,) = (rs["metadata"]["name"] for rs in replica_sets(app.ns) if rs["spec"]["replicas"] == 1)
    app.until(
        Health("Degraded", f'ProgressDeadlineExceeded: ReplicaSet "{name}" has timed out progressing.'),
    )
    assert "abort" in app.enabled()


def replica_sets(ns: Namespace) -> Iterator[Json]:
    return ns.api.items(f"/apis/apps/v1/namespaces/{ns.name}/replicasets")


def test_a_spec_that_makes_no_sense_is_degraded_with_its_reason(app: App) -> None:
    app.ns.patch("app", {"spec": {"strategy": {"canary": {"steps": [{"setWeight": 101}]}}}})
    problem = "spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100"
    app.until(Health("Degraded", f'InvalidSpec: The Rollout "app" is invalid: {problem}'))
    app.ns.patch("app", {"spec": {"strategy": {"canary": {"steps": CLIMB}}}})
    app.until(HEALTHY)


def test_every_version_that_is_ever_served_has_a_health(app: App) -> None:
    """A release with an abort in it, looked at through the watch that Argo CD has."""
    start = app.live()["metadata"]["resourceVersion"]
    app.ns.release("app", V2)
    app.until(AT_A_STEP)
    app.press("abort")
    app.until(ABORTED)
    app.press("promote-full")
    app.until(HEALTHY)
    end = app.live()["metadata"]["resourceVersion"]
    bodies = list(versions(app, start, end))
    shown = [argocd.health(body) for body in bodies]
    assert {health.status for health in shown} == {"Progressing", "Suspended", "Degraded", "Healthy"}
    for body, health in zip(bodies, shown, strict=True):
        status = body["status"]
        is_seen = status["observedGeneration"] == str(body["metadata"]["generation"])
        if not is_seen:
            assert health == UNSEEN
        elif health.status == "Healthy":
            assert (status["stableRS"], status["availableReplicas"]) == (status["currentPodHash"], 4)
        argocd.actions(body)


def versions(app: App, after: str, until: str) -> Iterator[Json]:
    """Each version of the Rollout after one resourceVersion and up to another."""
    rollouts = app.path.rsplit("/", 1)[0]
    for event in app.ns.api.watch(rollouts, after, 20):
        if event["type"] != "BOOKMARK":
            yield event["object"]
        if int(event["object"]["metadata"]["resourceVersion"]) >= int(until):
            return


def test_nothing_is_added_that_git_does_not_have(climbing: App) -> None:
    """Neither a finalizer nor an annotation of our own, and no word of the spec is changed: Argo CD sees no drift."""
    climbing.press("promote-full")
    climbing.until(HEALTHY)
    live = climbing.live()
    assert "finalizers" not in live["metadata"]
    assert live["metadata"]["annotations"].keys() == {"rollout.argoproj.io/revision"}
    labels = {"app": "app"}
    assert live["spec"] == {
        "replicas": 4,
        "selector": {"matchLabels": labels},
        "strategy": {"canary": {"steps": CLIMB}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": V2}]}},
    }


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    running = Metrics()
    yield running
    running.stop()


class Run:
    """The AnalysisRun of a release's analysis step."""

    def __init__(self, app: App, metrics: Metrics, **metric: object) -> None:
        self._app = app
        success = {"name": "success", "interval": "1s", "successCondition": "result >= 0.95"}
        success |= {"provider": {"prometheus": {"address": metrics.address, "query": "success"}}, "count": 60, **metric}
        meta = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "success"}}
        app.ns.create(meta | {"spec": {"metrics": [success]}})
        step = {"analysis": {"templates": [{"templateName": "success"}]}}
        app.ns.patch("app", {"spec": {"strategy": {"canary": {"steps": [{"setWeight": 25}, step]}}}})
        app.until(HEALTHY)
        app.ns.release("app", V2)
        runs = f"/apis/argoproj.io/v1alpha1/namespaces/{app.ns.name}/analysisruns"
        wait_for(lambda: list(app.ns.api.items(runs)), "the run of the step")
        (run,) = app.ns.api.items(runs)
        self.path = f"{runs}/{run['metadata']['name']}"

    def live(self) -> Json:
        return self._app.ns.api.get(self.path)

    def until(self, health: Health) -> None:
        wait_for(lambda: argocd.health(self.live()) == health, f"health {health}")


def test_a_run_is_progressing_until_a_person_ends_it(app: App, metrics: Metrics) -> None:
    run = Run(app, metrics)
    run.until(Health("Progressing", "Analysis run is running"))
    assert argocd.actions(run.live()) == {"terminate": True}
    assert argocd.press(app.ns.api, run.path, "terminate") == ({}, {"spec": {"terminate": True}})
    run.until(Health("Healthy", "Run Terminated"))
    assert argocd.actions(run.live()) == {"terminate": False}


def test_a_failed_run_is_degraded_and_so_is_its_rollout(app: App, metrics: Metrics) -> None:
    metrics.value = "0.42"
    run = Run(app, metrics)
    why = 'Metric "success" assessed Failed due to failed (1) > failureLimit (0)'
    run.until(Health("Degraded", why))
    wait_for(lambda: argocd.health(app.live()).status == "Degraded", "the Rollout to be degraded")
    assert argocd.health(app.live()).message.endswith(why)
    assert argocd.actions(run.live()) == {"terminate": False}


def test_a_passed_run_is_healthy(app: App, metrics: Metrics) -> None:
    run = Run(app, metrics, count=1)
    run.until(Health("Healthy", "Analysis run completed successfully"))
    app.until(HEALTHY)
