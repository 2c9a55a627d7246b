"""NGINX ingress: a second ingress for the canary, with its weight in annotations.

The controller gives no sign of having taken a change in, so a written weight counts as served once the API server
has it; the scale-down delay covers the controller's own reload.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferrata.errors import SpecRejected
from ferrata.model.managed_routes import ManagedRoute
from ferrata.routers.base import Json, Objects, Owner, Ref, Write
from ferrata.snapshot.rollout import Confirmation, RouteView

_LONGEST = 253
_CLASS = "kubernetes.io/ingress.class"
_COPIED = ("ingressClassName", "tls")
"""Parts of a stable ingress that its canary has too."""


@dataclass(frozen=True, slots=True)
class NginxRouter:
    """`trafficRouting.nginx` of one Rollout."""

    owner: Owner
    ingresses: tuple[str, ...]
    prefix: str = "nginx.ingress.kubernetes.io"
    additional: tuple[tuple[str, str], ...] = ()
    canary_only: tuple[tuple[str, str], ...] = ()
    total: int | None = None

    def _stable(self, name: str) -> Ref:
        return Ref("Ingress", self.owner.namespace, name)

    def _canary(self, name: str) -> Ref:
        ending = f"-{name}-canary"
        return self._stable(self.owner.name[: max(0, _LONGEST - len(ending))] + ending)

    def needs(self) -> tuple[Ref, ...]:
        return tuple(ref for name in self.ingresses for ref in (self._stable(name), self._canary(name)))

    def observed(self, objects: Objects) -> RouteView:
        weights = {self._weight(objects.get(self._canary(name))) for name in self.ingresses}
        weight = weights.pop() if len(weights) == 1 else None
        return RouteView(weight, Confirmation.CONFIRMED if weight is not None else Confirmation.ABSENT)

    def _weight(self, ingress: Json | None) -> int | None:
        annotations = ((ingress or {}).get("metadata") or {}).get("annotations") or {}
        text = annotations.get(f"{self.prefix}/canary-weight", "")
        return int(text) if text.isascii() and text.isdigit() else None

    @property
    def takes_managed_routes(self) -> bool:
        return False

    def render(
        self,
        canary: int,
        objects: Objects,
        routes: tuple[ManagedRoute, ...] = (),  # noqa: ARG002 - see takes_managed_routes
    ) -> tuple[Write, ...]:
        return tuple(write for name in self.ingresses if (write := self._write(name, canary, objects)) is not None)

    def _write(self, name: str, weight: int, objects: Objects) -> Write | None:
        stable, ref = objects.get(self._stable(name)), self._canary(name)
        if stable is None:
            raise SpecRejected(f"ingress `{name}` not found", "spec.strategy.canary.trafficRouting.nginx")
        body = self._body(ref, stable, weight)
        existing = objects.get(ref)
        if existing is None:
            text = f"Creating canary ingress `{ref.name}` with weight `{weight}`"
            return Write(ref, body, create=True, reason="CreatingCanaryIngress", message=text)
        owners = existing["metadata"].get("ownerReferences") or []
        if not any(owner.get("uid") == self.owner.uid for owner in owners):
            raise SpecRejected(f"canary ingress `{ref.name}` controlled by different object", "spec.strategy.canary")
        annotations, spec = self._gone(existing, body)
        if _contains(existing, body) and not annotations and not spec:
            return None
        metadata = {"annotations": body["metadata"]["annotations"] | annotations}
        change = {"metadata": metadata, "spec": body["spec"] | spec}
        text = f"Updating Ingress `{ref.name}` to desiredWeight '{weight}'"
        return Write(ref, change, create=False, reason="PatchingCanaryIngress", message=text)

    def _gone(self, existing: Json, body: Json) -> tuple[Json, Json]:
        """Annotations of ours and parts of the spec that are not wanted any more, as a merge patch removes them."""
        wanted = body["metadata"]["annotations"]
        held = existing["metadata"].get("annotations") or {}
        ours = [key for key in held if key == _CLASS or key.startswith(f"{self.prefix}/")]
        parts = [key for key in _COPIED if key in (existing.get("spec") or {})]
        return {k: None for k in ours if k not in wanted}, {k: None for k in parts if k not in body["spec"]}

    def _body(self, ref: Ref, stable: Json, weight: int) -> Json:
        spec = stable.get("spec") or {}
        kept = {key: spec[key] for key in _COPIED if key in spec}
        reference = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "name": self.owner.name,
            "uid": self.owner.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": ref.name,
                "namespace": ref.namespace,
                "annotations": self._annotations(stable, weight),
                "ownerReferences": [reference],
            },
            "spec": kept | {"rules": self._rules(stable)},
        }

    def _annotations(self, stable: Json, weight: int) -> dict[str, str]:
        inherited = (stable["metadata"].get("annotations") or {}).get(_CLASS)
        result = {_CLASS: inherited} if inherited else {}
        for key, value in self.additional:
            result[key if key.startswith(self.prefix) else f"{self.prefix}/{key}"] = value
        result |= dict(self.canary_only)
        result |= {f"{self.prefix}/canary": "true", f"{self.prefix}/canary-weight": str(weight)}
        if self.total is not None:
            result[f"{self.prefix}/canary-weight-total"] = str(self.total)
        return result

    def _rules(self, stable: Json) -> list[Json]:
        """Rules that lead to the stable Service, leading to the canary's instead; a rule without `http` is skipped."""
        rules = []
        for rule in (stable.get("spec") or {}).get("rules") or []:
            paths = (rule.get("http") or {}).get("paths") or []
            if any(_backend(path) == self.owner.stable_service for path in paths):
                rules.append(rule | {"http": rule["http"] | {"paths": [self._redirected(path) for path in paths]}})
        if not rules:
            name = stable["metadata"]["name"]
            text = f"ingress `{name}` has no rules using service {self.owner.stable_service} backend"
            raise SpecRejected(text, "spec.strategy.canary.trafficRouting.nginx")
        return rules

    def _redirected(self, path: Json) -> Json:
        if _backend(path) != self.owner.stable_service:
            return path
        service = path["backend"]["service"] | {"name": self.owner.canary_service}
        return path | {"backend": path["backend"] | {"service": service}}


def _backend(path: Json) -> str:
    return str((((path.get("backend") or {}).get("service")) or {}).get("name", ""))


def _contains(existing: Any, wanted: Any) -> bool:
    """Whether everything in `wanted` is in `existing` already."""
    if isinstance(wanted, dict) and isinstance(existing, dict):
        return all(key in existing and _contains(existing[key], value) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(existing, list):
        return len(wanted) == len(existing) and all(_contains(e, w) for e, w in zip(existing, wanted, strict=True))
    return bool(existing == wanted)
