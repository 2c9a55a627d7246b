"""The conditions of a Rollout. Texts and order are those that clients parse; each function sets one type."""

from __future__ import annotations

from dataclasses import replace

from ferrata.model.status import Condition
from ferrata.plan.rollout import deadline, numbering
from ferrata.plan.rollout.deadline import is_paused
from ferrata.plan.rollout.draft import Draft
from ferrata.plan.rollout.view import view
from ferrata.snapshot.rollout import RolloutSnapshot

NOT_AVAILABLE = "Rollout does not have minimum availability"


def _set(s: RolloutSnapshot, d: Draft, type_: str, status: str, reason: str, message: str) -> Draft:
    return replace(d, status=d.status.with_condition(Condition(type_, status, reason, message, s.now, s.now)))


def is_healthy(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether everything that was asked for runs and is in its place."""
    return (
        not is_paused(s, d.status)
        and {d.status.updated_replicas, d.status.available_replicas} == {s.spec.replicas}
        and s.status.observed_generation == str(s.spec.generation)
        and view(s.spec).is_in_place(s, d)
    )


def valid_spec(_: RolloutSnapshot, d: Draft) -> Draft:
    """A spec that can be carried out has no InvalidSpec condition."""
    return replace(d, status=d.status.without_condition("InvalidSpec")) if d.status.condition("InvalidSpec") else d


def unknown_fields(s: RolloutSnapshot, d: Draft) -> Draft:
    """UnknownFields: there while the manifest has fields that nothing reads; told when they change."""
    if not s.unknown_fields:
        return replace(d, status=d.status.without_condition("UnknownFields"))
    text = f"Nothing reads these fields: {s.unknown_fields}"
    old = d.status.condition("UnknownFields")
    if old is not None and old.message == text:
        return d
    d = replace(d, status=d.status.without_condition("UnknownFields"))
    return _set(s, d, "UnknownFields", "True", "UnknownFields", text).say("UnknownFields", text, "Warning")


def availability(s: RolloutSnapshot, d: Draft) -> Draft:
    """Available: as many available pods as were asked for."""
    if view(s.spec).is_available(s, d):
        return _set(s, d, "Available", "True", "AvailableReason", "Rollout has minimum availability")
    return _set(s, d, "Available", "False", "AvailableReason", NOT_AVAILABLE)


def completion(s: RolloutSnapshot, d: Draft) -> Draft:
    """Completed: the desired revision is the stable one."""
    is_complete = d.status.stable_rs == d.status.current_pod_hash != ""
    return _set(s, d, "Completed", str(is_complete), "RolloutCompleted", "RolloutCompleted")


def health(s: RolloutSnapshot, d: Draft) -> Draft:
    """Healthy: absent until it was true once."""
    if is_healthy(s, d):
        return _set(s, d, "Healthy", "True", "RolloutHealthy", "Rollout is healthy")
    if d.status.condition("Healthy"):
        return _set(s, d, "Healthy", "False", "RolloutHealthy", "Rollout is not healthy")
    return d


def replica_failure(s: RolloutSnapshot, d: Draft) -> Draft:
    """ReplicaFailure: copied from the first ReplicaSet that reports one."""
    failure = next((r.failure for r in s.revisions if r.failure is not None), None)
    if failure is None:
        return replace(d, status=d.status.without_condition("ReplicaFailure"))
    return _set(s, d, "ReplicaFailure", *failure)


def progress(s: RolloutSnapshot, d: Draft) -> Draft:
    """Progressing: healthy, moving, lost availability, timed out, or as it was."""
    if d.status.abort:
        return _aborted(s, d)
    name = f'ReplicaSet "{s.new.name}"' if s.new else f'Rollout "{s.spec.name}"'
    if is_healthy(s, d):
        return _set(s, d, "Progressing", "True", "NewReplicaSetAvailable", f"{name} has successfully progressed.")
    if deadline.has_progressed(s, d):
        return _refresh(s, d, "ReplicaSetUpdated", f"{name} is progressing.")
    if _lost_availability(s, d):
        return _set(s, d, "Progressing", "True", "ReplicaSetNotAvailable", NOT_AVAILABLE)
    if deadline.is_timed_out(s, d):
        return _set(s, d, "Progressing", "False", "ProgressDeadlineExceeded", f"{name} has timed out progressing.")
    return d


def _aborted(s: RolloutSnapshot, d: Draft) -> Draft:
    text = f"Rollout aborted update to revision {numbering.number(s)}"
    if d.abort_message:
        text = f"{text}: {d.abort_message}"
    old = d.status.condition("Progressing")
    if old is None or old.reason != "RolloutAborted":
        d = d.say("RolloutAborted", text, "Warning")
    return _set(s, d, "Progressing", "False", "RolloutAborted", text)


def _refresh(s: RolloutSnapshot, d: Draft, reason: str, message: str) -> Draft:
    """The condition with its clock started anew, which the progress deadline counts from."""
    old = d.status.condition("Progressing")
    changed = old.changed if old and old.status == "True" else s.now
    fresh = Condition("Progressing", "True", reason, message, s.now, changed)
    return replace(d, status=d.status.without_condition("Progressing").with_condition(fresh))


def _lost_availability(s: RolloutSnapshot, d: Draft) -> bool:
    healthy = s.status.condition("Healthy")
    was_healthy = healthy is not None and healthy.status == "True"
    return was_healthy and d.status.stable_rs == d.status.current_pod_hash and not is_paused(s, d.status)


def resumption(s: RolloutSnapshot, d: Draft) -> Draft:
    """What changed since the last pass by a person's hand: retried, or resumed."""
    condition = d.status.condition("Progressing")
    if condition and condition.reason == "RolloutAborted" and not d.status.abort:
        d = _set(s, d, "Progressing", "Unknown", "RolloutRetry", "Retrying Rollout after abort")
    if is_paused(s, d.status) or d.status.abort:
        return d
    if condition and condition.reason == "RolloutPaused":
        d = _set(s, d, "Progressing", "Unknown", "RolloutResumed", "Rollout is resumed")
    if d.status.condition("Paused"):
        d = _set(s, d, "Paused", "False", "RolloutPaused", "Rollout is paused")
    return d


def pause(s: RolloutSnapshot, d: Draft) -> Draft:
    """Paused, and why nothing progresses meanwhile. Frozen while aborted."""
    if d.status.abort or not is_paused(s, d.status):
        return d
    if d.status.stable_rs != d.status.current_pod_hash:
        d = _set(s, d, "Progressing", "Unknown", "RolloutPaused", "Rollout is paused")
    return _set(s, d, "Paused", "True", "RolloutPaused", "Rollout is paused")
