"""`status.phase` and `status.message`: the first row that fits. Words and texts are read by Argo CD and the plugin."""

from __future__ import annotations

from ferrata.plan.rollout import restart
from ferrata.plan.rollout.draft import Draft
from ferrata.plan.rollout.view import view
from ferrata.snapshot.rollout import RolloutSnapshot

_DEGRADED = {"RolloutAborted", "ProgressDeadlineExceeded"}


def phase(s: RolloutSnapshot, d: Draft) -> Draft:
    """The draft with phase and message set."""
    word, message = _phase(s, d)
    return d.put(phase=word, message=message)


def _phase(s: RolloutSnapshot, d: Draft) -> tuple[str, str]:
    status = d.status
    for condition in status.conditions:
        if condition.type == "InvalidSpec" or condition.reason in _DEGRADED:
            return "Degraded", f"{condition.reason}: {condition.message}"
    if s.spec.paused:
        return "Paused", "manually paused"
    if status.pauses:
        return "Paused", status.pauses[0].reason
    waiting = _waiting_for(s, d)
    return ("Progressing", waiting) if waiting else ("Healthy", "")


def _waiting_for(s: RolloutSnapshot, d: Draft) -> str:
    status = d.status
    if restart.is_asked(s.spec, status):
        return "rollout is restarting"
    if status.updated_replicas < s.spec.replicas:
        return "more replicas need to be updated"
    if status.available_replicas < status.updated_replicas:
        return "updated replicas are still becoming available"
    return view(s.spec).waits_for(s, d)
