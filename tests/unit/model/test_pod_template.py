"""Two templates are the same when Kubernetes would run the same pods for them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ferrata.model.keys import POD_TEMPLATE_HASH
from ferrata.model.pod_template import canonical, equal, go_json, with_defaults


def template(**container: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web:1", **container}]},
    }


DEFAULTED = {
    "metadata": {"creationTimestamp": None, "labels": {"app": "web", POD_TEMPLATE_HASH: "66455c587f"}},
    "spec": {
        "containers": [
            {
                "name": "web",
                "image": "web:1",
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "resources": {"limits": {"memory": "1Gi"}},
                "readinessProbe": {
                    "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
                    "timeoutSeconds": 1,
                    "periodSeconds": 10,
                    "successThreshold": 1,
                    "failureThreshold": 3,
                },
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "imagePullPolicy": "IfNotPresent",
            }
        ],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "web",
        "serviceAccount": "web",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    },
}


def desired() -> dict[str, Any]:
    written = template(
        ports=[{"containerPort": 80}],
        resources={"limits": {"memory": "1024Mi"}},
        readinessProbe={"httpGet": {"port": 80}},
        env=[],
    )
    written["spec"]["serviceAccountName"] = "web"
    return written


def test_what_the_api_server_made_of_a_template_is_still_that_template() -> None:
    assert equal(DEFAULTED, desired())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("image",), "web:2"),
        (("env",), [{"name": "A", "value": "1"}]),
        (("resources",), {"limits": {"memory": "1025Mi"}}),
        (("ports",), [{"containerPort": 81}]),
        (("securityContext",), {}),
    ],
)
def test_one_changed_field_makes_another_template(path: tuple[str, ...], value: object) -> None:
    changed = desired()
    changed["spec"]["containers"][0][path[0]] = value
    assert not equal(DEFAULTED, changed)


def test_comparing_leaves_both_templates_alone() -> None:
    live, written = deepcopy(DEFAULTED), desired()
    equal(live, written)
    assert live == DEFAULTED
    assert written == desired()


def test_fields_are_printed_in_the_order_of_their_declaration() -> None:
    jumbled = {"spec": {"containers": [{"image": "b", "name": "a"}]}, "metadata": {}}
    assert go_json(jumbled) == b'{"metadata":{},"spec":{"containers":[{"name":"a","image":"b","resources":{}}]}}'


def test_map_keys_are_sorted_and_markup_is_escaped() -> None:
    labelled = {"metadata": {"annotations": {"b": "<&>", "a": "é\u2028"}}, "spec": {"containers": []}}
    expected = '{"metadata":{"annotations":{"a":"é\\u2028","b":"\\u003c\\u0026\\u003e"}},"spec":{"containers":[]}}'
    assert go_json(labelled) == expected.encode()


def test_a_struct_that_is_no_pointer_is_always_printed() -> None:
    reference = {"resource": "limits.cpu"}
    written = template(env=[{"name": "A", "valueFrom": {"resourceFieldRef": reference}}])
    found = canonical(written)["spec"]["containers"][0]["env"][0]["valueFrom"]["resourceFieldRef"]
    assert found == {"resource": "limits.cpu", "divisor": "0"}


def test_unknown_and_unreadable_parts_are_dropped_and_the_rest_stays() -> None:
    broken = template(ports="eighty", stdin="yes", surprise=1, command=["run"])
    assert canonical(broken) == canonical(template(command=["run"]))


def test_a_number_that_cannot_be_read_is_not_made_up() -> None:
    assert canonical(template(securityContext={"runAsUser": "root"})) == canonical(template(securityContext={}))


@pytest.mark.parametrize("nonsense", [None, [], "text", {"spec": [], "metadata": 5}, {"spec": {"containers": [None]}}])
def test_nonsense_does_not_raise(nonsense: object) -> None:
    assert set(canonical(nonsense)) == {"metadata", "spec"}
    assert with_defaults(nonsense)["spec"]["restartPolicy"] == "Always"


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("web", "Always"),
        ("web:latest", "Always"),
        ("web:1", "IfNotPresent"),
        ("registry:5000/web", "Always"),
        ("registry:5000/web:1", "IfNotPresent"),
        ("web@sha256:0123", "IfNotPresent"),
        ("web:latest@sha256:0123", "Always"),
        ("", "IfNotPresent"),
    ],
)
def test_only_the_latest_image_is_always_pulled(image: str, policy: str) -> None:
    assert with_defaults(template(image=image))["spec"]["containers"][0]["imagePullPolicy"] == policy


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ({}, {"emptyDir": {}}),
        ({"secret": {"secretName": "s"}}, {"secret": {"secretName": "s", "defaultMode": 420}}),
        ({"hostPath": {"path": "/x"}}, {"hostPath": {"path": "/x", "type": ""}}),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "sources": [{"serviceAccountToken": {"expirationSeconds": 3600, "path": "t"}}],
                    "defaultMode": 420,
                }
            },
        ),
        (
            {"downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            {
                "downwardAPI": {
                    "items": [{"path": "p", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}],
                    "defaultMode": 420,
                }
            },
        ),
    ],
)
def test_volumes_get_the_defaults_of_their_source(volume: dict[str, Any], expected: dict[str, Any]) -> None:
    written = template()
    written["spec"]["volumes"] = [{"name": "v", **volume}]
    assert with_defaults(written)["spec"]["volumes"] == [{"name": "v", **expected}]
