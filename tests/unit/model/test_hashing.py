"""Hashes equal those of Argo Rollouts, so that a change of controller finds its ReplicaSets."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from ferrata.model.hashing import pod_template_hash, step_hash

RECORDED = json.loads((pathlib.Path(__file__).parents[2] / "golden" / "hashes.json").read_text(encoding="utf-8"))
SMALL: dict[str, Any] = {"spec": {"containers": [{"name": "a", "image": "b"}]}}


def service(name: str, image: str) -> dict[str, Any]:
    container = {
        "name": name,
        "image": image,
        "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}},
    }
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}


@pytest.mark.parametrize("case", RECORDED["pod_templates"], ids=lambda case: case["hash"])
def test_a_template_has_the_hash_that_was_recorded_for_it(case: dict[str, Any]) -> None:
    assert pod_template_hash(case["template"]) == case["hash"]


@pytest.mark.parametrize("case", RECORDED["steps"], ids=lambda case: case["hash"])
def test_steps_have_the_hash_that_was_recorded_for_them(case: dict[str, Any]) -> None:
    assert step_hash(case["steps"]) == case["hash"]


def test_a_template_with_ports_and_quantities_has_its_published_hash() -> None:
    assert pod_template_hash(service("canary-scaledowndelay", "nginx:1.19-alpine")) == "674d8cf959"


def test_a_template_with_a_readiness_gate_has_its_published_hash() -> None:
    template = service("dynamic-stable-scale", "nginx:1.19-alpine")
    template["spec"]["readinessGates"] = [{"conditionType": "argoproj.io/e2e-readiness"}]
    assert pod_template_hash(template) == "6b56c8cdb4"


def test_a_collision_count_gives_another_hash() -> None:
    assert pod_template_hash(SMALL) == "77f9d6cb85"
    assert pod_template_hash(SMALL, 1) == "7544f75cbd"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (None, "5ffbfbbd64"),
        ([], "5ffbfbbd64"),  # as the controller answers it; an empty list is gone before it is hashed
        ([{"setWeight": 10}, {"pause": {}}], "849b756fd4"),
        ([{"setWeight": 50}, {"pause": {}}], "757f5f97b"),
    ],
)
def test_steps_have_their_published_hash(steps: object, expected: str) -> None:
    assert step_hash(steps) == expected


def test_the_order_in_which_fields_were_written_does_not_count() -> None:
    assert step_hash([{"pause": {}, "setWeight": 10}]) == step_hash([{"setWeight": 10, "pause": {}}])
    assert step_hash([{"pause": {"duration": 10}}]) != step_hash([{"pause": {"duration": "10"}}])


def test_unknown_fields_do_not_count() -> None:
    assert pod_template_hash({**SMALL, "unknown": 1}) == pod_template_hash(SMALL)


def test_a_quantity_that_cannot_be_read_hashes_as_zero() -> None:
    broken, zero = service("a", "b"), service("a", "b")
    broken["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "5x"
    zero["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "0"
    assert pod_template_hash(broken) == pod_template_hash(zero)
