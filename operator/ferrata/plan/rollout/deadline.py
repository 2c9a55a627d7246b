"""The progress deadline: whether something moves, whether it should, and what comes of it when it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ferrata.model.status import RolloutStatus
from ferrata.plan.rollout import restart, runs
from ferrata.plan.rollout.draft import Draft
from ferrata.plan.rollout.view import view
from ferrata.snapshot.rollout import RolloutSnapshot

_COUNTS = frozenset(
    {
        "ReplicaSetUpdated",
        "NewReplicaSetCreated",
        "FoundNewReplicaSet",
        "ReplicaSetNotAvailable",
        "RolloutRetry",
        "RolloutResumed",
    }
)
"""Reasons of Progressing under which the deadline runs."""


def is_paused(s: RolloutSnapshot, status: RolloutStatus) -> bool:
    """Whether a person or the controller holds the rollout."""
    return s.spec.paused or bool(status.pauses)


def has_progressed(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether pods, position or stable revision moved towards the goal since what was last published."""
    old, new = s.status, d.status
    return (
        old.updated_replicas != new.updated_replicas
        or new.replicas - new.updated_replicas < old.replicas - old.updated_replicas
        or new.ready_replicas > old.ready_replicas
        or new.available_replicas > old.available_replicas
        or old.stable_rs != new.stable_rs
        or old.current_pod_hash != new.current_pod_hash
        or view(s.spec).has_moved(old, new)
    )


def is_off(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether waiting is what the rollout is meant to do: a pause, an analysis, a scale-down delay, pods that
    may not be evicted yet."""
    paused = s.status.condition("Paused")
    return (
        view(s.spec).is_meant_to_wait(s, d)
        or is_paused(s, d.status)
        or (paused is not None and paused.status == "True")
        or any(o.scale_down_deadline for o in s.others)
        or (restart.is_asked(s.spec, d.status) and d.status.available_replicas >= s.spec.replicas)
    )


def is_timed_out(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether nothing has moved for progressDeadlineSeconds."""
    condition = d.status.condition("Progressing")
    if condition is None or condition.reason in {"RolloutAborted", "RolloutPaused"} or is_off(s, d):
        return False
    if condition.reason == "ProgressDeadlineExceeded":
        return True
    if condition.reason == "NewReplicaSetAvailable":
        return False
    return condition.updated + timedelta(seconds=s.spec.progress_deadline_seconds) < s.now


def timeout_aborts(s: RolloutSnapshot, d: Draft) -> Draft:
    """With progressDeadlineAbort, an update that timed out is aborted instead of only reported."""
    stored = replace(d, status=replace(d.status, conditions=s.status.conditions))
    is_over = d.status.abort or s.is_fully_promoted or has_progressed(s, d)
    if not s.spec.progress_deadline_abort or is_over or not is_timed_out(s, stored) or s.new is None:
        return d
    text = f'ReplicaSet "{s.new.name}" has timed out progressing.'
    return runs.abort(d, text).say("RolloutAborted", text, "Warning")


def is_waited_for(s: RolloutSnapshot, d: Draft) -> Draft:
    """A look at the moment when the deadline passes, if nothing else happens until then."""
    condition = d.status.condition("Progressing")
    is_running = condition is not None and condition.reason in _COUNTS
    if condition is None or not is_running or d.status.phase == "Healthy" or is_off(s, d):
        return d
    return d.wake_at(condition.updated + timedelta(seconds=s.spec.progress_deadline_seconds + 1))
