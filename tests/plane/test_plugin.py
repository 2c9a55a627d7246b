"""The stock plugin, unchanged, reads and drives Rollouts of ours."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cluster import Api, Plane
from tests.cluster.tools import binary
from tests.plane.operator import Namespace, Operator

pytestmark = pytest.mark.plane
Json = dict[str, Any]
V1, V2, V3 = (f"example.test/app:v{n}" for n in (1, 2, 3))
CLIMB = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]
ROUTED = {"canaryService": "canary", "stableService": "stable", "trafficRouting": {"nginx": {"stableIngress": "web"}}}


@pytest.fixture(scope="session")
def plugin() -> Path:
    return binary("kubectl-argo-rollouts")


class Person:
    """Somebody at a terminal, in one namespace."""

    def __init__(self, program: Path, kubeconfig: Path, ns: Namespace) -> None:
        self.ns = ns
        self._program, self._kubeconfig = program, kubeconfig

    def types(self, *words: str, status: int = 0) -> str:
        """What the plugin prints, errors included; its exit status must be `status`."""
        command = [str(self._program), *words, "--namespace", self.ns.name, "--kubeconfig", str(self._kubeconfig)]
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
        assert done.returncode == status, f"{words}: exit status {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def sees(self, name: str = "app") -> dict[str, str]:
        """The head of `get rollout`: its lines by their label."""
        text = self.types("get", "rollout", name, "--no-color")
        head = text.split("\n\nNAME")[0]
        return dict(re.findall(r"^\s*([A-Za-z]+): +(.*?)\s*$", head, re.MULTILINE))

    def images(self, name: str = "app") -> set[str]:
        """Lines of `Images:`."""
        text = self.types("get", "rollout", name, "--no-color")
        lines = text.split("Images:")[1].split("Replicas:")[0].splitlines()
        return {line.strip() for line in lines if line.strip()}


@pytest.fixture
def person(plane: Plane, operator: Operator, plugin: Path, namespace: Callable[[Api], str]) -> Person:
    return Person(plugin, plane.kubeconfig, Namespace(plane.api, namespace(plane.api)))


def running(person: Person, **strategy: Any) -> Namespace:
    """A Rollout `app`, healthy at its first revision."""
    person.ns.rollout("app", V1, {"steps": CLIMB, **strategy})
    person.ns.until_phase("app", "Healthy")
    return person.ns


def paused(person: Person, **strategy: Any) -> Namespace:
    """The same in the first pause of its second revision."""
    ns = running(person, **strategy)
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    return ns


def test_it_shows_a_canary_with_images_tags_step_and_weights(person: Person) -> None:
    ns = running(person)
    assert person.images() == {f"{V1} (stable)"}
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    seen = person.sees()
    assert (seen["Status"], seen["Message"]) == ("॥ Paused", "CanaryPauseStep")
    assert (seen["Strategy"], seen["Step"], seen["SetWeight"], seen["ActualWeight"]) == ("Canary", "1/4", "25", "25")
    counts = [seen[name] for name in ("Desired", "Current", "Updated", "Ready", "Available")]
    assert counts == ["4", "4", "1", "4", "4"]
    assert person.images() == {f"{V1} (stable)", f"{V2} (canary)"}
    tree = person.types("get", "rollout", "app", "--no-color")
    assert re.search(r"# revision:2\s.*?⧉ app-64bf89d46 +ReplicaSet +✔ Healthy +\S+ +canary", tree, re.DOTALL)
    assert re.search(r"# revision:1\s.*?⧉ app-66455c587f +ReplicaSet +✔ Healthy +\S+ +stable", tree, re.DOTALL)


def test_it_shows_the_weights_of_a_router(person: Person) -> None:
    for name in ("canary", "stable"):
        person.ns.service(name, "app")
    person.ns.ingress("web", "stable")
    paused(person, **ROUTED)
    seen = person.sees()
    assert (seen["SetWeight"], seen["ActualWeight"]) == ("25", "25")


def test_status_ends_well_when_healthy(person: Person) -> None:
    running(person)
    assert person.types("status", "app").strip().endswith("Healthy")
    assert person.types("status", "app", "--watch=false").strip() == "Healthy"


def test_status_says_what_a_paused_rollout_waits_for_and_gives_up_in_time(person: Person) -> None:
    paused(person)
    assert person.types("status", "app", "--watch=false").strip() == "Paused - CanaryPauseStep"
    text = person.types("status", "app", "--timeout", "1s", status=1)
    assert "Paused - CanaryPauseStep" in text
    assert "Rollout status watch exceeded timeout" in text


def test_status_fails_when_aborted(person: Person) -> None:
    ns = paused(person)
    assert person.types("abort", "app").strip() == "rollout 'app' aborted"
    ns.until_phase("app", "Degraded", "RolloutAborted: Rollout aborted update to revision 2")
    text = person.types("status", "app", status=1)
    reason = "RolloutAborted: Rollout aborted update to revision 2"
    assert f"Degraded - {reason}" in text
    assert f"The rollout is in a degraded state with message: {reason}" in text


def test_status_fails_when_the_spec_makes_no_sense(person: Person) -> None:
    person.ns.rollout("app", V1, {"steps": [{"setWeight": 101}]})
    person.ns.until_phase("app", "Degraded")
    text = person.types("status", "app", status=1)
    assert 'InvalidSpec: The Rollout "app" is invalid: spec.strategy.steps[0].setWeight: Invalid value: 101' in text
    assert person.sees()["Status"] == "✖ Degraded"


def test_promote_goes_on_one_step_after_another(person: Person) -> None:
    ns = paused(person)
    assert person.types("promote", "app").strip() == "rollout 'app' promoted"
    ns.until("app", lambda s: (s.get("currentStepIndex"), s["phase"]) == (3, "Paused"), "at the second pause")
    person.types("promote", "app")
    assert ns.until_phase("app", "Healthy")["stableRS"] == "64bf89d46"


def test_promote_full_skips_what_is_left(person: Person) -> None:
    ns = paused(person)
    assert person.types("promote", "app", "--full").strip() == "rollout 'app' fully promoted"
    ns.until_phase("app", "Healthy")
    assert person.images() == {f"{V2} (stable)"}


def test_abort_and_retry(person: Person) -> None:
    ns = paused(person)
    person.types("abort", "app")
    ns.until_phase("app", "Degraded")
    assert person.types("retry", "rollout", "app").strip() == "rollout 'app' retried"
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    assert person.sees()["Step"] == "1/4"


def test_undo_goes_back_to_the_previous_and_to_a_given_revision(person: Person) -> None:
    ns = running(person)
    for image in (V2, V3):
        ns.release("app", image)
        ns.until_phase("app", "Paused", "CanaryPauseStep")
        person.types("promote", "app", "--full")
        ns.until_phase("app", "Healthy")
    assert person.types("undo", "app").strip() == "rollout 'app' undo"
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    assert person.images() == {f"{V3} (stable)", f"{V2} (canary)"}
    person.types("undo", "app", "--to-revision", "1")
    ns.until("app", lambda s: s.get("currentPodHash") == "66455c587f" and s["phase"] == "Paused", "at revision 1 again")
    assert person.images() == {f"{V3} (stable)", f"{V1} (canary)"}
    assert "unable to find specified revision 99" in person.types("undo", "app", "--to-revision", "99", status=1)


def test_pause_holds_a_rollout_and_promote_lets_it_go(person: Person) -> None:
    ns = running(person)
    assert person.types("pause", "app").strip() == "rollout 'app' paused"
    ns.release("app", V2)
    ns.until_phase("app", "Paused", "manually paused")
    assert ns.replica_sets()["66455c587f"] == 4
    person.types("promote", "app")
    ns.until_phase("app", "Paused", "CanaryPauseStep")


def test_set_image_starts_a_release(person: Person) -> None:
    ns = running(person)
    assert person.types("set", "image", "app", f"app={V2}").strip() == 'rollout "app" image updated'
    ns.until_phase("app", "Paused", "CanaryPauseStep")
    assert person.images() == {f"{V1} (stable)", f"{V2} (canary)"}


def test_list_shows_every_rollout_in_a_line(person: Person) -> None:
    paused(person)
    person.ns.rollout("other", V1, {})
    person.ns.until_phase("other", "Healthy")
    lines = [line.split() for line in person.types("list", "rollouts").strip().splitlines()]
    heads = "NAME STRATEGY STATUS STEP SET-WEIGHT READY DESIRED UP-TO-DATE AVAILABLE"
    assert " ".join(lines[0]) == heads
    assert lines[1] == ["app", "Canary", "Paused", "1/4", "25", "4/4", "4", "1", "4"]
    assert lines[2] == ["other", "Canary", "Healthy", "-", "100", "4/4", "4", "4", "4"]
