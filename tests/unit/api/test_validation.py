"""An invalid Rollout is refused in the words that clients of Argo Rollouts know."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrata.api.validation import validate_spec
from ferrata.api.validation_references import References, referenced_names, validate_references

RECORDED = json.loads((pathlib.Path(__file__).parents[2] / "golden" / "invalid_rollouts.json").read_text("utf-8"))
NGINX = {"canaryService": "c", "stableService": "s", "trafficRouting": {"nginx": {"stableIngress": "i"}}}


def rollout(strategy: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    written: dict[str, Any] = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "app"}},
        "template": {
            "metadata": {"labels": {"app": "app"}},
            "spec": {"containers": [{"name": "app", "image": "example.test/app:v1"}]},
        },
        "strategy": {"canary": {}} if strategy is None else strategy,
    }
    return {"metadata": {"name": "app", "namespace": "default"}, "spec": {**written, **spec}}


def canary(**fields: Any) -> dict[str, Any]:
    return rollout({"canary": fields})


def step(*steps: Any, **fields: Any) -> dict[str, Any]:
    return canary(steps=list(steps), **fields)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_an_invalid_rollout_gets_the_error_that_was_recorded(case: dict[str, Any]) -> None:
    given_ = rollout(case["strategy"])
    assert str(validate_spec(given_) or validate_references(given_, References())) == case["error"]


@pytest.mark.parametrize(
    "valid",
    [
        rollout(),
        rollout(replicas=None),
        step({"setWeight": 100}, {"pause": {}}, {"pause": {"duration": "1h"}}, {"pause": {"duration": 5}}),
        step({"setCanaryScale": {"weight": 5}}, **NGINX),
        step({"setWeight": 1000}, **{**NGINX, "trafficRouting": {"nginx": {}, "maxTrafficWeight": 1000}}),
        step({"setWeight": 1000}, **{**NGINX, "trafficRouting": {"gatewayAPI": {}, "maxTrafficWeight": 1000}}),
        step({"analysis": {"templates": [{"templateName": "t"}]}}),
        canary(maxSurge="0%", maxUnavailable=1),
        rollout({"blueGreen": {"activeService": "a"}}),
    ],
)
def test_a_valid_rollout_passes(valid: dict[str, Any]) -> None:
    assert validate_spec(valid) is None


@pytest.mark.parametrize(
    ("invalid", "error"),
    [
        ({}, "spec: Required value: Rollout has missing field '.spec'"),
        (rollout(replicas=-1), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (rollout(selector=None), "spec.selector: Required value: Rollout has missing field '.spec.selector'"),
        (rollout(selector={}), "spec.selector: Invalid value: {}: empty selector is invalid for deployment"),
        (rollout(minReadySeconds=-1), "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"),
        (
            rollout(minReadySeconds=600),
            "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
        ),
        (
            rollout({}),
            "spec.strategy.strategy: Required value: "
            "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'",
        ),
        (
            rollout({"blueGreen": {"activeService": "a", "previewService": "a"}}),
            'spec.strategy.activeService: Invalid value: "a": This rollout uses the same service for the active and '
            "preview services, but two different services are required.",
        ),
        (
            rollout({"blueGreen": {"activeService": "a", "scaleDownDelayRevisionLimit": 11}}),
            "spec.strategy.scaleDownDelayRevisionLimit: Invalid value: 11: This rollout's revision history limit can "
            "not be smaller than the rollout's scale down limit",
        ),
        (
            rollout(workloadRef={"kind": "Deployment", "name": "d"}),
            "spec.template: Internal error: template must be empty for workload reference rollout",
        ),
    ],
)
def test_each_rule_of_the_rollout_itself_has_its_text(invalid: dict[str, Any], error: str) -> None:
    assert str(validate_spec(invalid)) == error


@pytest.mark.parametrize(
    ("invalid", "field", "detail"),
    [
        (canary(canaryService="c", trafficRouting={"nginx": {}}), "stableService", "must to be set to use Traffic"),
        (canary(stableService="s", trafficRouting={"smi": {}}), "canaryService", "must to be set to use Traffic"),
        (canary(scaleDownDelaySeconds=1), "scaleDownDelaySeconds", "can only be used with traffic routing"),
        (canary(dynamicStableScale=True), "dynamicStableScale", "can only be used with traffic routing"),
        (
            canary(dynamicStableScale=True, scaleDownDelaySeconds=1, **NGINX),
            "dynamicStableScale",
            "cannot be used with scaleDownDelaySeconds",
        ),
        (canary(trafficRouting={"maxTrafficWeight": 9}), "trafficRouting.maxTrafficWeight", "only supported in Nginx"),
        (canary(pingPong={"pingService": "a"}), "pingPong.pongService", "must to be set to use Ping-Pong"),
        (canary(antiAffinity={}), "antiAffinity", "must have exactly one strategy listed"),
        (step({"setWeight": -1}), "steps[0].setWeight", "between 0 and 100"),
        (step({"pause": {}}, {"pause": {"duration": -5}}), "steps[1].pause.duration", "greater than 0"),
        (step({"setWeight": 1, "pause": {}}), "steps[0]", "Step must have one of"),
        (
            step({"setHeaderRoute": {"name": "h"}}, trafficRouting={"plugins": {"x/y": {}}}),
            "trafficRouting.managedRoutes",
            "missing field",
        ),
        (
            step({"setHeaderRoute": {"name": "h"}}, trafficRouting={"plugins": {"x/y": {}}, "managedRoutes": []}),
            "steps[0].setHeaderRoute",
            "does not exist in",
        ),
        (
            step({"setMirrorRoute": {"name": "m"}}, **NGINX),
            "steps[0].setMirrorRoute",
            "supports Istio and Plugins",
        ),
        (
            step({"experiment": {"templates": [{"name": "a", "specRef": "stable", "weight": 5}]}}),
            "steps[0].experiment.templates[0].weight",
            "unless TrafficRouting is enabled",
        ),
        (
            canary(analysis={"args": [{"name": "a", "valueFrom": {"fieldRef": {"fieldPath": "metadata.owner"}}}]}),
            "analysis.args[0].valueFrom.fieldRef.fieldPath",
            "supported by downwardAPI",
        ),
    ],
)
def test_each_rule_of_a_canary_names_its_field(invalid: dict[str, Any], field: str, detail: str) -> None:
    error = validate_spec(invalid)
    assert error is not None
    assert error.field == f"spec.strategy.{field}"
    assert detail in error.detail


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            {"metadata": {"labels": {"app": "other"}}},
            'metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`',
        ),
        ({"spec": {}}, "spec.containers: Required value"),
        ({"spec": {"containers": [{"image": "b"}]}}, "spec.containers[0].name: Required value"),
        ({"spec": {"containers": [{"name": "a"}]}}, "spec.containers[0].image: Required value"),
        (
            {"spec": {"containers": [{"name": "a", "image": "b"}, {"name": "a", "image": "b"}]}},
            'spec.containers[1].name: Duplicate value: "a"',
        ),
        (
            {"spec": {"containers": [{"name": "a", "image": "b"}], "restartPolicy": "Never"}},
            'spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        ),
        (
            {"spec": {"containers": [{"name": "a", "image": "b"}], "activeDeadlineSeconds": 5}},
            "spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported",
        ),
        (
            {"spec": {"containers": [{"name": "a", "image": "b", "ports": [{"containerPort": 70000}]}]}},
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            {"spec": {"containers": [{"name": "a", "image": "b", "volumeMounts": [{"name": "v", "mountPath": "/"}]}]}},
            'spec.containers[0].volumeMounts[0].name: Not found: "v"',
        ),
    ],
)
def test_a_pod_template_that_no_replica_set_may_have_is_refused(change: dict[str, Any], error: str) -> None:
    template = {**rollout()["spec"]["template"], **change}
    assert str(validate_spec(rollout(template=template))) == f"spec.template.{error}"


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ({"key": "app", "operator": "In", "values": ["app", "b"]}, True),
        ({"key": "app", "operator": "In", "values": ["b"]}, False),
        ({"key": "app", "operator": "NotIn", "values": ["b"]}, True),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
        ({"key": "app", "operator": "Near"}, False),
        ({"key": "app", "operator": "In"}, False),
    ],
)
def test_a_selector_by_expression_must_match_the_template(expression: dict[str, Any], accepted: bool) -> None:
    assert (validate_spec(rollout(selector={"matchExpressions": [expression]})) is None) == accepted


@pytest.mark.parametrize(
    ("invalid", "error"),
    [
        (rollout(replicas="3"), 'spec.replicas: Invalid value: "3": must be a whole number of 32 bits'),
        (rollout(replicas=2**31), "spec.replicas: Invalid value: 2147483648: must be a whole number of 32 bits"),
        (rollout(template=[]), "spec.template: Invalid value: []: must be an object"),
        (canary(steps={}), "spec.strategy.canary.steps: Invalid value: {}: must be a list"),
        (step(None), "spec.strategy.canary.steps[0]: Invalid value: null: must be an object"),
        (step({"setWeight": True}), "spec.strategy.canary.steps[0].setWeight: Invalid value: true: must be a whole"),
        ([], "rollout: Invalid value: []: must be an object"),
    ],
)
def test_a_wrong_type_is_an_error_that_names_the_field(invalid: Any, error: str) -> None:
    assert str(validate_spec(invalid)).startswith(error)


JSON = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({}) | st.just([None])
FULL = step(
    {"setWeight": 5, "pause": {"duration": 1}},
    {"setHeaderRoute": {"name": "h", "match": [{"headerName": "x", "headerValue": {"exact": "y"}}]}},
    {"setMirrorRoute": {"name": "h", "match": [{"method": {"exact": "y"}}]}},
    {"analysis": {"templates": [{"templateName": "t"}], "args": [{"name": "a", "valueFrom": {"fieldRef": {}}}]}},
    {"experiment": {"templates": [{"name": "a", "weight": 5}], "analyses": [{"args": []}]}},
    maxSurge=1,
    maxUnavailable="10%",
    pingPong={"pingService": "a"},
    antiAffinity={"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 1}},
    trafficRouting={
        "nginx": {"stableIngresses": ["a"]},
        "alb": {"rootService": ""},
        "istio": {"destinationRule": {}},
        "plugins": {"argoproj-labs/gatewayAPI": {"httpRoutes": [{"name": "r"}]}},
        "managedRoutes": [{"name": "h"}],
    },
    canaryService="a",
    stableService="b",
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, item in items for deeper in _paths(item, (*path, key)))]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(_paths(FULL)[1:]), JSON), min_size=1, max_size=3))
def test_no_object_is_so_broken_that_validation_raises(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    broken = json.loads(json.dumps(FULL))
    for path, value in changes:
        owner = broken
        for key in path[:-1]:
            owner = owner[key] if isinstance(owner, dict | list) and key in dict(_items(owner)) else None
        if isinstance(owner, dict | list) and path[-1] in dict(_items(owner)):
            owner[path[-1]] = value
    if validate_spec(broken) is None:
        referenced_names(broken)
        validate_references(broken, References())


def _items(value: Any) -> Any:
    return value.items() if isinstance(value, dict) else enumerate(value)
