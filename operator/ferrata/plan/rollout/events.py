"""What a pass has to say about its actions and pauses, in the order in which clients of the API know it."""

from __future__ import annotations

from dataclasses import replace

from ferrata.plan.actions import Action, CreateRevision, Event, PointService, ScaleRevision
from ferrata.plan.rollout.draft import Draft
from ferrata.plan.rollout.view import view
from ferrata.snapshot.rollout import Revision, RolloutSnapshot


def actions_are_told(s: RolloutSnapshot, d: Draft) -> Draft:
    """Scalings and switches of Services."""
    told = (event for action in d.actions if (event := of_action(s, action)) is not None)
    return replace(d, events=(*d.events, *told))


def pauses_are_told(s: RolloutSnapshot, d: Draft) -> Draft:
    """A pause that begins, and one that the controller itself ends."""
    if d.status.pauses and not s.status.pauses:
        return d.say("RolloutPaused", f"Rollout is paused ({d.status.pauses[0].reason})")
    if s.status.pauses and not d.status.pauses and not d.status.abort:
        return d.say("RolloutResumed", "Rollout is resumed")
    return d


def are_in_order(s: RolloutSnapshot, d: Draft) -> Draft:
    """The events of the pass, ordered as those of the strategy are."""
    return replace(d, events=view(s.spec).events_in_order(d.events))


def of_action(s: RolloutSnapshot, action: Action) -> Event | None:
    """What is said about `action` once it is done; None for what is told otherwise or not at all."""
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
