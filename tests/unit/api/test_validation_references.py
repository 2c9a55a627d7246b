"""What a Rollout refers to must exist and fit, and the error says what does not."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.api.validation_references import References, nested_names, referenced_names, validate_references

NGINX = {"nginx": {"stableIngress": "web"}}
GATEWAY = {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": "web", "namespace": "edge"}}}


def rollout(**canary: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}}
    return {"metadata": {"name": "web"}, "spec": {"template": template, "strategy": {"canary": canary}}}


def routed(routing: dict[str, Any], **canary: Any) -> dict[str, Any]:
    return rollout(stableService="stable", canaryService="canary", trafficRouting=routing, **canary)


def service(selector: dict[str, str] | None = None, owner: str | None = None) -> dict[str, Any]:
    annotations = {} if owner is None else {"argo-rollouts.argoproj.io/managed-by-rollouts": owner}
    return {"metadata": {"annotations": annotations}, "spec": {"selector": selector or {}}}


SERVICES = {"stable": service({"app": "web", "rollouts-pod-template-hash": "x"}, owner="web"), "canary": service()}


def ingress(backend: str) -> dict[str, Any]:
    path = {"backend": {"service": {"name": backend}}}
    return {"spec": {"rules": [{"http": {"paths": [path]}}]}}


def http_route(*backends: str) -> dict[str, Any]:
    return {"spec": {"rules": [{"backendRefs": [{"name": name} for name in backends]}]}}


def analysis(metrics: list[Any] | None = None, args: list[Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"spec": {"metrics": metrics or [{"name": "m"}], "args": args or [], **spec}}


def stepped(*names: str, **section: Any) -> dict[str, Any]:
    return rollout(steps=[{"analysis": {"templates": [{"templateName": name} for name in names], **section}}])


def check(given: dict[str, Any], **found: Any) -> str:
    return str(validate_references(given, References(**{"services": SERVICES, **found})))


def test_names_are_listed_once_and_by_kind() -> None:
    both = {**GATEWAY, **NGINX}
    refs = [{"templateName": "a"}, {"templateName": "b", "clusterScope": True}, {"templateName": "a"}]
    names = referenced_names(routed(both, steps=[{"analysis": {"templates": refs}}, {"pause": {}}]))
    assert names.services == ("stable", "canary")
    assert (names.templates, names.cluster_templates) == (("a",), ("b",))
    assert (names.ingresses, names.http_routes, names.http_route_namespace) == (("web",), ("web",), "edge")


def test_a_rollout_whose_references_fit_passes() -> None:
    assert check(routed(NGINX), ingresses={"web": ingress("stable")}) == "None"
    assert check(routed(GATEWAY), http_routes={"web": http_route("stable", "canary")}) == "None"
    assert check(stepped("t"), templates={"t": analysis()}) == "None"


@pytest.mark.parametrize(
    ("stable", "error"),
    [
        (None, 'service "stable" not found'),
        (service({"app": "shop"}), 'Service "stable" has unmatch label "app" in rollout'),
        (service({"tier": "x"}), 'Service "stable" has unmatch label "tier" in rollout'),
        (service(owner="shop"), 'Service "stable" is managed by another Rollout'),
    ],
)
def test_a_service_must_exist_and_be_ours(stable: dict[str, Any] | None, error: str) -> None:
    services = {} if stable is None else {"stable": stable}
    expected = f'spec.strategy.canary.stableService: Invalid value: "stable": {error}'
    assert check(rollout(stableService="stable"), services=services) == expected


@pytest.mark.parametrize(
    ("nginx", "error"),
    [
        (
            {},
            "spec.strategy.canary.trafficRouting.nginx.stableIngress: Internal error: "
            "Either StableIngress or StableIngresses must be configured. Neither are configured.",
        ),
        (
            {"stableIngress": "web", "stableIngresses": ["web"]},
            "spec.strategy.canary.trafficRouting.nginx.stableIngress: Internal error: "
            "Either StableIngress or StableIngresses must be configured. Both are configured.",
        ),
        (
            {"stableIngress": "gone"},
            'spec.strategy.canary.trafficRouting.nginx.stableIngress: Invalid value: "gone": '
            'ingress.networking.k8s.io "gone" not found',
        ),
        (
            {"stableIngresses": ["web", "shop"]},
            'spec.strategy.canary.trafficRouting.nginx.stableIngresses[1]: Invalid value: "shop": '
            "ingress `shop` has no rules using service stable backend",
        ),
    ],
)
def test_an_ingress_must_exist_and_lead_to_the_stable_service(nginx: dict[str, Any], error: str) -> None:
    ingresses = {"web": ingress("stable"), "shop": ingress("shop")}
    assert check(routed({"nginx": nginx}), ingresses=ingresses) == error


@pytest.mark.parametrize(
    ("routes", "error"),
    [
        ({}, 'httproute.gateway.networking.k8s.io "web" not found'),
        ({"web": http_route("canary")}, 'HTTPRoute "web" has no backendRef to stableService "stable"'),
        ({"web": http_route("stable")}, 'HTTPRoute "web" has no backendRef to canaryService "canary"'),
    ],
)
def test_an_http_route_must_exist_and_split_between_both_services(routes: dict[str, Any], error: str) -> None:
    assert check(routed(GATEWAY), http_routes=routes).endswith(f'Invalid value: "web": {error}')


def test_a_gateway_without_a_route_or_services_is_refused() -> None:
    plugin: dict[str, Any] = {"plugins": {"argoproj-labs/gatewayAPI": {}}}
    assert "httpRoute: Required value" in check(routed(plugin))
    assert "canary.stableService: Required value" in check(rollout(trafficRouting=GATEWAY))


def test_a_missing_template_is_named_where_it_is_used() -> None:
    path = "spec.strategy.canary.steps[0].analysis.templates"
    assert check(stepped("t")) == f"{path}[0].templateName: Invalid value: \"t\": AnalysisTemplate 't' not found"
    cluster = rollout(analysis={"templates": [{"templateName": "t", "clusterScope": True}]})
    assert check(cluster, templates={"t": analysis()}).endswith("ClusterAnalysisTemplate 't' not found")


def test_templates_of_templates_are_followed_and_a_circle_ends() -> None:
    outer = analysis(templates=[{"templateName": "inner"}])
    inner = analysis([{"name": "n"}], templates=[{"templateName": "t"}])
    assert nested_names(outer).templates == ("inner",)
    assert check(stepped("t"), templates={"t": outer}).endswith("AnalysisTemplate 'inner' not found")
    assert check(stepped("t"), templates={"t": outer, "inner": inner}) == "None"


@pytest.mark.parametrize(
    ("templates", "section", "error"),
    [
        ({"t": analysis(), "u": analysis()}, {}, "two metrics have the same name 'm'"),
        (
            {
                "t": analysis(args=[{"name": "a", "value": "1"}]),
                "u": analysis([{"name": "n"}], [{"name": "a", "value": "2"}]),
            },
            {},
            "Argument `a` specified multiple times with different values: '1', '2'",
        ),
        (
            {"t": analysis(args=[{"name": "a"}]), "u": analysis([{"name": "n"}])},
            {},
            "args.a was not resolved",
        ),
        (
            {"t": analysis(args=[{"name": "a"}]), "u": analysis([{"name": "n"}])},
            {"args": [{"name": "a"}]},
            None,
        ),
        (
            {"t": analysis([{"name": "m", "interval": "10s"}]), "u": analysis([{"name": "n"}])},
            {},
            "AnalysisTemplate t u has metric m which runs indefinitely. Invalid value for count: <nil>",
        ),
        (
            {"t": analysis([{"name": "m", "interval": "10s", "count": 3}]), "u": analysis([{"name": "n"}])},
            {},
            None,
        ),
    ],
)
def test_templates_must_fit_together(templates: dict[str, Any], section: dict[str, Any], error: str | None) -> None:
    path = "spec.strategy.canary.steps[0].analysis.templates"
    expected = "None" if error is None else f'{path}: Invalid value: "templateNames: [t u]": {error}'
    assert check(stepped("t", "u", **section), templates=templates) == expected


def test_a_background_analysis_may_run_for_ever_but_needs_its_arguments() -> None:
    endless = {"t": analysis([{"name": "m", "interval": "10s"}], [{"name": "a"}])}
    section: dict[str, Any] = {"templates": [{"templateName": "t"}]}
    assert check(rollout(analysis=section), templates=endless).endswith("missing analysis arguments in rollout spec")
    assert check(rollout(analysis={**section, "args": [{"name": "b"}]}), templates=endless).endswith(": a")
    assert check(rollout(analysis={**section, "args": [{"name": "a", "value": "1"}]}), templates=endless) == "None"
