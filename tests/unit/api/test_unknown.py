"""Fields that nothing reads are found wherever they are; some are refused because ignoring them would be dangerous."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.api.crd import definitions
from ferrata.api.parsing import UnknownField, named
from ferrata.api.unknown import refused_in_metrics, refused_in_rollout, unknown_in_rollout, unknown_in_run
from ferrata.api.validation import validate_spec

Json = dict[str, Any]
CANARY = "spec.strategy.canary"
PLUGIN = {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": "web", "namespce": "edge"}}}


def canary(**fields: Any) -> Json:
    return {"metadata": {"whatever": 1}, "spec": {"strategy": {"canary": fields}}, "status": {"whatever": 1}}


@pytest.mark.parametrize(
    ("rollout", "found"),
    [
        (canary(), []),
        (canary(stepz=[]), [f'{CANARY}.stepz (did you mean "steps"?)']),
        (canary(colour="blue"), [f"{CANARY}.colour"]),
        (canary(**{"a b": 1}), [f"{CANARY}[a b]"]),
        (
            canary(steps=[{}, {"pause": {"durations": 1}}]),
            [f'{CANARY}.steps[1].pause.durations (did you mean "duration"?)'],
        ),
        (
            canary(trafficRouting=PLUGIN),
            [f'{CANARY}.trafficRouting.plugins[argoproj-labs/gatewayAPI].namespce (did you mean "namespace"?)'],
        ),
        (canary(trafficRouting={"plugins": {"other": {"x": 1}}}), []),
        (
            {"spec": {"template": {"spec": {"volumes": [{"name": "v", "emptyDirr": {}}]}}}},
            ["spec.template.spec.volumes[0].emptyDirr"],
        ),
        ({"spec": True}, []),
        ({"spec": {"strategy": {"canary": {"steps": {"x": 1}}}}}, []),
    ],
)
def test_unknown_fields_of_a_rollout_are_named_with_their_path(rollout: Json, found: list[str]) -> None:
    assert [str(field) for field in unknown_in_rollout(rollout)] == found


def test_maps_of_objects_are_looked_into() -> None:
    match = {"path": {"exact": "/"}, "headers": {"x-team": {"exakt": "a"}}}
    found = unknown_in_rollout(canary(steps=[{"setMirrorRoute": {"match": [match]}}]))
    path = f"{CANARY}.steps[0].setMirrorRoute.match[0].headers[x-team].exakt"
    assert found == (UnknownField(path, "exact"),)


@pytest.mark.parametrize(
    ("rollout", "field"),
    [
        (canary(steps=[{"setWieght": 5}]), f"{CANARY}.steps[0].setWieght"),
        (canary(steps=[{"setWeight": 5, "a.b": 5}]), f"{CANARY}.steps[0][a.b]"),
        (canary(trafficRouting={"gatewayApi": {}}), f"{CANARY}.trafficRouting.gatewayApi"),
        (canary(trafficRouting={"nginx": {"ingress": "web"}}), f"{CANARY}.trafficRouting.nginx.ingress"),
    ],
)
def test_what_would_leave_traffic_wrong_is_refused(rollout: Json, field: str) -> None:
    error = validate_spec(rollout)
    assert error is not None
    assert (error.field, error.kind.value) == (field, "Forbidden")


@pytest.mark.parametrize(
    "rollout",
    [
        canary(stepz=[]),
        canary(steps=[{"pause": {"durations": 1}}]),
        canary(trafficRouting=PLUGIN),
        {"spec": {"odd": 1}},
    ],
)
def test_all_else_is_only_told(rollout: Json) -> None:
    assert unknown_in_rollout(rollout)
    assert not list(refused_in_rollout(rollout))


def test_a_misspelt_condition_of_a_metric_is_refused_since_it_would_always_pass() -> None:
    metrics = [{"name": "m", "succesCondition": "false", "colour": "blue"}]
    assert [error.field for error in refused_in_metrics({"spec": {"metrics": metrics}})] == [
        "spec.metrics[0].succesCondition"
    ]
    assert len(unknown_in_run({"spec": {"metrics": metrics}})) == 2


def test_of_many_unknown_fields_the_first_few_are_named() -> None:
    fields = [UnknownField(f"spec.x{n}") for n in range(25)]
    assert named(fields).endswith("spec.x9 and 15 more")
    assert len(named([UnknownField("x" * 10**6)])) < 2_000


def _nodes(schema: Json) -> list[Json]:
    inner = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    return [schema, *(node for part in inner if isinstance(part, dict) for node in _nodes(part))]


def test_the_api_server_keeps_unknown_fields_in_specs_and_nowhere_else() -> None:
    keeps = "x-kubernetes-preserve-unknown-fields"
    for crd in definitions().values():
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        assert keeps not in schema
        assert schema["properties"]["spec"][keeps] is True
        status = schema["properties"].get("status", {})
        assert not [node for node in _nodes(status) if keeps in node and "properties" in node]
    rollout = definitions()["rollouts"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert keeps not in rollout["properties"]["template"]["properties"]["spec"]
    assert rollout["properties"]["strategy"]["properties"]["canary"]["properties"]["steps"]["items"][keeps] is True


def test_all_definitions_together_fit_into_a_release_of_a_chart(request: pytest.FixtureRequest) -> None:
    files = (request.config.rootpath / "crds").glob("*.yaml")
    assert sum(file.stat().st_size for file in files) < 2**20
