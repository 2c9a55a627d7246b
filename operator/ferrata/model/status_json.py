"""Reading a status from JSON. Users edit status, so nothing here raises: what makes no sense reads as absent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ferrata.model.status import (
    BlueGreenStatus,
    Condition,
    Duration,
    Json,
    PauseCondition,
    RolloutStatus,
    RunStatus,
    Weights,
    parse_time,
)


def read_status(body: object, now: datetime) -> RolloutStatus:
    """The status that `body` (the value of `.status`, perhaps None) describes."""
    status = _object(body)
    canary = _object(status.get("canary"))
    return RolloutStatus(
        observed_generation=_text(status.get("observedGeneration")),
        current_pod_hash=_text(status.get("currentPodHash")),
        stable_rs=_text(status.get("stableRS")),
        current_step_hash=_text(status.get("currentStepHash")),
        current_step_index=_optional_count(status.get("currentStepIndex")),
        replicas=_count(status.get("replicas")),
        updated_replicas=_count(status.get("updatedReplicas")),
        ready_replicas=_count(status.get("readyReplicas")),
        available_replicas=_count(status.get("availableReplicas")),
        hpa_replicas=_count(status.get("HPAReplicas")),
        selector=_text(status.get("selector")),
        collision_count=_optional_count(status.get("collisionCount")),
        pauses=_pauses(status.get("pauseConditions"), now),
        controller_pause=status.get("controllerPause") is True,
        abort=status.get("abort") is True,
        aborted_at=parse_time(status.get("abortedAt")),
        promote_full=status.get("promoteFull") is True,
        restarted_at=_text(status.get("restartedAt")),
        conditions=tuple(Condition.from_json(item, now) for item in _objects(status.get("conditions"))),
        phase=_text(status.get("phase")),
        message=_text(status.get("message")),
        weights=_weights(canary.get("weights")),
        step_run=_run(canary.get("currentStepAnalysisRunStatus")),
        background_run=_run(canary.get("currentBackgroundAnalysisRunStatus")),
        blue_green=_blue_green(_object(status.get("blueGreen"))),
        duration=_duration(status.get("duration")),
    )


def _blue_green(body: Json) -> BlueGreenStatus:
    return BlueGreenStatus(
        active=_text(body.get("activeSelector")),
        preview=_text(body.get("previewSelector")),
        checkpoint=body.get("scaleUpPreviewCheckPoint") is True,
        pre_run=_run(body.get("prePromotionAnalysisRunStatus")),
        post_run=_run(body.get("postPromotionAnalysisRunStatus")),
    )


def _pauses(body: object, now: datetime) -> tuple[PauseCondition, ...]:
    return tuple(
        PauseCondition(_text(item.get("reason")), parse_time(item.get("startTime")) or now) for item in _objects(body)
    )


def _weights(body: object) -> Weights | None:
    if not isinstance(body, dict):
        return None
    canary, stable = _object(body.get("canary")), _object(body.get("stable"))
    verified = body.get("verified")
    return Weights(
        canary=_count(canary.get("weight")),
        stable=_count(stable.get("weight")),
        canary_hash=_text(canary.get("podTemplateHash")),
        stable_hash=_text(stable.get("podTemplateHash")),
        canary_service=_text(canary.get("serviceName")),
        stable_service=_text(stable.get("serviceName")),
        verified=verified if isinstance(verified, bool) else None,
    )


def _run(body: object) -> RunStatus | None:
    run = _object(body)
    return (
        RunStatus(_text(run["name"]), _text(run.get("status")), _text(run.get("message"))) if run.get("name") else None
    )


def _duration(body: object) -> Duration | None:
    if not isinstance(body, dict):
        return None
    return Duration(
        started=parse_time(body.get("rolloutStartedAt")),
        finished=parse_time(body.get("finishedAt")),
        completion=_text(body.get("completionStatus")),
        manual_pause_started=parse_time(body.get("manualPauseStartedAt")),
        manual_pause_seconds=_optional_count(body.get("totalManualPauseDurationSeconds")),
    )


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _optional_count(value: object) -> int | None:
    return max(0, value) if isinstance(value, int) and not isinstance(value, bool) else None


def _count(value: object) -> int:
    return _optional_count(value) or 0
