"""The status of a Rollout as a value, and its JSON form.

Every field that a client may see is here; what is empty is left out of the JSON, as clients of the API expect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from ferrata.model import keys

Json = dict[str, Any]


def format_time(instant: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as Kubernetes prints times."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def parse_time(text: object) -> datetime | None:
    """The instant that `text` names, or None when it is absent or no RFC 3339 time."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Condition:
    """One entry of `status.conditions`."""

    type: str
    status: str
    reason: str
    message: str
    updated: datetime
    changed: datetime

    def to_json(self) -> Json:
        """The condition with its six fields."""
        return {
            "type": self.type,
            "status": self.status,
            "reason": self.reason,
            "message": self.message,
            "lastUpdateTime": format_time(self.updated),
            "lastTransitionTime": format_time(self.changed),
        }

    @staticmethod
    def from_json(item: Json, now: datetime) -> Condition:
        """The condition that `item` describes; times that are missing read as `now`."""
        return Condition(
            type=str(item.get("type", "")),
            status=str(item.get("status", "Unknown")),
            reason=str(item.get("reason", "")),
            message=str(item.get("message", "")),
            updated=parse_time(item.get("lastUpdateTime")) or now,
            changed=parse_time(item.get("lastTransitionTime")) or now,
        )


INCONCLUSIVE_RUN: Final = "InconclusiveAnalysisRun"
"""Reason of a pause in which a person has to judge what analysis could not."""


@dataclass(frozen=True, slots=True)
class PauseCondition:
    """Why the controller paused, and since when."""

    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A running analysis as the Rollout's status names it."""

    name: str
    status: str
    message: str = ""

    def to_json(self) -> Json:
        """`{name, status, message}` without an empty message."""
        return {"name": self.name, "status": self.status} | ({"message": self.message} if self.message else {})


@dataclass(frozen=True, slots=True)
class Weights:
    """`status.canary.weights`: the split that was last written to the router, and whom it reaches."""

    canary: int
    stable: int
    canary_hash: str
    stable_hash: str
    canary_service: str = ""
    stable_service: str = ""
    verified: bool | None = None

    def to_json(self) -> Json:
        """The two destinations; weights are always printed, names only when known."""

        def side(weight: int, service: str, pod_hash: str) -> Json:
            names = {"serviceName": service, "podTemplateHash": pod_hash}
            return {"weight": weight} | {key: value for key, value in names.items() if value}

        body = {
            "canary": side(self.canary, self.canary_service, self.canary_hash),
            "stable": side(self.stable, self.stable_service, self.stable_hash),
        }
        return body if self.verified is None else body | {"verified": self.verified}


@dataclass(frozen=True, slots=True)
class Duration:
    """`status.duration`: how long the update takes, and how long of it somebody was waited for."""

    started: datetime | None = None
    finished: datetime | None = None
    completion: str = ""
    manual_pause_started: datetime | None = None
    manual_pause_seconds: int | None = None

    def to_json(self) -> Json:
        """What is known of it."""
        body: Json = {}
        for key, instant in (
            ("rolloutStartedAt", self.started),
            ("finishedAt", self.finished),
            ("manualPauseStartedAt", self.manual_pause_started),
        ):
            if instant is not None:
                body[key] = format_time(instant)
        if self.completion:
            body["completionStatus"] = self.completion
        if self.manual_pause_seconds is not None:
            body["totalManualPauseDurationSeconds"] = self.manual_pause_seconds
        return body


@dataclass(frozen=True, slots=True)
class BlueGreenStatus:
    """`status.blueGreen`: what the Services select, how far the preview is, and the analysis around the switch.

    `checkpoint` says that a preview smaller than the whole has passed everything and may grow.
    """

    active: str = ""
    preview: str = ""
    checkpoint: bool = False
    pre_run: RunStatus | None = None
    post_run: RunStatus | None = None

    def to_json(self) -> Json:
        """What is not empty of it."""
        body: Json = {
            "activeSelector": self.active,
            "previewSelector": self.preview,
            "scaleUpPreviewCheckPoint": self.checkpoint,
            "prePromotionAnalysisRunStatus": self.pre_run.to_json() if self.pre_run else {},
            "postPromotionAnalysisRunStatus": self.post_run.to_json() if self.post_run else {},
        }
        return {key: value for key, value in body.items() if value}


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """`status` of a Rollout. Counts are pods; `step_index` is None when there are no steps."""

    observed_generation: str = ""
    current_pod_hash: str = ""
    stable_rs: str = ""
    current_step_hash: str = ""
    current_step_index: int | None = None
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    hpa_replicas: int = 0
    selector: str = ""
    collision_count: int | None = None
    pauses: tuple[PauseCondition, ...] = ()
    controller_pause: bool = False
    abort: bool = False
    aborted_at: datetime | None = None
    promote_full: bool = False
    restarted_at: str = ""
    conditions: tuple[Condition, ...] = ()
    phase: str = ""
    message: str = ""
    weights: Weights | None = None
    step_run: RunStatus | None = None
    background_run: RunStatus | None = None
    blue_green: BlueGreenStatus = BlueGreenStatus()
    duration: Duration | None = None

    def condition(self, type_: str) -> Condition | None:
        """The condition of that type, or None."""
        return next((item for item in self.conditions if item.type == type_), None)

    def is_paused_for(self, reason: str) -> bool:
        """Whether the controller paused for that reason."""
        return any(pause.reason == reason for pause in self.pauses)

    def run(self, kind: str) -> RunStatus | None:
        """The run of that kind (a value of the label `rollout-type`) that this status names."""
        match kind:
            case keys.ROLLOUT_TYPE_STEP:
                return self.step_run
            case keys.ROLLOUT_TYPE_BACKGROUND:
                return self.background_run
            case keys.ROLLOUT_TYPE_PRE_PROMOTION:
                return self.blue_green.pre_run
            case _:
                return self.blue_green.post_run

    def with_run(self, kind: str, run: RunStatus | None) -> RolloutStatus:
        """This status naming `run` as the one of that kind."""
        match kind:
            case keys.ROLLOUT_TYPE_STEP:
                return replace(self, step_run=run)
            case keys.ROLLOUT_TYPE_BACKGROUND:
                return replace(self, background_run=run)
            case keys.ROLLOUT_TYPE_PRE_PROMOTION:
                return replace(self, blue_green=replace(self.blue_green, pre_run=run))
            case _:
                return replace(self, blue_green=replace(self.blue_green, post_run=run))

    def with_condition(self, condition: Condition) -> RolloutStatus:
        """This status with `condition` set at the end of the list.

        Nothing changes when one of that type has the same status and reason; the time of transition is kept
        while the status stays.
        """
        old = self.condition(condition.type)
        if old and (old.status, old.reason) == (condition.status, condition.reason):
            return self
        if old and old.status == condition.status:
            condition = replace(condition, changed=old.changed)
        return replace(self.without_condition(condition.type), conditions=(*self._others(condition.type), condition))

    def without_condition(self, type_: str) -> RolloutStatus:
        """This status with no condition of that type."""
        return replace(self, conditions=self._others(type_))

    def _others(self, type_: str) -> tuple[Condition, ...]:
        return tuple(item for item in self.conditions if item.type != type_)

    def to_json(self) -> Json:
        """The JSON form; zero numbers, false and empty texts are left out."""
        body: Json = {
            "observedGeneration": self.observed_generation,
            "currentPodHash": self.current_pod_hash,
            "stableRS": self.stable_rs,
            "currentStepHash": self.current_step_hash,
            "replicas": self.replicas,
            "updatedReplicas": self.updated_replicas,
            "readyReplicas": self.ready_replicas,
            "availableReplicas": self.available_replicas,
            "HPAReplicas": self.hpa_replicas,
            "selector": self.selector,
            "controllerPause": self.controller_pause,
            "abort": self.abort,
            "abortedAt": format_time(self.aborted_at) if self.aborted_at else "",
            "promoteFull": self.promote_full,
            "restartedAt": self.restarted_at,
            "phase": self.phase,
            "message": self.message,
            "pauseConditions": [{"reason": p.reason, "startTime": format_time(p.since)} for p in self.pauses],
            "conditions": [item.to_json() for item in self.conditions],
            "canary": self._canary_json(),
            "blueGreen": self.blue_green.to_json(),
            "duration": self.duration.to_json() if self.duration else {},
        }
        body = {key: value for key, value in body.items() if value}
        if self.current_step_index is not None:
            body["currentStepIndex"] = self.current_step_index
        if self.collision_count is not None:
            body["collisionCount"] = self.collision_count
        return body

    def _canary_json(self) -> Json:
        parts = {
            "weights": self.weights,
            "currentStepAnalysisRunStatus": self.step_run,
            "currentBackgroundAnalysisRunStatus": self.background_run,
        }
        return {key: value.to_json() for key, value in parts.items() if value is not None}
