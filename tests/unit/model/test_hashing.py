"""Hashes equal those of Argo Rollouts, so that a change of controller finds its ReplicaSets."""

from __future__ import annotations

import pytest

from ferrata.model.hashing import pod_template_hash, step_hash


def template(image: str, name: str = "app") -> dict[str, object]:
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": name, "image": image}]}}


DELAY = {
    "metadata": {"labels": {"app": "canary-scaledowndelay"}},
    "spec": {
        "containers": [
            {
                "name": "canary-scaledowndelay",
                "image": "nginx:1.19-alpine",
                "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
                "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}},
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("given", "collisions", "expected"),
    [
        (DELAY, None, "674d8cf959"),
        ({"spec": {"containers": [{"name": "a", "image": "b"}]}}, None, "77f9d6cb85"),
        ({"spec": {"containers": [{"name": "a", "image": "b"}]}}, 1, "7544f75cbd"),
        (template("example.test/app:v1"), None, "66455c587f"),
        (template("example.test/app:v2"), None, "64bf89d46"),
    ],
)
def test_a_template_has_the_hash_that_argo_rollouts_gives_it(
    given: object, collisions: int | None, expected: str
) -> None:
    assert pod_template_hash(given, collisions) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (None, "5ffbfbbd64"),
        ([], "5f8cb5778f"),
        ([{"setWeight": 10}, {"pause": {}}], "849b756fd4"),
        ([{"pause": {}, "setWeight": 10}], None),
        ([{"setWeight": 50}, {"pause": {}}], "757f5f97b"),
        (
            [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "2s"}}, {"setWeight": 75}],
            "74c44b5f64",
        ),
    ],
)
def test_steps_have_the_hash_that_argo_rollouts_gives_them(steps: object, expected: str | None) -> None:
    assert step_hash(steps) == (expected or step_hash([{"setWeight": 10, "pause": {}}]))


def test_what_is_unknown_malformed_or_spelled_otherwise_does_not_count() -> None:
    odd = template("example.test/app:v1")
    odd["unknown"] = 1
    spec = odd["spec"]
    assert isinstance(spec, dict)
    spec["containers"][0]["resources"] = {"requests": {"cpu": "0.005x"}}
    assert pod_template_hash(odd) == "66455c587f"
