"""Gateway API: weights of the backendRefs of HTTPRoutes. Confirmed by the route's own status conditions.

While the canary carries weight the route is labelled as in progress, so that GitOps tools can ignore its weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferrata.errors import SpecRejected
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

    def needs(self) -> tuple[Ref, ...]:
        return tuple(Ref("HTTPRoute", self.namespace, name) for name in self.routes)

    def observed(self, objects: Objects) -> RouteView:
        routes = [objects.get(ref) for ref in self.needs()]
        weights = {self._weight(route) for route in routes}
        weight = weights.pop() if len(weights) == 1 else None
        if weight is None:
            return RouteView(None, Confirmation.ABSENT)
        blocked = next((text for route in routes if route is not None and (text := _blocked_by(route))), "")
        return RouteView(weight, Confirmation.PENDING if blocked else Confirmation.CONFIRMED, blocked)

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

    def render(self, canary: int, objects: Objects) -> tuple[Write, ...]:
        return tuple(write for ref in self.needs() if (write := self._write(ref, canary, objects)) is not None)

    def _write(self, ref: Ref, canary: int, objects: Objects) -> Write | None:
        route = objects.get(ref)
        if route is None:
            raise SpecRejected(f"HTTPRoute {ref.namespace}/{ref.name} not found", _FIELD)
        rules = [self._rule(rule, canary) for rule in (route.get("spec") or {}).get("rules") or []]
        if not any(self._splits(rule) for rule in rules):
            names = f"{self.owner.canary_service} and {self.owner.stable_service}"
            raise SpecRejected(f"HTTPRoute {ref.name} has no rule with backendRefs {names}", _FIELD)
        change: Json = {} if rules == route["spec"]["rules"] else {"spec": {"rules": rules}}
        labels = self._labels(route, canary)
        if labels:
            change["metadata"] = {"labels": labels}
        return Write(ref, change | _at(route, change), create=False) if change else None

    def _splits(self, rule: Json) -> bool:
        names = {ref.get("name") for ref in rule.get("backendRefs") or []}
        return {self.owner.canary_service, self.owner.stable_service} <= names

    def _rule(self, rule: Json, canary: int) -> Json:
        if not self._splits(rule):
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
