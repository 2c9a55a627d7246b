"""Whether the objects that a Rollout refers to exist and fit it.

referenced_names      which objects to fetch
uses                  where it starts an analysis
nested_names          which templates an AnalysisTemplate refers to in turn
validate_references   the first thing that is wrong, or None

Order: services, analysis templates, ingresses, HTTPRoutes. An object that appears later heals the Rollout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ferrata.api.spec_error import SpecError, internal, invalid, required
from ferrata.api.unsupported import GATEWAY_PLUGIN
from ferrata.api.validation_templates import Use, template_errors
from ferrata.model import keys

Json = dict[str, Any]
Objects = Mapping[str, Json]
_STRATEGY: Final = "spec.strategy"
_ROUTING: Final = f"{_STRATEGY}.canary.trafficRouting"
_SERVICES: Final = (
    ("blueGreen", "activeService"),
    ("blueGreen", "previewService"),
    ("canary", "stableService"),
    ("canary", "canaryService"),
)


@dataclass(frozen=True, slots=True)
class References:
    """The objects that were found, by name; those with a namespace are of the Rollout's own, HTTPRoutes of theirs."""

    services: Objects = field(default_factory=dict)
    templates: Objects = field(default_factory=dict)
    cluster_templates: Objects = field(default_factory=dict)
    ingresses: Objects = field(default_factory=dict)
    http_routes: Objects = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReferenceNames:
    """The names that a Rollout or a template uses, each once, in order of appearance.

    `http_route_namespace` is where the HTTPRoutes live when that is not the Rollout's namespace.
    """

    services: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    cluster_templates: tuple[str, ...] = ()
    ingresses: tuple[str, ...] = ()
    http_routes: tuple[str, ...] = ()
    http_route_namespace: str | None = None


def referenced_names(rollout: Json) -> ReferenceNames:
    """The names in a Rollout that `validate_spec` accepts. Templates that templates name are in `nested_names`."""
    refs = [ref for use in uses(rollout) for ref in use.refs]
    gateways = list(_gateways(rollout))
    return ReferenceNames(
        services=_unique(name for _, name in _services(rollout)),
        templates=_unique(_name(ref) for ref in refs if not ref.get("clusterScope")),
        cluster_templates=_unique(_name(ref) for ref in refs if ref.get("clusterScope")),
        ingresses=_unique(name for _, name in _ingresses(rollout)),
        http_routes=_unique(name for path, config in gateways for _, name in _routes(path, config)),
        http_route_namespace=next((config["namespace"] for _, config in gateways if config.get("namespace")), None),
    )


def nested_names(template: Json) -> ReferenceNames:
    """The templates that an AnalysisTemplate or ClusterAnalysisTemplate takes metrics from."""
    refs = [ref for ref in (template.get("spec") or {}).get("templates") or () if isinstance(ref, dict)]
    return ReferenceNames(
        templates=_unique(_name(ref) for ref in refs if not ref.get("clusterScope")),
        cluster_templates=_unique(_name(ref) for ref in refs if ref.get("clusterScope")),
    )


def validate_references(rollout: Json, references: References) -> SpecError | None:
    """The first thing that is wrong between `rollout`, which `validate_spec` accepts, and the objects it names."""
    return next(_errors(rollout, references), None)


def _errors(rollout: Json, found: References) -> Iterator[SpecError]:
    for path, name in _services(rollout):
        yield from _service_errors(rollout, path, name, found.services.get(name))
    for use in uses(rollout):
        yield from template_errors(use, found.templates, found.cluster_templates)
    yield from _nginx_errors(rollout, found.ingresses)
    for path, config in _gateways(rollout):
        yield from _gateway_errors(rollout, path, config, found.http_routes)


def _unique(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _name(ref: Json) -> str:
    return ref.get("templateName") or ""


def _strategy(rollout: Json, kind: str) -> Json:
    return ((rollout.get("spec") or {}).get("strategy") or {}).get(kind) or {}


def _services(rollout: Json) -> Iterator[tuple[str, str]]:
    for kind, name in _SERVICES:
        service = _strategy(rollout, kind).get(name)
        if service:
            yield f"{_STRATEGY}.{kind}.{name}", service


def _service_errors(rollout: Json, path: str, name: str, service: Json | None) -> Iterator[SpecError]:
    if service is None:
        yield invalid(path, name, f'service "{name}" not found')
        return
    labels = ((rollout["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    for key, value in ((service.get("spec") or {}).get("selector") or {}).items():
        if key != keys.POD_TEMPLATE_HASH and labels.get(key) != value:
            yield invalid(path, name, f'Service "{name}" has unmatch label "{key}" in rollout')
    annotations = (service.get("metadata") or {}).get("annotations") or {}
    owner = annotations.get(keys.MANAGED_BY)
    if owner is not None and owner != rollout["metadata"]["name"]:
        yield invalid(path, name, f'Service "{name}" is managed by another Rollout')


def uses(rollout: Json) -> Iterator[Use]:
    """Every place of a Rollout that starts an analysis, those of its experiments apart."""
    blue_green, canary = _strategy(rollout, "blueGreen"), _strategy(rollout, "canary")
    for name in ("prePromotionAnalysis", "postPromotionAnalysis"):
        yield Use(f"{_STRATEGY}.blueGreen.{name}", blue_green.get(name) or {})
    for index, step in enumerate(canary.get("steps") or ()):
        yield Use(f"{_STRATEGY}.canary.steps[{index}].analysis", step.get("analysis") or {})
    yield Use(f"{_STRATEGY}.canary.analysis", canary.get("analysis") or {}, is_background=True)


def _routing(rollout: Json) -> Json:
    return _strategy(rollout, "canary").get("trafficRouting") or {}


def _ingresses(rollout: Json) -> Iterator[tuple[str, str]]:
    nginx = _routing(rollout).get("nginx") or {}
    if nginx.get("stableIngress"):
        yield f"{_ROUTING}.nginx.stableIngress", nginx["stableIngress"]
    for index, name in enumerate(nginx.get("stableIngresses") or ()):
        yield f"{_ROUTING}.nginx.stableIngresses[{index}]", name


def _nginx_errors(rollout: Json, ingresses: Objects) -> Iterator[SpecError]:
    nginx = _routing(rollout).get("nginx")
    if nginx is None:
        return
    one, several = bool(nginx.get("stableIngress")), bool(nginx.get("stableIngresses"))
    if one == several:
        text = "Either StableIngress or StableIngresses must be configured."
        yield internal(f"{_ROUTING}.nginx.stableIngress", f"{text} {'Both' if one else 'Neither'} are configured.")
    service = _strategy(rollout, "canary").get("stableService") or ""
    for path, name in _ingresses(rollout):
        ingress = ingresses.get(name)
        if ingress is None:
            yield invalid(path, name, f'ingress.networking.k8s.io "{name}" not found')
        elif service not in _ingress_backends(ingress):
            yield invalid(path, name, f"ingress `{name}` has no rules using service {service} backend")


def _ingress_backends(ingress: Json) -> Iterator[str]:
    for rule in (ingress.get("spec") or {}).get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            yield ((path.get("backend") or {}).get("service") or {}).get("name") or ""


def _gateways(rollout: Json) -> Iterator[tuple[str, Json]]:
    routing = _routing(rollout)
    plugin = (routing.get("plugins") or {}).get(GATEWAY_PLUGIN)
    if plugin is not None:
        yield f"{_ROUTING}.plugins[{GATEWAY_PLUGIN}]", plugin
    if routing.get("gatewayAPI") is not None:
        yield f"{_ROUTING}.gatewayAPI", routing["gatewayAPI"]


def _routes(path: str, config: Json) -> Iterator[tuple[str, str]]:
    """Where each HTTPRoute is named, and its name."""
    if config.get("httpRoute"):
        yield f"{path}.httpRoute", config["httpRoute"]
    for index, route in enumerate(config.get("httpRoutes") or ()):
        yield f"{path}.httpRoutes[{index}].name", route.get("name") or ""


def _gateway_errors(rollout: Json, path: str, config: Json, http_routes: Objects) -> Iterator[SpecError]:
    named = list(_routes(path, config))
    if not named:
        yield required(f"{path}.httpRoute", "name the HTTPRoute that splits the traffic")
    canary = _strategy(rollout, "canary")
    for service in ("stableService", "canaryService"):
        if not canary.get(service):
            yield required(f"{_STRATEGY}.canary.{service}", "the HTTPRoute's backendRefs are told apart by it")
    for where, name in named:
        route = http_routes.get(name)
        if route is None:
            yield invalid(where, name, f'httproute.gateway.networking.k8s.io "{name}" not found')
            continue
        backends = set(_route_backends(route))
        for service in ("stableService", "canaryService"):
            if canary.get(service) not in backends:
                text = f'HTTPRoute "{name}" has no backendRef to {service} "{canary.get(service)}"'
                yield invalid(where, name, text)


def _route_backends(route: Json) -> Iterator[str]:
    for rule in (route.get("spec") or {}).get("rules") or ():
        for backend in rule.get("backendRefs") or ():
            if (backend.get("kind") or "Service") == "Service":
                yield backend.get("name") or ""
