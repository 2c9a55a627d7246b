"""The conditions of a Rollout. Texts and order are those that clients parse; each function sets one type."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ferrata.model.rollout import Analysis, Pause
from ferrata.model.status import Condition, RolloutStatus
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot

NOT_AVAILABLE = "Rollout does not have minimum availability"


def _set(s: RolloutSnapshot, d: Draft, type_: str, status: str, reason: str, message: str) -> Draft:
    return replace(d, status=d.status.with_condition(Condition(type_, status, reason, message, s.now, s.now)))


def is_paused(s: RolloutSnapshot, status: RolloutStatus) -> bool:
    """Whether a person or the controller holds the rollout."""
    return s.spec.paused or bool(status.pauses)


def is_healthy(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether everything that was asked for runs, is the stable revision, and nothing else runs."""
    status, index = d.status, d.status.current_step_index
    counts = {status.updated_replicas, status.available_replicas, status.replicas}
    return (
        not is_paused(s, status)
        and counts == {s.spec.replicas}
        and s.status.observed_generation == str(s.spec.generation)
        and (index is None or index >= s.spec.step_count)
        and status.stable_rs == status.current_pod_hash != ""
    )


def valid_spec(_: RolloutSnapshot, d: Draft) -> Draft:
    """A spec that can be carried out has no InvalidSpec condition."""
    return replace(d, status=d.status.without_condition("InvalidSpec")) if d.status.condition("InvalidSpec") else d


def availability(s: RolloutSnapshot, d: Draft) -> Draft:
    """Available: as many available pods as were asked for, of whatever revision."""
    if d.status.available_replicas >= s.spec.replicas:
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
    if has_progressed(s.status, d.status):
        return _refresh(s, d, "ReplicaSetUpdated", f"{name} is progressing.")
    if _lost_availability(s, d):
        return _set(s, d, "Progressing", "True", "ReplicaSetNotAvailable", NOT_AVAILABLE)
    if is_timed_out(s, d):
        return _set(s, d, "Progressing", "False", "ProgressDeadlineExceeded", f"{name} has timed out progressing.")
    return d


def _aborted(s: RolloutSnapshot, d: Draft) -> Draft:
    text = f"Rollout aborted update to revision {s.new.number if s.new else s.revision_annotation}"
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


def has_progressed(old: RolloutStatus, new: RolloutStatus) -> bool:
    """Whether pods, step or stable revision moved towards the goal between two statuses."""
    moved = old.current_step_index is not None and new.current_step_index not in {None, old.current_step_index}
    return (
        old.updated_replicas != new.updated_replicas
        or new.replicas - new.updated_replicas < old.replicas - old.updated_replicas
        or new.ready_replicas > old.ready_replicas
        or new.available_replicas > old.available_replicas
        or old.stable_rs != new.stable_rs
        or old.current_step_hash != new.current_step_hash
        or old.current_pod_hash != new.current_pod_hash
        or moved
    )


def deadline_is_off(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether waiting is what the rollout is meant to do: a pause, an analysis, a scale-down delay."""
    index, steps = d.status.current_step_index, s.spec.canary.steps
    waits = index is not None and index < len(steps) and isinstance(steps[index], Pause | Analysis)
    paused = s.status.condition("Paused")
    return (
        waits
        or is_paused(s, d.status)
        or (paused is not None and paused.status == "True")
        or any(o.scale_down_deadline for o in s.others)
    )


def is_timed_out(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether nothing has moved for progressDeadlineSeconds."""
    condition = d.status.condition("Progressing")
    if condition is None or condition.reason in {"RolloutAborted", "RolloutPaused"} or deadline_is_off(s, d):
        return False
    if condition.reason == "ProgressDeadlineExceeded":
        return True
    if condition.reason == "NewReplicaSetAvailable":
        return False
    return condition.updated + timedelta(seconds=s.spec.progress_deadline_seconds) < s.now


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
