"""Gateway API: weights of the backendRefs of HTTPRoutes. Confirmed by the route's own status conditions.

While the canary carries weight the route is labelled as in progress, so that GitOps tools can ignore its weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferrata.errors import SpecRejected
from ferrata.model.managed_routes import ManagedRoute
from ferrata.routers import http_rules
from ferrata.routers.base import Json, Objects, Owner, Ref, Write
from ferrata.snapshot.rollout import Confirmation, RouteView

_FIELD = "spec.strategy.canary.trafficRouting"
IN_PROGRESS = ("rollouts.argoproj.io/gatewayapi-canary", "in-progress")


@dataclass(frozen=True, slots=True)
class GatewayRouter:
    """`trafficRouting.gatewayAPI`, or the community plugin's configuration, of one Rollout."""

    owner: Owner
    routes: tuple[str, ...]
    namespace: str
    label: tuple[str, str] | None = IN_PROGRESS
    with_headers: frozenset[str] = frozenset()
    """Names of those of `routes` that managed routes are placed in."""

    @property
    def takes_managed_routes(self) -> bool:
        return bool(self.with_headers)

    def needs(self) -> tuple[Ref, ...]:
        return tuple(Ref("HTTPRoute", self.namespace, name) for name in self.routes)

    def observed(self, objects: Objects) -> RouteView:
        routes = [objects.get(ref) for ref in self.needs()]
        weights = {self._weight(route) for route in routes}
        weight = weights.pop() if len(weights) == 1 else None
        managed = self._managed(objects)
        if weight is None:
            return RouteView(None, Confirmation.ABSENT, managed=managed)
        blocked = next((text for route in routes if route is not None and (text := _blocked_by(route))), "")
        return RouteView(weight, Confirmation.PENDING if blocked else Confirmation.CONFIRMED, blocked, managed)

    def _managed(self, objects: Objects) -> tuple[ManagedRoute, ...] | None:
        """The managed routes that all HTTPRoutes for them carry; None when they differ."""
        routes = [objects.get(ref) for ref in self.needs() if ref.name in self.with_headers]
        found = {
            http_rules.present(_rules(route), http_rules.listed(route, self.owner), self.owner)
            for route in routes
            if route is not None
        }
        return found.pop() if len(found) == 1 else (None if found else ())

    def _weight(self, route: Json | None) -> int | None:
        """The canary's share in percent; None where its rules disagree or name neither Service."""
        shares = set()
        for rule in ((route or {}).get("spec") or {}).get("rules") or []:
            weights = {ref.get("name"): ref.get("weight", 1) for ref in rule.get("backendRefs") or []}
            canary, stable = weights.get(self.owner.canary_service), weights.get(self.owner.stable_service)
            if canary is not None and stable is not None:
                shares.add(canary if canary + stable == self.owner.max_weight else -1)
        share = shares.pop() if len(shares) == 1 else -1
        return None if share < 0 else int(share)

    def render(self, canary: int, objects: Objects, routes: tuple[ManagedRoute, ...] = ()) -> tuple[Write, ...]:
        writes = (
            self._write(ref, canary, objects, routes if ref.name in self.with_headers else ()) for ref in self.needs()
        )
        return tuple(write for write in writes if write is not None)

    def _write(self, ref: Ref, canary: int, objects: Objects, managed: tuple[ManagedRoute, ...]) -> Write | None:
        route = objects.get(ref)
        if route is None:
            raise SpecRejected(f"HTTPRoute {ref.namespace}/{ref.name} not found", _FIELD)
        listed = http_rules.listed(route, self.owner)
        own = http_rules.without_ours(_rules(route), listed, self.owner)
        split = [self._rule(rule, canary) for rule in own]
        base = [rule for rule in split if http_rules.splits(rule, self.owner)]
        if not base:
            names = f"{self.owner.canary_service} and {self.owner.stable_service}"
            raise SpecRejected(f"HTTPRoute {ref.name} has no rule with backendRefs {names}", _FIELD)
        change: Json = {}
        if listed != managed or http_rules.present(_rules(route), listed, self.owner) != managed:
            placed = [rule for one in managed for rule in http_rules.rules_for(one, base, self.owner)]
            text = http_rules.annotation_with(route, self.owner, managed)
            change = {"metadata": {"annotations": {http_rules.ANNOTATION: text}}, "spec": {"rules": [*placed, *split]}}
        else:
            rules = [self._rule(rule, canary) for rule in _rules(route)]
            change = {} if rules == _rules(route) else {"spec": {"rules": rules}}
        if labels := self._labels(route, canary):
            change["metadata"] = change.get("metadata", {}) | {"labels": labels}
        return Write(ref, change | _at(route, change), create=False) if change else None

    def _rule(self, rule: Json, canary: int) -> Json:
        if not http_rules.splits(rule, self.owner):
            return rule
        weights = {
            self.owner.canary_service: canary,
            self.owner.stable_service: self.owner.max_weight - canary,
        }
        refs = [
            ref | {"weight": weights[ref["name"]]} if ref["name"] in weights else ref for ref in rule["backendRefs"]
        ]
        return rule | {"backendRefs": refs}

    def _labels(self, route: Json, canary: int) -> dict[str, Any]:
        if self.label is None:
            return {}
        key, value = self.label
        present = (route["metadata"].get("labels") or {}).get(key)
        if canary:
            return {} if present == value else {key: value}
        return {key: None} if present is not None else {}


def _rules(route: Json) -> list[Json]:
    return list((route.get("spec") or {}).get("rules") or [])


def _at(route: Json, change: Json) -> Json:
    """Lists are replaced whole, so the write says which version of the route it was made from."""
    version = route["metadata"].get("resourceVersion")
    return {"metadata": change.get("metadata", {}) | ({"resourceVersion": version} if version else {})}


def _blocked_by(route: Json) -> str:
    """What the gateways have not done yet for the present generation; "" when all of them serve it."""
    parents = (route.get("status") or {}).get("parents") or []
    if not parents:
        return "no gateway has accepted the route yet"
    generation = route["metadata"].get("generation", 0)
    for parent in parents:
        found = {c.get("type"): c for c in parent.get("conditions") or []}
        for type_ in ("Accepted", "ResolvedRefs"):
            condition = found.get(type_)
            if condition is None or condition.get("observedGeneration", 0) < generation:
                return f"the gateway has not seen generation {generation} of the route yet"
            if condition.get("status") != "True":
                return f"{type_} is {condition.get('status')}: {condition.get('message', '')}"
    return ""
