"""From a Rollout's `trafficRouting` to its routers. Adding a vendor is one file and one line here."""

from __future__ import annotations

from typing import Any

from ferrata.errors import SpecRejected
from ferrata.routers.base import Owner, Router
from ferrata.routers.gateway_api import IN_PROGRESS, GatewayRouter
from ferrata.routers.nginx import NginxRouter

Json = dict[str, Any]
GATEWAY_PLUGIN = "argoproj-labs/gatewayAPI"


def routers(routing: Json | None, owner: Owner) -> tuple[Router, ...]:
    """The routers of `routing`, in the order in which they are driven. Raises SpecRejected for unknown ones."""
    found: list[Router] = []
    for name, config in (routing or {}).items():
        if name == "nginx":
            found.append(_nginx(config, owner, routing or {}))
        elif name == "gatewayAPI":
            found.append(_gateway(config, owner))
        elif name == "plugins":
            found += [_plugin(plugin, settings, owner) for plugin, settings in (config or {}).items()]
        elif name not in {"managedRoutes", "maxTrafficWeight"}:
            field = f"spec.strategy.canary.trafficRouting.{name}"
            raise SpecRejected(f"not yet supported: {field}", field)
    return tuple(found)


def _plugin(name: str, config: Json, owner: Owner) -> Router:
    if name != GATEWAY_PLUGIN:
        field = f"spec.strategy.canary.trafficRouting.plugins[{name}]"
        raise SpecRejected(f"not yet supported: {field}", field)
    return _gateway(config, owner)


def _nginx(config: Json, owner: Owner, routing: Json) -> Router:
    names = config.get("stableIngresses") or [config.get("stableIngress")]
    prefix = config.get("annotationPrefix") or "nginx.ingress.kubernetes.io"
    additional = tuple(sorted((config.get("additionalIngressAnnotations") or {}).items()))
    canary_only = tuple(sorted((config.get("canaryIngressAnnotations") or {}).items()))
    total = routing.get("maxTrafficWeight")
    return NginxRouter(owner, tuple(n for n in names if n), prefix, additional, canary_only, total)


def _gateway(config: Json, owner: Owner) -> Router:
    names = [config["httpRoute"]] if config.get("httpRoute") else []
    names += [route["name"] for route in config.get("httpRoutes") or [] if route.get("name")]
    key = config.get("inProgressLabelKey") or IN_PROGRESS[0]
    value = config.get("inProgressLabelValue") or IN_PROGRESS[1]
    label = None if config.get("disableInProgressLabel") else (key, value)
    return GatewayRouter(owner, tuple(names), config.get("namespace") or owner.namespace, label, _with_headers(config))


def _with_headers(config: Json) -> frozenset[str]:
    """Names of the HTTPRoutes that managed routes are placed in: a single `httpRoute`, and those that say so."""
    names = [config["httpRoute"]] if config.get("httpRoute") else []
    listed = [route for route in config.get("httpRoutes") or [] if isinstance(route, dict)]
    names += [str(route.get("name")) for route in listed if route.get("useHeaderRoutes") is True]
    return frozenset(names)


def takes_managed_routes(routing: Json | None) -> bool:
    """Whether any router of `routing` has a place for managed routes."""
    configs = [(routing or {}).get("gatewayAPI"), ((routing or {}).get("plugins") or {}).get(GATEWAY_PLUGIN)]
    return any(_with_headers(config) for config in configs if isinstance(config, dict))
