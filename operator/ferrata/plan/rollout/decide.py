"""`decide(snapshot) -> Plan`: the whole decision about one Rollout, in the order of `POSITION` and `CONDITIONS`.

First the position of the climb is settled from the facts; from the position follow sizes, traffic and analysis; what
remains is to say so. The function is total and deterministic: the same snapshot always gives the same plan.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ferrata.model.status import Weights
from ferrata.plan.actions import (
    Action,
    CreateRevision,
    Event,
    NumberRevision,
    NumberRollout,
    Phase,
    Plan,
    PointService,
    ScaleRevision,
    in_safe_order,
)
from ferrata.plan.rollout import conditions, position, retire, runs, sizes, traffic
from ferrata.plan.rollout.draft import Draft
from ferrata.plan.rollout.duration import duration
from ferrata.plan.rollout.phase import phase
from ferrata.snapshot.rollout import Confirmation, Revision, RolloutSnapshot


def _counts(s: RolloutSnapshot, d: Draft) -> Draft:
    """Pods as Kubernetes counts them, over every owned ReplicaSet."""
    actual = sum(r.actual for r in s.revisions)
    return d.put(
        observed_generation=str(s.spec.generation),
        selector=s.spec.selector,
        replicas=actual,
        hpa_replicas=actual,
        updated_replicas=s.new.actual if s.new else 0,
        ready_replicas=sum(r.ready for r in s.revisions),
        available_replicas=sum(r.available for r in s.revisions),
    )


def _announce_update(s: RolloutSnapshot, d: Draft) -> Draft:
    """Says that an update begins; one that supersedes another unfinished one is not announced again."""
    completed = d.status.condition("Completed")
    is_announced = completed is not None and completed.status == "False"
    is_new = not is_announced and (d.status.current_pod_hash != s.new_hash or not s.status.current_step_hash)
    if is_new and d.status.stable_rs != s.new_hash:
        number = s.new.number if s.new else s.revision_annotation
        text = f"Rollout not completed, started update to revision {number} ({s.new_hash})"
        d = d.say("RolloutNotCompleted", text)
    return d.put(current_pod_hash=s.new_hash)


def _deadline_aborts(s: RolloutSnapshot, d: Draft) -> Draft:
    """With progressDeadlineAbort, an update that timed out is aborted instead of only reported."""
    stored = replace(d, status=replace(d.status, conditions=s.status.conditions))
    moving = conditions.has_progressed(s.status, d.status)
    if not s.spec.progress_deadline_abort or d.status.abort or s.is_fully_promoted or moving:
        return d
    if not conditions.is_timed_out(s, stored) or s.new is None:
        return d
    text = f'ReplicaSet "{s.new.name}" has timed out progressing.'
    return runs.abort(d, text).say("RolloutAborted", text, "Warning")


POSITION: tuple[position.Question, ...] = (
    _counts,
    position.new_revision_restarts_the_steps,
    _announce_update,
    position.promoted_rollout_cannot_be_aborted,
    runs.verdicts_count,
    _deadline_aborts,
    position.abort_returns_to_the_start,
    position.full_promotion_skips_the_steps,
    position.finished_steps_advance,
    position.whole_revision_becomes_stable,
)

CONDITIONS: tuple[position.Question, ...] = (
    conditions.valid_spec,
    conditions.resumption,
    conditions.availability,
    conditions.completion,
    conditions.health,
    conditions.replica_failure,
    conditions.progress,
    conditions.pause,
    duration,
    phase,
)


def decide(s: RolloutSnapshot) -> Plan:
    """What to do, publish and say about the Rollout in `s`, and when to look again."""
    is_missing = s.new is None
    s = _with_desired_revision(s) if is_missing else s
    d = Draft(s.status)
    for question in POSITION:
        d = question(s, d)
    after = position.as_promoted(s, d)
    actions, d = _actions(after, d, is_missing=is_missing)
    d = _weights(after, d, actions)
    for question in CONDITIONS:
        d = question(s, d)
    d = _deadline_wake_up(s, d)
    events = _in_order(s, (*_numbering_events(s, is_missing=is_missing), *d.events, *_action_events(s, actions)), d)
    wake_up = min((at for at in d.wake_ups), default=None)
    return Plan(in_safe_order(actions), d.status, events, _reason(d), wake_up)


def _with_desired_revision(s: RolloutSnapshot) -> RolloutSnapshot:
    """The snapshot with the desired revision as it will be once it is created, still empty."""
    number = max((r.number for r in s.revisions), default=0) + 1
    new = Revision(f"{s.spec.name}-{s.template_hash}", s.template_hash, number, 0, 0, 0, 0, s.now, s.spec.replicas)
    return replace(s, new=new)


def _actions(s: RolloutSnapshot, d: Draft, *, is_missing: bool) -> tuple[tuple[Action, ...], Draft]:
    resized = () if s.spec.paused else _sizing(s, d)
    retired = retire.Retirement()
    if not s.spec.paused:
        retired = retire.keep_canary(s) if retire.keeps_canary(s, d) else retired
        if not resized or s.spec.canary.routed:
            more = retire.retire_others(s, d)
            retired = retire.Retirement((*retired.actions, *more.actions), (*retired.due, *more.due))
    changes = (*_creation(s, resized, is_missing=is_missing), *retired.actions)
    shift = traffic.traffic_actions(s, d)
    d = replace(d, wake_ups=(*d.wake_ups, *retired.due))
    return (*_numbering(s), *changes, *shift, *runs.run_actions(s, d), *retire.beyond_history(s)), d


def _sizing(s: RolloutSnapshot, d: Draft) -> tuple[ScaleRevision, ...]:
    """The stable and the new revision at their next sizes; a routed canary shrinks only after its traffic did."""
    wanted = sizes.next_sizes(s, d.status)
    result = []
    if s.distinct_stable is not None:
        result += _resize(s, s.distinct_stable, wanted.stable)
    if s.new is not None and not retire.keeps_canary(s, d):
        may_shrink = not s.spec.canary.routed or _traffic_is_settled(s, d)
        result += _resize(s, s.new, wanted.new if may_shrink else max(wanted.new, s.new.replicas))
    return tuple(result)


def _traffic_is_settled(s: RolloutSnapshot, d: Draft) -> bool:
    if s.route is None:
        return True
    return s.route.confirmation is not Confirmation.PENDING and s.route.weight in {None, traffic.desired_weight(s, d)}


def _resize(s: RolloutSnapshot, revision: Revision, wanted: int) -> list[ScaleRevision]:
    """Nothing when size, noted number of desired pods and deadline are as they should be."""
    is_noted = revision.desired_annotation == s.spec.replicas
    if revision.replicas == wanted and is_noted and not revision.scale_down_deadline:
        return []
    order = Phase.SHRINK if wanted < revision.replicas else Phase.GROW
    return [ScaleRevision(revision.name, wanted, order, "")]


def _creation(s: RolloutSnapshot, resized: tuple[ScaleRevision, ...], *, is_missing: bool) -> tuple[Action, ...]:
    """The desired revision is created at its first size instead of being created empty and scaled."""
    if not is_missing or s.new is None:
        return resized
    name = s.new.name
    size = next((a.replicas for a in resized if a.name == name), 0)
    others = tuple(a for a in resized if a.name != name)
    return (CreateRevision(s.new.hash, s.new.number, size), *others)


def _numbering(s: RolloutSnapshot) -> tuple[Action, ...]:
    """Revision numbers: the desired revision has the highest, and the Rollout names it."""
    if s.new is None:
        return ()
    number = _number(s, s.new)
    renumber = (NumberRevision(s.new.name, number),) if number != s.new.number else ()
    return (*renumber, NumberRollout(number)) if number != s.revision_annotation else renumber


def _number(s: RolloutSnapshot, new: Revision) -> int:
    return max(new.number, max((r.number for r in s.older), default=0) + 1)


def _weights(s: RolloutSnapshot, d: Draft, actions: tuple[Action, ...]) -> Draft:
    """`status.canary.weights`, and an event when the split changed."""
    canary = traffic.planned_weight(s, actions)
    if canary is None or s.new is None or s.stable is None:
        return d if s.spec.canary.routed else d.put(weights=None)
    names = s.spec.canary.canary_service, s.spec.canary.stable_service
    to = s.stable.hash if d.status.abort and canary == 0 else s.new.hash
    new = Weights(canary, s.spec.canary.max_weight - canary, to, s.stable.hash, *names)
    old = d.status.weights
    if old is not None and old.canary != canary:
        d = d.say("TrafficWeightUpdated", f"Traffic weight updated from {old.canary} to {canary}")
    elif old is None:
        d = d.say("TrafficWeightUpdated", f"Traffic weight updated to {canary}")
    return d.put(weights=new)


def _deadline_wake_up(s: RolloutSnapshot, d: Draft) -> Draft:
    """A look at the moment when the progress deadline passes, if nothing else happens until then."""
    condition = d.status.condition("Progressing")
    waits = condition is not None and condition.reason in {
        "ReplicaSetUpdated",
        "NewReplicaSetCreated",
        "FoundNewReplicaSet",
        "ReplicaSetNotAvailable",
        "RolloutRetry",
        "RolloutResumed",
    }
    if condition is None or not waits or d.status.phase == "Healthy" or conditions.deadline_is_off(s, d):
        return d
    return d.wake_at(condition.updated + timedelta(seconds=s.spec.progress_deadline_seconds + 1))


def _numbering_events(s: RolloutSnapshot, *, is_missing: bool) -> tuple[Event, ...]:
    if s.new is None:
        return ()
    number = _number(s, s.new)
    events = []
    if number != s.revision_annotation:
        events.append(Event("RolloutUpdated", f"Rollout updated to revision {number}"))
    if is_missing:
        events.append(Event("NewReplicaSetCreated", f"Created ReplicaSet {s.new.name} (revision {number})"))
    return tuple(events)


def _action_events(s: RolloutSnapshot, actions: tuple[Action, ...]) -> tuple[Event, ...]:
    return tuple(event for action in actions if (event := _action_event(s, action)) is not None)


def _action_event(s: RolloutSnapshot, action: Action) -> Event | None:
    match action:
        case ScaleRevision(name, replicas):
            revision = next(r for r in s.revisions if r.name == name)
            return _scaled(revision, replicas) if revision.replicas != replicas else None
        case CreateRevision(_, _, replicas) if replicas and s.new is not None:
            return _scaled(s.new, replicas)
        case PointService(name, to, previous):
            return Event("SwitchService", f"Switched selector for service '{name}' from '{previous}' to '{to}'")
    return None


def _scaled(revision: Revision, replicas: int) -> Event:
    word = "up" if replicas > revision.replicas else "down"
    what = f"{revision.name} (revision {revision.number}) from {revision.replicas} to {replicas}"
    return Event("ScalingReplicaSet", f"Scaled {word} ReplicaSet {what}")


_ORDER = (
    ("SwitchService",),
    ("RolloutStepCompleted",),
    ("RolloutResumed",),
    ("ScalingReplicaSet",),
    ("RolloutCompleted",),
    ("TrafficWeightUpdated",),
    ("RolloutPaused", "RolloutAborted"),
)
"""Events of one pass in the order in which clients of the API know them; what is not listed comes first."""


def _in_order(s: RolloutSnapshot, events: tuple[Event, ...], d: Draft) -> tuple[Event, ...]:
    """The events of the pass, ordered, with what the pauses have to say. Services follow a completed release."""
    if d.status.pauses and not s.status.pauses:
        events = (*events, Event("RolloutPaused", f"Rollout is paused ({d.status.pauses[0].reason})"))
    elif s.status.pauses and not d.status.pauses and not d.status.abort:
        events = (*events, Event("RolloutResumed", "Rollout is resumed"))
    ranks = {reason: place for place, reasons in enumerate(_ORDER, 1) for reason in reasons}
    if any(event.reason == "RolloutCompleted" for event in events):
        ranks["SwitchService"] = ranks["RolloutCompleted"]
    return tuple(sorted(events, key=lambda event: ranks.get(event.reason, 0)))


def _reason(d: Draft) -> str:
    """One sentence for people: the phase and what it waits for."""
    return f"{d.status.phase}: {d.status.message}" if d.status.message else d.status.phase
