"""What a Rollout or an AnalysisTemplate may ask for and Ferrata does not carry out yet: one table, said aloud.

unsupported          the first such field of a Rollout
unsupported_metric   the same for one metric

Going on as if such a field were not there would be a lie: a header route that is left out sends the wrong users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

Json = dict[str, Any]
GATEWAY_PLUGIN: Final = "argoproj-labs/gatewayAPI"
_SPEC_FIELDS: Final = ("workloadRef", "rollbackWindow")
_CANARY_FIELDS: Final = ("pingPong",)
_STEPS: Final = ("experiment", "plugin")
_ROUTERS: Final = ("istio", "alb", "smi", "ambassador", "appMesh", "traefik", "apisix")
_GATEWAY_FIELDS: Final = (
    *(f"{kind}Route{suffix}" for kind in ("grpc", "tcp", "tls") for suffix in ("", "s")),
    *(f"{kind}RouteSelector" for kind in ("http", "grpc", "tcp", "tls")),
)


def unsupported(rollout: Json) -> str | None:
    """`not yet supported: <field>` for the first field whose behaviour comes later; None when there is none.

    `rollout` is one that `validate_spec` accepts.
    A field that is `null`, false or empty asks for nothing, except for a strategy, a step or a router.
    """
    field = next(_fields(rollout.get("spec") or {}), None)
    return None if field is None else f"not yet supported: {field}"


def _fields(spec: Json) -> Iterator[str]:
    strategy = spec.get("strategy") or {}
    yield from _asked(spec, _SPEC_FIELDS, "spec", bool)
    canary = strategy.get("canary") or {}
    path = "spec.strategy.canary"
    yield from _asked(canary, _CANARY_FIELDS, path, bool)
    yield from _routing_fields(canary.get("trafficRouting") or {}, f"{path}.trafficRouting")
    for index, step in enumerate(canary.get("steps") or ()):
        yield from _asked(step, _STEPS, f"{path}.steps[{index}]", _is_there)


def _is_there(value: Any) -> bool:
    return value is not None


def _asked(owner: Json, names: tuple[str, ...], path: str, asks: Callable[[Any], bool]) -> Iterator[str]:
    yield from (f"{path}.{name}" for name in names if asks(owner.get(name)))


def _routing_fields(routing: Json, path: str) -> Iterator[str]:
    yield from _asked(routing, _ROUTERS, path, _is_there)
    for name, config in (routing.get("plugins") or {}).items():
        plugin = f"{path}.plugins[{name}]"
        if name != GATEWAY_PLUGIN:
            yield plugin
        else:
            yield from _gateway_fields(config or {}, plugin)
    yield from _gateway_fields(routing.get("gatewayAPI") or {}, f"{path}.gatewayAPI")


def _gateway_fields(config: Json, path: str) -> Iterator[str]:
    yield from _asked(config, _GATEWAY_FIELDS, path, bool)


def unsupported_metric(metric: Json) -> str | None:
    """`not yet supported: ...` for a metric of a provider that cannot be asked yet; None for Prometheus."""
    providers = [name for name, config in (metric.get("provider") or {}).items() if config is not None]
    name = metric.get("name") or ""
    other = next((provider for provider in providers if provider != "prometheus"), None)
    if other is not None:
        return f'not yet supported: provider {other} of metric "{name}"'
    return None if providers else f'not yet supported: metric "{name}" without a provider'
