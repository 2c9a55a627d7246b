"""One look at a release: what the Rollout, its route and its analysis say at one instant."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from .stage import Stage

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found. `at` is in seconds since 1970 and was read before anything else."""

    at: float
    phase: str
    message: str
    weight: int
    is_steady: bool  # by replicas a weight is on its way until its step is over
    step: str
    at_gate: bool
    is_aborted: bool
    is_promoted: bool
    canary_hash: str
    run: str
    verdict: str
    failed: dict[str, str]

    @property
    def decision(self) -> str:
        """Phase and reason in one sentence."""
        return f"{self.phase}: {self.message}" if self.message else self.phase


def look(stage: Stage, run_name: str = "") -> Look:
    """Read the Rollout, its route and the analysis that judges it: the one it names, else the one called `run_name`."""
    at = time.time()
    rollout = stage.rollout()
    spec, status = rollout["spec"], rollout.get("status", {})
    steps = spec["strategy"]["canary"]["steps"]
    is_observed = status.get("observedGeneration") == str(rollout["metadata"]["generation"])
    index = status.get("currentStepIndex", 0)
    pauses = [pause["reason"] for pause in status.get("pauseConditions") or []]
    run = _background_run(stage, status, run_name) if is_observed else None
    step = steps[index] if index < len(steps) else {}
    is_promoted = is_observed and status.get("phase") == "Healthy" and status["stableRS"] == status["currentPodHash"]
    routed = stage.route_weight() if "trafficRouting" in spec["strategy"]["canary"] else None
    weight = _replica_weight(steps[: index + 1], status, is_still=is_promoted or not is_observed)
    return Look(
        at,
        status.get("phase", "") if is_observed else "Progressing",
        status.get("message", "") if is_observed else "the change is not observed yet",
        weight if routed is None else routed,
        routed is not None or "pause" in step,
        _told(step, index, len(steps)),
        bool(pauses) and "pause" in step and "duration" not in step["pause"],
        bool(status.get("abort")),
        is_promoted,
        status.get("currentPodHash", "") if is_observed else "",
        run["metadata"]["name"] if run else "",
        run.get("status", {}).get("phase", "") if run else "",
        failures(run),
    )


def _replica_weight(steps: list[Json], status: Json, *, is_still: bool) -> int:
    """The weight that was set last; 0 once aborted or while nothing is released."""
    if status.get("abort") or is_still:
        return 0
    return next((int(step["setWeight"]) for step in reversed(steps) if "setWeight" in step), 0)


def _told(step: Json, index: int, count: int) -> str:
    if "setWeight" in step:
        return f"{index + 1}/{count} to {step['setWeight']} %"
    if "pause" in step:
        return f"{index + 1}/{count} pause {step['pause'].get('duration', 'until promoted')}"
    return f"{count}/{count}"


def _background_run(stage: Stage, status: Json, otherwise: str) -> Json | None:
    """The run that judges the present revision; None while there is none."""
    named = status.get("canary", {}).get("currentBackgroundAnalysisRunStatus") or {"name": otherwise}
    run = stage.analysis_run(named["name"]) if named["name"] else None
    labels = run["metadata"].get("labels", {}) if run else {}
    return run if labels.get("rollouts-pod-template-hash") == status.get("currentPodHash") else None


def failures(run: Json | None) -> dict[str, str]:
    """Metric -> value of its first measurement that failed, of those metrics that have one."""
    found = {}
    for metric in (run or {}).get("status", {}).get("metricResults") or []:
        bad = [m for m in metric.get("measurements") or [] if m["phase"] == "Failed"]
        if bad:
            found[metric["name"]] = str(bad[0].get("value", ""))
    return found
