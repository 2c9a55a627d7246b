"""The snapshot of one Rollout, read from the cache."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ferrata.api.parsing import named
from ferrata.api.unknown import unknown_in_rollout
from ferrata.cluster.cache import Cache
from ferrata.cluster.kinds import ANALYSIS_RUNS, HTTP_ROUTES, INGRESSES, REPLICA_SETS, SERVICES, Kind
from ferrata.model import anti_affinity, keys, pod_template
from ferrata.model.hashing import pod_template_hash, step_hash
from ferrata.model.managed_routes import ManagedRoute
from ferrata.model.pod_metadata import carried, without_metadata
from ferrata.model.rollout import Canary, RolloutSpec
from ferrata.model.status import parse_time
from ferrata.model.status_json import read_status
from ferrata.observe.spec import read_spec
from ferrata.routers.base import Json, Objects, Owner, Ref, Router
from ferrata.routers.registry import routers
from ferrata.snapshot.rollout import (
    AnalysisView,
    Confirmation,
    Revision,
    RolloutSnapshot,
    RouteView,
    ServiceView,
)

DIGEST = "templateDigest"
"""Where a trimmed ReplicaSet keeps what its pod template means."""

AVOIDS = "avoidedRevision"
"""Where it keeps the revision off whose nodes its pods are kept."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: dict[str, Kind] = {"Ingress": INGRESSES, "HTTPRoute": HTTP_ROUTES}


@dataclass(frozen=True, slots=True)
class Observed:
    """The snapshot, and what carrying out a plan for it needs besides."""

    rollout: Json
    snapshot: RolloutSnapshot
    routers: tuple[Router, ...]
    objects: Objects

    @property
    def where(self) -> str:
        """Namespace and name of the Rollout."""
        return f"{self.snapshot.spec.namespace}/{self.snapshot.spec.name}"


def trim_replica_set(obj: Json, old: Json | None = None) -> Json:
    """A ReplicaSet without its pod template, of which only the meaning is kept, as a digest.

    The digest is the old one's while the generation stays: most changes of a ReplicaSet are of its status.
    """
    spec = obj.get("spec") or {}
    kept = {key: spec[key] for key in ("replicas", "minReadySeconds", "selector") if key in spec}
    generation = obj["metadata"].get("generation")
    is_same = old is not None and generation is not None and old["metadata"].get("generation") == generation
    if old is not None and is_same:
        return obj | {"spec": kept, DIGEST: old[DIGEST], AVOIDS: old[AVOIDS]}
    template = spec.get("template") or {}
    digest = pod_template.digest(anti_affinity.without_rule(without_metadata(obj)))
    return obj | {"spec": kept, DIGEST: digest, AVOIDS: anti_affinity.avoided_by(template)}


def observe(cache: Cache, rollout: Json, now: datetime) -> Observed:
    """Everything that a decision about `rollout` depends on. Raises SpecRejected when its spec cannot be read."""
    spec = read_spec(rollout)
    status = read_status(rollout.get("status"), now)
    template = rollout["spec"].get("template") or {}
    computed = pod_template_hash(template, status.collision_count)
    sets = sorted(cache.store(REPLICA_SETS).owned_by(spec.uid), key=_age)
    new = _desired(sets, computed, template)
    stable = next((rs for rs in sets if status.stable_rs and _hash(rs) == status.stable_rs), None)
    others = tuple(_revision(rs) for rs in sets if rs is not new and rs is not stable)
    active = _routers(rollout, spec)
    objects = _objects(cache, active)
    snapshot = RolloutSnapshot(
        spec=spec,
        status=status,
        template_hash=computed,
        step_hash=step_hash(_strategy(rollout).get("steps")),
        now=now,
        new=_revision(new) if new is not None else None,
        stable=_revision(stable) if stable is not None else None,
        others=others,
        services=_services(cache, spec),
        route=_route(active, objects),
        runs=_runs(cache, spec),
        revision_annotation=_number(rollout),
        unknown_fields=named(unknown_in_rollout(rollout)),
    )
    return Observed(rollout, snapshot, active, objects)


def _strategy(rollout: Json) -> Json:
    return (rollout["spec"].get("strategy") or {}).get("canary") or {}


def _routers(rollout: Json, spec: RolloutSpec) -> tuple[Router, ...]:
    """Those of a canary; blue-green switches Services and needs none."""
    canary = spec.strategy
    if not isinstance(canary, Canary):
        return ()
    names = canary.canary_service, canary.stable_service
    owner = Owner(spec.namespace, spec.name, spec.uid, *names, canary.max_weight)
    return routers(_strategy(rollout).get("trafficRouting"), owner)


def _age(rs: Json) -> tuple[str, str]:
    return rs["metadata"].get("creationTimestamp", ""), rs["metadata"]["name"]


def _hash(rs: Json) -> str:
    return str((rs["metadata"].get("labels") or {}).get(keys.POD_TEMPLATE_HASH, ""))


def _desired(sets: list[Json], computed: str, template: Json) -> Json | None:
    """The ReplicaSet of the desired template: by its hash, else by what its template means."""
    live = [rs for rs in sets if not rs["metadata"].get("deletionTimestamp")]
    named = next((rs for rs in live if _hash(rs) == computed), None)
    if named is not None or not live:
        return named
    wanted = pod_template.digest(template)
    return next((rs for rs in live if rs.get(DIGEST) == wanted), None)


def _number(obj: Json) -> int:
    text = (obj["metadata"].get("annotations") or {}).get(keys.REVISION, "0")
    return int(text) if text.isdigit() else 0


def _revision(rs: Json) -> Revision:
    metadata, status = rs["metadata"], rs.get("status") or {}
    annotations = metadata.get("annotations") or {}
    desired = annotations.get(keys.DESIRED_REPLICAS, "")
    ours, former = carried(rs)
    return Revision(
        name=metadata["name"],
        hash=_hash(rs),
        number=_number(rs),
        replicas=rs["spec"].get("replicas", 1),
        actual=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        created=parse_time(metadata.get("creationTimestamp")) or _LONG_AGO,
        desired_annotation=int(desired) if desired.isdigit() else None,
        scale_down_deadline=annotations.get(keys.SCALE_DOWN_DEADLINE, ""),
        is_observed=status.get("observedGeneration", 0) >= metadata.get("generation", 0),
        is_deleting=bool(metadata.get("deletionTimestamp")),
        avoids=rs.get(AVOIDS, ""),
        metadata=ours,
        former_metadata=former,
        failure=_failure(status),
    )


def _failure(status: Json) -> tuple[str, str, str] | None:
    for condition in status.get("conditions") or []:
        if condition.get("type") == "ReplicaFailure":
            return condition["status"], condition.get("reason", ""), condition.get("message", "")
    return None


def _services(cache: Cache, spec: RolloutSpec) -> dict[str, ServiceView]:
    found = {}
    for name in spec.strategy.services:
        service = cache.store(SERVICES).get(spec.namespace, name)
        if service is not None:
            selector = (service.get("spec") or {}).get("selector") or {}
            managed = (service["metadata"].get("annotations") or {}).get(keys.MANAGED_BY, "")
            found[name] = ServiceView(name, selector.get(keys.POD_TEMPLATE_HASH, ""), managed)
    return found


def _objects(cache: Cache, active: tuple[Router, ...]) -> dict[Ref, Json]:
    refs = {ref for router in active for ref in router.needs()}
    found = {ref: cache.store(_KINDS[ref.kind]).get(ref.namespace, ref.name) for ref in refs}
    return {ref: obj for ref, obj in found.items() if obj is not None}


def _route(active: tuple[Router, ...], objects: Objects) -> RouteView | None:
    """What all routers together say: the weight they agree on, confirmed when each of them confirms it."""
    if not active:
        return None
    views = [router.observed(objects) for router in active]
    weights = {view.weight for view in views}
    weight = weights.pop() if len(weights) == 1 else None
    managed = _managed(
        [view.managed for view, router in zip(views, active, strict=True) if router.takes_managed_routes]
    )
    worst = next((v for v in views if v.confirmation is Confirmation.PENDING), None)
    if worst is not None:
        return RouteView(weight, Confirmation.PENDING, worst.blocked_by, managed)
    return RouteView(weight, Confirmation.CONFIRMED if weight is not None else Confirmation.ABSENT, managed=managed)


def _managed(views: list[tuple[ManagedRoute, ...] | None]) -> tuple[ManagedRoute, ...] | None:
    """The managed routes that all routers agree on; None when they do not."""
    found = set(views)
    if not found:
        return ()
    return found.pop() if len(found) == 1 else None


def _runs(cache: Cache, spec: RolloutSpec) -> tuple[AnalysisView, ...]:
    return tuple(_run(run) for run in cache.store(ANALYSIS_RUNS).owned_by(spec.uid))


def _run(run: Json) -> AnalysisView:
    metadata: dict[str, Any] = run["metadata"]
    labels, status = metadata.get("labels") or {}, run.get("status") or {}
    index = labels.get(keys.STEP_INDEX, "")
    return AnalysisView(
        name=metadata["name"],
        phase=status.get("phase", ""),
        message=status.get("message", ""),
        kind=labels.get(keys.ROLLOUT_TYPE, ""),
        step_index=int(index) if index.isdigit() else None,
        hash=labels.get(keys.POD_TEMPLATE_HASH, ""),
        revision=_number(run),
        created=parse_time(metadata.get("creationTimestamp")) or _LONG_AGO,
        is_terminating=(run.get("spec") or {}).get("terminate") is True,
    )
