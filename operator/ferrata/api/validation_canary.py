"""The canary strategy of a Rollout: its own fields first, then its steps in order.

canary_errors   yields what is wrong, in the order in which it is reported
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from ferrata.api.spec_error import SpecError, invalid, required
from ferrata.model.durations import pause_seconds
from ferrata.model.int_or_percent import check_value
from ferrata.model.pod_types import decode

Json = dict[str, Any]
_SAME_SERVICE: Final = (
    "This rollout uses the same service for the stable and canary services, but two different services are required."
)
_SAME_PING_PONG: Final = (
    "This rollout uses the same service for the ping and pong services, but two different services are required."
)
_SERVICES_NEEDED: Final = "Canary service and Stable service must to be set to use Traffic Routing"
_DELAY_NEEDS_ROUTER: Final = "Canary scaleDownDelaySeconds can only be used with traffic routing"
_DYNAMIC_NEEDS_ROUTER: Final = "Canary dynamicStableScale can only be used with traffic routing"
_DYNAMIC_OR_DELAY: Final = "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds"
_MAX_WEIGHT_ROUTERS: Final = "Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins"
_ONE_KIND: Final = "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause"
_UNKNOWN_ROUTE: Final = "Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes"
_NO_MANAGED_ROUTES: Final = "Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'"
_ONE_MATCH: Final = "StringMatch match value must have exactly one of the following: exact, regex, prefix"
_NO_MATCH: Final = "StringMatch value missed, match value must have one of the following: exact, regex, prefix"
_EXPERIMENT_ROUTERS: Final = (
    "Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and Plugins at this time"
)
_BAD_FIELD_REF: Final = "Analyses arguments must refer to valid object metadata supported by downwardAPI"
_KINDS: Final = (
    "experiment",
    "pause",
    "setWeight",
    "analysis",
    "setCanaryScale",
    "setHeaderRoute",
    "setMirrorRoute",
    "plugin",
)
"""Kinds of step in the order in which the error text about them lists them."""
_EXCLUSIVE: Final = ("experiment", "pause", "setWeight", "analysis")
_NEEDS_SERVICES: Final = ("smi", "apisix", "ambassador", "nginx", "appMesh", "traefik")
_METADATA_PATH: Final = re.compile(r"metadata\.(name|namespace|uid|(labels|annotations)(\['[^']+'\])?)")


def canary_errors(canary: Json, path: str) -> Iterator[SpecError]:
    """What is wrong with `canary`, whose fields are reported below `path`."""
    yield from _surge_errors(canary, path)
    yield from _service_errors(canary, path)
    yield from _ping_pong_errors(canary, path)
    yield from _routing_errors(canary, path)
    routing = canary.get("trafficRouting")
    for index, step in enumerate(canary.get("steps") or ()):
        yield from _step_errors(step, routing, path, f"{path}.steps[{index}]")
    yield from _argument_errors(canary.get("analysis") or {}, f"{path}.analysis")


def _has(routing: Json | None, *routers: str) -> bool:
    """Whether one of `routers` is configured; a router of our own counts as the plugin that it stands for."""
    found = routing or {}
    names = {*routers, "gatewayAPI"} if "plugins" in routers else set(routers)
    return any(found.get(name) is not None for name in names)


def _surge_errors(canary: Json, path: str) -> Iterator[SpecError]:
    surge, unavailable = canary.get("maxSurge"), canary.get("maxUnavailable")
    if surge is not None and unavailable is not None and check_value(surge) == check_value(unavailable) == 0:
        yield invalid(f"{path}.maxSurge", surge, "MaxSurge and MaxUnavailable both can not be zero")


def _service_errors(canary: Json, path: str) -> Iterator[SpecError]:
    stable = canary.get("stableService")
    if stable and stable == canary.get("canaryService"):
        yield invalid(f"{path}.stableService", stable, _SAME_SERVICE)


def _ping_pong_errors(canary: Json, path: str) -> Iterator[SpecError]:
    services, routing = canary.get("pingPong"), canary.get("trafficRouting")
    if services is None:
        return
    field = f"{path}.pingPong"
    ping, pong = services.get("pingService") or "", services.get("pongService") or ""
    if routing is not None and not _has(routing, "alb", "istio", "plugins"):
        text = "Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only"
        yield invalid(f"{path}.trafficRouting", routing, text)
    for name, service in (("pingService", ping), ("pongService", pong)):
        if not service:
            text = "Ping service and Pong service must to be set to use Ping-Pong feature"
            yield invalid(f"{field}.{name}", service, text)
    if ping == pong:
        yield invalid(f"{field}.pingService", ping, _SAME_PING_PONG)
    alb = (routing or {}).get("alb")
    if alb is not None and not alb.get("rootService"):
        text = "Root service field is required for the configuration with ALB and ping-pong feature enabled"
        yield invalid(f"{path}.trafficRouting.alb.rootService", "", text)


def _routing_errors(canary: Json, path: str) -> Iterator[SpecError]:
    routing, delay = canary.get("trafficRouting"), canary.get("scaleDownDelaySeconds")
    dynamic = bool(canary.get("dynamicStableScale"))
    if routing is None:
        if delay is not None:
            yield invalid(f"{path}.scaleDownDelaySeconds", delay, _DELAY_NEEDS_ROUTER)
        if dynamic:
            yield invalid(f"{path}.dynamicStableScale", dynamic, _DYNAMIC_NEEDS_ROUTER)
        return
    for name in ("stableService", "canaryService"):
        if _services_needed(canary, routing) and not canary.get(name):
            yield invalid(f"{path}.{name}", "", _SERVICES_NEEDED)
    if dynamic and delay is not None:
        yield invalid(f"{path}.dynamicStableScale", dynamic, _DYNAMIC_OR_DELAY)
    weight = routing.get("maxTrafficWeight")
    if weight is not None and not _has(routing, "nginx", "plugins", "gatewayAPI"):
        yield invalid(f"{path}.trafficRouting.maxTrafficWeight", weight, _MAX_WEIGHT_ROUTERS)


def _services_needed(canary: Json, routing: Json) -> bool:
    ping_pong, istio = canary.get("pingPong") is not None, routing.get("istio")
    by_host = istio is not None and istio.get("destinationRule") is None
    return _has(routing, *_NEEDS_SERVICES) or (not ping_pong and (_has(routing, "alb") or by_host))


def _step_errors(step: Json, routing: Json | None, path: str, field: str) -> Iterator[SpecError]:
    kinds = [kind for kind in _KINDS if step.get(kind) is not None]
    if not kinds or sum(kind in _EXCLUSIVE for kind in kinds) > 1:
        absent = (f"step.{kind[0].upper()}{kind[1:]}: {str(kind not in kinds).lower()}" for kind in _KINDS)
        yield invalid(field, " ".join(absent), _ONE_KIND)
    yield from _weight_errors(step, routing, field)
    yield from _pause_errors(step.get("pause") or {}, f"{field}.pause.duration")
    if "setCanaryScale" in kinds and routing is None:
        yield required(f"{path}.trafficRouting", "SetCanaryScale requires TrafficRouting to be set")
    if "setHeaderRoute" in kinds:
        yield from _header_errors(step["setHeaderRoute"], routing, f"{field}.setHeaderRoute")
    if "setMirrorRoute" in kinds:
        yield from _mirror_errors(step["setMirrorRoute"], routing, f"{field}.setMirrorRoute")
    for kind, type_name in (("setHeaderRoute", "SetHeaderRoute"), ("setMirrorRoute", "SetMirrorRoute")):
        if kind in kinds:
            yield from _managed_errors(decode(type_name, step[kind]), routing or {}, path, f"{field}.{kind}")
    yield from _experiment_errors(step.get("experiment") or {}, routing, f"{field}.experiment")
    yield from _argument_errors(step.get("analysis") or {}, f"{field}.analysis")


def _weight_errors(step: Json, routing: Json | None, field: str) -> Iterator[SpecError]:
    weight, most = step.get("setWeight"), (routing or {}).get("maxTrafficWeight")
    most = 100 if most is None else most
    if weight is not None and not 0 <= weight <= most:
        yield invalid(f"{field}.setWeight", weight, f"SetWeight needs to be between 0 and {most}")


def _pause_errors(pause: Json, field: str) -> Iterator[SpecError]:
    """An unreadable duration is reported as -1, a readable one in whole seconds."""
    try:
        seconds = int(pause_seconds(pause.get("duration")) or 0)
    except ValueError:
        seconds = -1
    if seconds < 0:
        yield invalid(field, seconds, "Duration needs to be greater than 0")


def _header_errors(step: Json, routing: Json | None, field: str) -> Iterator[SpecError]:
    if not _has(routing, "istio", "alb", "apisix", "plugins", "gatewayAPI"):
        text = "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix"
        yield invalid(field, decode("SetHeaderRoute", step), text)
    for index, match in enumerate(step.get("match") or ()):
        path = f"{field}.match[{index}].headerValue"
        value = match.get("headerValue")
        if _has(routing, "alb") and value is not None and (not value.get("exact") or _set_values(value) != ["exact"]):
            yield invalid(path, value, "SetHeaderRoute match value invalid. ALB supports 'exact' value only")
        yield from _match_errors(value, path)


def _mirror_errors(step: Json, routing: Json | None, field: str) -> Iterator[SpecError]:
    if not _has(routing, "istio", "plugins", "gatewayAPI"):
        text = "SetMirrorRoute requires TrafficRouting, supports Istio and Plugins"
        yield invalid(field, decode("SetMirrorRoute", step), text)
    for index, match in enumerate(step.get("match") or ()):
        for part in ("method", "path"):
            if match.get(part) is not None:
                yield from _match_errors(match[part], f"{field}.match[{index}].{part}")


def _set_values(match: Json) -> list[str]:
    return [kind for kind in ("exact", "regex", "prefix") if match.get(kind)]


def _match_errors(match: Json | None, field: str) -> Iterator[SpecError]:
    count = len(_set_values(match or {}))
    if count != 1:
        yield invalid(field, match, _ONE_MATCH if count else _NO_MATCH)


def _managed_errors(step: Json, routing: Json, path: str, field: str) -> Iterator[SpecError]:
    managed = routing.get("managedRoutes")
    if managed is None:
        yield required(f"{path}.trafficRouting.managedRoutes", _NO_MANAGED_ROUTES)
    elif (step.get("name") or "") not in {route.get("name") or "" for route in managed}:
        yield invalid(field, step, _UNKNOWN_ROUTE)


def _experiment_errors(experiment: Json, routing: Json | None, field: str) -> Iterator[SpecError]:
    for index, template in enumerate(experiment.get("templates") or ()):
        weight, path = template.get("weight"), f"{field}.templates[{index}].weight"
        if weight is None:
            continue
        if routing is None:
            yield invalid(path, weight, "Experiment template weight cannot be set unless TrafficRouting is enabled")
        elif not _has(routing, "alb", "smi", "istio", "plugins"):
            yield invalid(path, weight, _EXPERIMENT_ROUTERS)
    for index, analysis in enumerate(experiment.get("analyses") or ()):
        yield from _argument_errors(analysis, f"{field}.analyses[{index}]")


def _argument_errors(analysis: Json, field: str) -> Iterator[SpecError]:
    """Paths outside `metadata` are read when the analysis starts: what they refer to may not be there yet."""
    for index, argument in enumerate(analysis.get("args") or ()):
        source = (argument.get("valueFrom") or {}).get("fieldRef") or {}
        path = source.get("fieldPath") or ""
        if path.startswith("metadata") and not _METADATA_PATH.fullmatch(path):
            yield invalid(f"{field}.args[{index}].valueFrom.fieldRef.fieldPath", path, _BAD_FIELD_REF)
