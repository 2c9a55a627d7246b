"""Actions of a rollout's plan, carried out one after another; the first failure ends it, the next pass goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from ferrata.cluster.kinds import (
    ANALYSIS_RUNS,
    HTTP_ROUTES,
    INGRESSES,
    REPLICA_SETS,
    ROLLOUTS,
    SERVICES,
    Kind,
)
from ferrata.cluster.machinery import Machinery
from ferrata.errors import AlreadyExists, Forbidden, LeadershipLost, WorldUnavailable
from ferrata.execute import analysis, pods, restart
from ferrata.execute.manifests import replica_set
from ferrata.model import keys, pod_template
from ferrata.model.anti_affinity import affinity_away_from, without_rule
from ferrata.model.managed_routes import ManagedRoute
from ferrata.model.pod_metadata import NO_METADATA, PodMetadata, carried, stripped, without_metadata
from ferrata.model.pod_template import canonical
from ferrata.model.status import RunStatus
from ferrata.plan.actions import (
    Action,
    CreateRevision,
    DeleteAnalysis,
    DeleteRevision,
    Event,
    EvictPod,
    LabelPods,
    LabelRevision,
    NumberRevision,
    NumberRollout,
    Phase,
    PlaceRevision,
    PointService,
    ScaleRevision,
    SetSplit,
    StartAnalysis,
    StopAnalysis,
)
from ferrata.routers.base import Json, Objects, Router, Write
from ferrata.snapshot.rollout import RolloutSnapshot

_ROUTE_KINDS = {"Ingress": INGRESSES, "HTTPRoute": HTTP_ROUTES}


class HashCollision(AlreadyExists):
    """The name of the new ReplicaSet is taken by another one: the revision needs another hash."""


class Executor:
    """Carries out the actions of one plan for one observed Rollout. Answers go into the cache at once."""

    def __init__(
        self,
        machinery: Machinery,
        rollout: Json,
        snapshot: RolloutSnapshot,
        routers: Sequence[Router],
        objects: Objects,
    ) -> None:
        self._machinery = machinery
        self.started: dict[str, RunStatus] = {}
        self.told: list[Event] = []
        self.failure: WorldUnavailable | Forbidden | None = None
        """What went wrong with something that holds up nothing else; to be tried again."""
        self._client, self._cache = machinery.client, machinery.cache
        self._snapshot, self._namespace = snapshot, snapshot.spec.namespace
        self._routers, self._objects = routers, objects
        self.rollout = rollout

    async def perform(self, action: Action) -> None:  # noqa: C901, PLR0912 - one line per action of the closed union
        """Makes `action` true. Raises what the API server answers."""
        match action:
            case CreateRevision():
                await self._create(action)
            case PlaceRevision(name, avoids):
                placed = {"template": {"spec": {"affinity": self._affinity(avoids)}}}
                await self._patch(REPLICA_SETS, name, {"spec": placed})
            case LabelRevision():
                await self._label(action)
            case LabelPods():
                await self._label_pods(action)
            case ScaleRevision():
                await self._scale(action)
            case NumberRevision(name, number):
                await self._annotate(REPLICA_SETS, name, self._history(name) | {keys.REVISION: str(number)})
            case NumberRollout(number):
                await self._number_rollout(number)
            case PointService(name, pod_hash):
                await self._point(name, pod_hash)
            case SetSplit(canary, _, routes):
                await self._split(canary, routes)
            case EvictPod(name):
                await restart.evict(self._client, self._namespace, name)
            case StartAnalysis(kind):
                stable = self._snapshot.status.stable_rs
                run = await analysis.start(self._machinery, self.rollout, action, stable)
                self.started[kind] = RunStatus(run["metadata"]["name"], (run.get("status") or {}).get("phase", ""))
            case StopAnalysis(name):
                await self._patch(ANALYSIS_RUNS, name, {"spec": {"terminate": True}})
            case DeleteRevision(name):
                await self._delete(REPLICA_SETS, name)
            case DeleteAnalysis(name):
                await self._delete(ANALYSIS_RUNS, name)
            case _:
                assert_never(action)

    async def _patch(self, kind: Kind, name: str, body: Json, *, subresource: str | None = None) -> Json:
        answer = await self._client.patch(kind, self._namespace, name, body, subresource=subresource)
        self._cache.store(kind).apply(None, answer)
        return answer

    async def _annotate(self, kind: Kind, name: str, annotations: dict[str, str | None]) -> None:
        await self._patch(kind, name, {"metadata": {"annotations": annotations}})

    async def _delete(self, kind: Kind, name: str) -> None:
        held = self._cache.store(kind).get(self._namespace, name)
        await self._client.delete(kind, self._namespace, name, uid=held["metadata"]["uid"] if held else None)

    async def _create(self, action: CreateRevision) -> None:
        body = replica_set(self.rollout, action.hash, action.number, action.replicas)
        if affinity := self._affinity(action.avoids):
            body["spec"]["template"]["spec"]["affinity"] = affinity
        body = _carrying(body, action.metadata)
        try:
            answer = await self._client.create(REPLICA_SETS, self._namespace, body)
        except AlreadyExists as error:
            answer = await self._client.get(REPLICA_SETS, self._namespace, body["metadata"]["name"])
            if not self._is_ours(answer):
                raise HashCollision(str(error)) from error
        self._cache.store(REPLICA_SETS).apply(None, answer)

    def _affinity(self, avoids: str) -> Json | None:
        """The affinity of pods that are kept off revision `avoids`; None when nothing is to be avoided."""
        rule = self._snapshot.spec.strategy.anti_affinity
        if rule is None or not avoids:
            return None
        template = canonical(self.rollout["spec"].get("template") or {})
        return affinity_away_from(template, rule, avoids, self._namespace)

    def _is_ours(self, rs: Json) -> bool:
        """Whether an earlier pass created it, so that only its answer was lost."""
        owners = rs["metadata"].get("ownerReferences") or []
        template = canonical(self.rollout["spec"].get("template") or {})
        mine = any(owner.get("uid") == self.rollout["metadata"]["uid"] for owner in owners)
        # Where a role's key stands in the template itself too, its value there is not to be seen any more.
        wanted = pod_template.digest(stripped(template, carried(rs)[0]))
        return mine and pod_template.digest(without_rule(without_metadata(rs))) == wanted

    async def _label(self, action: LabelRevision) -> None:
        recorded = action.former if action.has_pods else action.metadata
        annotations = {
            keys.EPHEMERAL_METADATA: recorded.text_form,
            keys.EPHEMERAL_METADATA_PENDING: (action.metadata.text_form or "{}") if action.has_pods else None,
        }
        template = {"metadata": action.metadata.instead_of(action.former)}
        body = {"metadata": {"annotations": annotations}, "spec": {"template": template}}
        await self._patch(REPLICA_SETS, action.name, body)

    async def _label_pods(self, action: LabelPods) -> None:
        """The note that pods are left goes with the last of them."""
        held = self._cache.store(REPLICA_SETS).get(self._namespace, action.name)
        if held is None:
            return
        selector, owner = self._snapshot.spec.selector_of(action.hash), held["metadata"]["uid"]
        try:
            await pods.label(self._client, self._namespace, selector, owner, action.metadata, action.former)
        except LeadershipLost:
            raise
        except (WorldUnavailable, Forbidden) as error:
            self.failure = error
            return
        done = {keys.EPHEMERAL_METADATA: action.metadata.text_form, keys.EPHEMERAL_METADATA_PENDING: None}
        await self._annotate(REPLICA_SETS, action.name, done)

    async def _scale(self, action: ScaleRevision) -> None:
        """A write that takes pods away is refused when the ReplicaSet changed since it was looked at."""
        annotations: dict[str, str | None] = {keys.DESIRED_REPLICAS: str(self._snapshot.spec.replicas)}
        held = self._cache.store(REPLICA_SETS).get(self._namespace, action.name) or {"metadata": {}}
        if action.deadline is not None and (action.deadline or keys.SCALE_DOWN_DEADLINE in _annotations(held)):
            annotations[keys.SCALE_DOWN_DEADLINE] = action.deadline or None
        metadata: Json = {"annotations": annotations}
        if action.phase is Phase.SHRINK and "resourceVersion" in held["metadata"]:
            metadata["resourceVersion"] = held["metadata"]["resourceVersion"]
        body = {"metadata": metadata, "spec": {"replicas": action.replicas}}
        await self._patch(REPLICA_SETS, action.name, body)

    def _history(self, name: str) -> dict[str, str | None]:
        """The former revision numbers of a ReplicaSet that gets a new one."""
        held = _annotations(self._cache.store(REPLICA_SETS).get(self._namespace, name) or {"metadata": {}})
        former = [number for number in (held.get(keys.REVISION_HISTORY), held.get(keys.REVISION)) if number]
        return {keys.REVISION_HISTORY: ",".join(former)} if former else {}

    async def _number_rollout(self, number: int) -> None:
        metadata = {
            "annotations": {keys.REVISION: str(number)},
            "resourceVersion": self.rollout["metadata"]["resourceVersion"],
        }
        name = self.rollout["metadata"]["name"]
        self.rollout = await self._patch(ROLLOUTS, name, {"metadata": metadata})

    async def _point(self, name: str, pod_hash: str) -> None:
        held = self._cache.store(SERVICES).get(self._namespace, name) or {"metadata": {}}
        body: Json = {"spec": {"selector": {keys.POD_TEMPLATE_HASH: pod_hash}}}
        if keys.MANAGED_BY not in _annotations(held):
            body["metadata"] = {"annotations": {keys.MANAGED_BY: self.rollout["metadata"]["name"]}}
        await self._patch(SERVICES, name, body)

    async def _split(self, canary: int, routes: tuple[ManagedRoute, ...]) -> None:
        for router in self._routers:
            for write in router.render(canary, self._objects, routes):
                await self._write(write)

    async def _write(self, write: Write) -> None:
        kind, ref = _ROUTE_KINDS[write.ref.kind], write.ref
        if write.create:
            answer = await self._client.create(kind, ref.namespace, write.body)
        else:
            answer = await self._client.patch(kind, ref.namespace, ref.name, write.body)
        self._cache.store(kind).apply(None, answer)
        if write.reason:
            self.told.append(Event(write.reason, write.message))


def _annotations(obj: Json) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def _carrying(rs: Json, metadata: PodMetadata) -> Json:
    """The new ReplicaSet `rs` whose pods carry `metadata` besides their own; it says so itself."""
    if metadata == NO_METADATA:
        return rs
    template, annotations = rs["spec"]["template"], _annotations(rs) | {keys.EPHEMERAL_METADATA: metadata.text_form}
    own = {name: (template["metadata"].get(name) or {}) | pairs for name, pairs in metadata.to_json().items()}
    labelled = template | {"metadata": template["metadata"] | own}
    return rs | {"metadata": rs["metadata"] | {"annotations": annotations}, "spec": rs["spec"] | {"template": labelled}}
