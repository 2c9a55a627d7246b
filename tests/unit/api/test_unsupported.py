"""What is not carried out yet is said, field by field; nothing is left out in silence."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.api.unsupported import unsupported, unsupported_metric

GATEWAY = "argoproj-labs/gatewayAPI"


def canary(**fields: Any) -> dict[str, Any]:
    return {"spec": {"strategy": {"canary": fields}}}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"spec": {"workloadRef": {"name": "d"}}}, "spec.workloadRef"),
        ({"spec": {"rollbackWindow": {"revisions": 3}}}, "spec.rollbackWindow"),
        (canary(pingPong={"pingService": "a"}), "spec.strategy.canary.pingPong"),
        (canary(steps=[{"pause": {}}, {"experiment": {}}]), "spec.strategy.canary.steps[1].experiment"),
        (canary(steps=[{"plugin": {"name": "a/b"}}]), "spec.strategy.canary.steps[0].plugin"),
        (canary(trafficRouting={"istio": {}}), "spec.strategy.canary.trafficRouting.istio"),
        (canary(trafficRouting={"plugins": {"a/b": {}}}), "spec.strategy.canary.trafficRouting.plugins[a/b]"),
        (
            canary(trafficRouting={"plugins": {GATEWAY: {"grpcRoutes": [{"name": "g"}]}}}),
            f"spec.strategy.canary.trafficRouting.plugins[{GATEWAY}].grpcRoutes",
        ),
        (
            canary(trafficRouting={"plugins": {GATEWAY: {"httpRouteSelector": {"matchLabels": {"a": "b"}}}}}),
            f"spec.strategy.canary.trafficRouting.plugins[{GATEWAY}].httpRouteSelector",
        ),
    ],
)
def test_the_first_field_that_comes_later_is_named(given: dict[str, Any], field: str) -> None:
    assert unsupported(given) == f"not yet supported: {field}"


@pytest.mark.parametrize(
    "given",
    [
        canary(),
        canary(canaryMetadata={"labels": {"a": "b"}}, stableMetadata={}),
        {"spec": {"strategy": {"blueGreen": {"previewMetadata": {"labels": {"role": "preview"}}}}}},
        canary(antiAffinity={"requiredDuringSchedulingIgnoredDuringExecution": {}}, pingPong=None),
        canary(steps=[{"setWeight": 5}, {"pause": {}}, {"setCanaryScale": {"weight": 1}}, {"analysis": {}}]),
        canary(trafficRouting={"nginx": {"stableIngress": "i"}, "maxTrafficWeight": 100}),
        canary(trafficRouting={"plugins": {GATEWAY: {"httpRoute": "r", "namespace": "n"}}}),
        canary(trafficRouting={"plugins": {GATEWAY: {"httpRoutes": [{"name": "r", "useHeaderRoutes": True}]}}}),
        canary(steps=[{"setHeaderRoute": {}}, {"setMirrorRoute": {}}]),
    ],
)
def test_what_is_carried_out_passes(given: dict[str, Any]) -> None:
    assert unsupported(given) is None


@pytest.mark.parametrize(
    ("provider", "answer"),
    [
        ({"prometheus": {"query": "up"}}, None),
        ({"prometheus": {}, "web": None}, None),
        ({"job": {}}, 'not yet supported: provider job of metric "m"'),
        ({"prometheus": {}, "datadog": {}}, 'not yet supported: provider datadog of metric "m"'),
        ({}, 'not yet supported: metric "m" without a provider'),
    ],
)
def test_only_prometheus_can_be_asked(provider: dict[str, Any], answer: str | None) -> None:
    assert unsupported_metric({"name": "m", "provider": provider}) == answer
