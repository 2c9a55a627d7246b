"""The loop of a Rollout: observe, decide, check, execute, publish, wake up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from ferrata.cluster.cache import owner_uid
from ferrata.cluster.controller import Key, Priority
from ferrata.cluster.kinds import (
    ANALYSIS_RUNS,
    HTTP_ROUTES,
    INGRESSES,
    REPLICA_SETS,
    ROLLOUTS,
    SECONDARY,
    SERVICES,
    Kind,
)
from ferrata.cluster.machinery import Machinery
from ferrata.errors import Conflict, FerrataError, InvariantBroken
from ferrata.execute.claims import adopt, release, wants
from ferrata.execute.rollout import Executor, HashCollision
from ferrata.model.status import Condition, RolloutStatus, RunStatus
from ferrata.model.status_json import read_status
from ferrata.observe.pods import with_pods
from ferrata.observe.rollout import Observed, observe
from ferrata.plan.actions import Action, Event, Phase, Plan
from ferrata.plan.rollout.decide import decide
from ferrata.plan.rollout.events import of_action
from ferrata.plan.rollout.invariant import broken_by
from ferrata.reconcile.checks import check
from ferrata.reconcile.publish import merge_patch, only_counts
from ferrata.reconcile.references import Names, Orphans, names_of

Json = dict[str, Any]
log = structlog.get_logger(__name__)
_WRITES_OF_A_PASS = 32
"""More actions than this in one plan mean that something is wrong with it."""
_LOOKS = 4
"""How often one pass looks at what its own plan came to before it leaves that to the next pass."""
_AFTER_CONFLICT = 0.1
"""Seconds until another look, if the watch does not show the change of the other side before."""
_COUNTS_WAIT = 0.5
"""Seconds for which a status of which only counts of pods changed waits for what usually follows at once."""
_passing: ContextVar[Key | None] = ContextVar("passing", default=None)


class RolloutController:
    """Brings Rollouts forward, one pass at a time."""

    name = "rollouts"
    kind = ROLLOUTS

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._names = Names()
        self._orphans = Orphans()
        self._counts_due: dict[Key, float] = {}

    async def reconcile(self, key: Key) -> float | None:
        rollout = self._machinery.cache.store(ROLLOUTS).get(*key)
        if rollout is None or rollout["metadata"].get("deletionTimestamp"):
            self._counts_due.pop(key, None)
            return None
        self._want(key)
        check(self._machinery.cache, rollout)
        await adopt(self._machinery, rollout, self._orphans.of(key[0]))
        await release(self._machinery, rollout)
        with _pass_of(key):
            return await self._pass(key, *await self._look(rollout))

    def _want(self, key: Key) -> None:
        """A kind that was not served at the start is looked for while a Rollout refers to it, and only then."""
        named = self._names.kinds(key)
        for kind in SECONDARY:
            if kind.kind in named:
                self._machinery.cache.store(kind).want()

    async def _look(self, rollout: Json) -> tuple[Observed, Plan]:
        """What is there now, and the plan for it. Raises InvariantBroken for a plan that would lose traffic."""
        observed = await with_pods(self._machinery, self._observe(rollout))
        plan = decide(observed.snapshot)
        if (fault := broken_by(observed.snapshot, plan)) is not None:
            raise InvariantBroken(f"{observed.where}: {fault}; snapshot: {observed.snapshot!r}")
        if len(plan.actions) > _WRITES_OF_A_PASS:
            raise InvariantBroken(f"{len(plan.actions)} actions in one plan: {plan.actions!r}")
        return observed, plan

    def _observe(self, rollout: Json) -> Observed:
        return observe(self._machinery.cache, rollout, self._machinery.clock.now())

    async def _pass(self, key: Key, observed: Observed, plan: Plan) -> float | None:
        """Carries out the plan and publishes what it came to; seconds until the next look.

        Raises what went wrong on the way, also with what holds up nothing else.
        """
        executor = Executor(self._machinery, observed.rollout, observed.snapshot, observed.routers, observed.objects)
        wait = await self._carry_out(key, executor, observed, plan)
        if executor.failure is not None:
            raise executor.failure
        return wait

    async def _carry_out(self, key: Key, executor: Executor, observed: Observed, plan: Plan) -> float | None:
        try:
            left = await _perform(executor, plan.actions)
        except HashCollision:
            await self._count_collision(observed)
            return 0.0
        plan = replace(plan, status=_with_started(plan.status, executor.started))
        if left:
            await self._publish_without(executor, observed, plan, left)
            return _AFTER_CONFLICT
        if self._has_nothing_to_say(key, executor.rollout, plan):
            return self._next_look(key, plan)
        plan, is_settled = self._settle(executor.rollout, plan)
        is_changed = await self._publish(executor.rollout, plan)
        self._tell(executor, plan)
        if is_changed or plan.actions:
            self._log(observed, plan)
        return self._next_look(key, plan) if is_settled else 0.0

    async def _publish_without(
        self, executor: Executor, observed: Observed, plan: Plan, left: tuple[Action, ...]
    ) -> None:
        """Publishes the plan of which `left` was not done, so that the next pass goes on from here and not before."""
        untold = {of_action(observed.snapshot, action) for action in left}
        plan = replace(plan, events=tuple(event for event in plan.events if event not in untold))
        await self._publish(executor.rollout, plan)
        self._tell(executor, plan)
        self._log(observed, plan)

    def _tell(self, executor: Executor, plan: Plan) -> None:
        for event in _with_routes(plan.events, executor.told):
            self._machinery.recorder.record(executor.rollout, event.type, event.reason, event.message)

    def _settle(self, rollout: Json, plan: Plan) -> tuple[Plan, bool]:
        """The plan with all that follows from it without another action, and whether nothing more follows.

        States that follow from one another are so published in one write. What asks for an action waits until this
        plan's status is written, so that no action rests on a status that a crash could take away.
        """
        for _ in range(_LOOKS):
            status = plan.status.to_json()
            after = decide(self._observe(rollout | {"status": status}).snapshot)
            if after.actions:
                return plan, False
            events = (*plan.events, *after.events)
            is_settled = after.status.to_json() == status
            plan = replace(after, actions=plan.actions, events=events)
            if is_settled:
                return plan, True
        return plan, False

    def _next_look(self, key: Key, plan: Plan) -> float | None:
        """Seconds until the plan, or a status that is held back, wants to be looked at; None for only on events."""
        clock, waits = self._machinery.clock, list[float]()
        if plan.wake_up is not None:
            waits.append((plan.wake_up - clock.now()).total_seconds())
        if key in self._counts_due:
            waits.append(self._counts_due[key] - clock.monotonic())
        return max(0.0, min(waits)) if waits else None

    def _log(self, observed: Observed, plan: Plan) -> None:
        """One line per decision: the reason, the step, what is done."""
        spec, status = observed.snapshot.spec, plan.status
        log.info(
            "decided",
            namespace=spec.namespace,
            rollout=spec.name,
            reason=plan.reason,
            step=f"{status.current_step_index}/{spec.step_count}",
            weight=status.weights.canary if status.weights else None,
            actions=[type(action).__name__ for action in plan.actions],
            events=[event.reason for event in plan.events],
        )

    async def _publish(self, rollout: Json, plan: Plan) -> bool:
        """Whether the status had to be written. It is refused when the Rollout changed since it was looked at."""
        change = merge_patch(rollout.get("status") or {}, plan.status.to_json())
        if change:
            await self._write_status(rollout, change)
        return bool(change)

    def _has_nothing_to_say(self, key: Key, rollout: Json, plan: Plan) -> bool:
        """Whether nothing changed, or counts alone did and are held back still; they go along with anything else."""
        status = rollout.get("status") or {}
        change = merge_patch(status, plan.status.to_json())
        is_silent = not plan.actions and not plan.events
        if is_silent and only_counts(status, change):
            now = self._machinery.clock.monotonic()
            if now < self._counts_due.setdefault(key, now + _COUNTS_WAIT):
                return True
        self._counts_due.pop(key, None)
        return is_silent and not change

    async def _write_status(self, rollout: Json, change: Json) -> None:
        metadata = rollout["metadata"]
        body = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "status": change}
        client, cache = self._machinery.client, self._machinery.cache
        answer = await client.patch(ROLLOUTS, metadata["namespace"], metadata["name"], body, subresource="status")
        cache.store(ROLLOUTS).apply(None, answer)

    async def _count_collision(self, observed: Observed) -> None:
        count = (observed.snapshot.status.collision_count or 0) + 1
        await self._write_status(observed.rollout, {"collisionCount": count})

    async def rejected(self, key: Key, error: FerrataError) -> None:
        rollout = self._machinery.cache.store(ROLLOUTS).get(*key)
        if rollout is None:
            return
        now = self._machinery.clock.now()
        text = f'The Rollout "{key[1]}" is invalid: {error}'
        change = merge_patch(rollout.get("status") or {}, _invalid(rollout, text, now))
        if change:
            self._machinery.recorder.record(rollout, "Warning", "InvalidSpec", text)
            await self._write_status(rollout, change)

    def keys_for(self, kind: Kind, old: Json | None, new: Json | None) -> Iterable[tuple[Key, Priority]]:
        """A pass is not woken by its own writes: it says itself whether something follows from them."""
        own = _passing.get()
        return (found for found in self._concerned(kind, old, new) if found[0] != own)

    def _concerned(self, kind: Kind, old: Json | None, new: Json | None) -> Iterable[tuple[Key, Priority]]:
        if kind == ROLLOUTS:
            return self._own(old, new)
        if kind == REPLICA_SETS:
            self._orphans.notice(old, new)
            return (*self._owners(new or old or {}), *self._adopters(new))
        if kind == ANALYSIS_RUNS:
            return self._owners(new or old or {})
        if kind in {SERVICES, INGRESSES, HTTP_ROUTES}:
            metadata = (new or old or {"metadata": {}})["metadata"]
            found = self._names.users(kind.kind, metadata.get("namespace", ""), metadata.get("name", ""))
            return [(key, Priority.ACTIVE) for key in found]
        return ()

    def _own(self, old: Json | None, new: Json | None) -> Iterator[tuple[Key, Priority]]:
        obj = new or old
        if obj is None:
            return
        key = (obj["metadata"]["namespace"], obj["metadata"]["name"])
        self._names.put(key, names_of(new) if new is not None else ())
        if new is None:
            text = f"Rollout {key[1]}/{key[0]} is deleted."
            self._machinery.recorder.record(obj, "Normal", "RolloutDeleted", text)
        elif old is None:
            text = f"Rollout resource added to informer: {key[0]}/{key[1]}"
            self._machinery.recorder.record(new, "Normal", "RolloutAddedToInformer", text)
        yield key, _priority(new)

    def _adopters(self, rs: Json | None) -> Iterator[tuple[Key, Priority]]:
        """Rollouts that would adopt a ReplicaSet that nobody owns."""
        if rs is not None and not owner_uid(rs):
            for rollout in self._machinery.cache.store(ROLLOUTS).in_namespace(rs["metadata"]["namespace"]):
                if wants(rollout, rs):
                    yield (rollout["metadata"]["namespace"], rollout["metadata"]["name"]), Priority.ACTIVE

    def _owners(self, child: Json) -> Iterator[tuple[Key, Priority]]:
        uid = owner_uid(child)
        for reference in child.get("metadata", {}).get("ownerReferences") or []:
            if reference.get("uid") == uid and reference.get("kind") == "Rollout":
                key = (child["metadata"]["namespace"], reference["name"])
                yield key, _priority(self._machinery.cache.store(ROLLOUTS).get(*key))


async def _perform(executor: Executor, actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Carries out the actions in their order; those that are left because what should shrink changed meanwhile.

    By then all capacity is added and all traffic moved, so what was done stands and can be published.
    """
    for place, action in enumerate(actions):
        try:
            await executor.perform(action)
        except Conflict:
            if action.phase is not Phase.SHRINK:
                raise
            return actions[place:]
    return ()


@contextmanager
def _pass_of(key: Key) -> Iterator[None]:
    token = _passing.set(key)
    try:
        yield
    finally:
        _passing.reset(token)


def _priority(rollout: Json | None) -> Priority:
    """Aborts overtake everything; a release under way goes before one that is at rest."""
    status = (rollout or {}).get("status") or {}
    if status.get("abort"):
        return Priority.URGENT
    return Priority.IDLE if status.get("phase") == "Healthy" else Priority.ACTIVE


def _with_routes(events: tuple[Event, ...], routes: Sequence[Event]) -> list[Event]:
    """The events of a pass with those of its routes, which come before the new weight."""
    place = next((i for i, event in enumerate(events) if event.reason == "TrafficWeightUpdated"), len(events))
    return [*events[:place], *routes, *events[place:]]


def _with_started(status: RolloutStatus, started: Mapping[str, RunStatus]) -> RolloutStatus:
    """The status naming the runs that this pass started."""
    for kind, run in started.items():
        status = status.with_run(kind, run)
    return status


def _invalid(rollout: Json, text: str, now: datetime) -> Json:
    """The status with the condition that says what is wrong; nothing else of it changes."""
    status = read_status(rollout.get("status"), now)
    old = status.condition("InvalidSpec")
    if old is not None and old.message != text:
        status = status.without_condition("InvalidSpec")
    status = status.with_condition(Condition("InvalidSpec", "True", "InvalidSpec", text, now, now))
    changed = {
        "conditions": status.to_json()["conditions"],
        "observedGeneration": str(rollout["metadata"].get("generation", 0)),
        "phase": "Degraded",
        "message": f"InvalidSpec: {text}",
    }
    return (rollout.get("status") or {}) | changed
