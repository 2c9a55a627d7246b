"""What a client can see of an object, as facts: name -> value, without what differs from run to run.

    facts("Rollout", body)  {"phase": ["Paused", "CanaryPauseStep"], "currentStepIndex": 1, "stableRS": ..., ...}

Names are the paths below `status` for a Rollout, an AnalysisRun and an Experiment; a phase goes with its message, a
condition with reason and message. Instants are `<time>` and durations that depend on them `<seconds>`: that they are
there is a fact, when it was is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Facts = dict[str, Any]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ELAPSED = {"duration.totalManualPauseDurationSeconds"}
_ANNOTATIONS = re.compile(
    r"rollout\.argoproj\.io/(revision|revision-history|desired-replicas|workload-generation)"
    r"|scale-down-deadline|argo-rollouts\.argoproj\.io/managed-by-rollouts"
    r"|nginx\.ingress\.kubernetes\.io/canary.*"
)
_RUN_LABELS = ("rollout-type", "step-index", "rollouts-pod-template-hash")


def facts(kind: str, body: Json) -> Facts:
    """The facts of one object as the API server serves it. Raises KeyError for a kind that is not compared."""
    metadata = body.get("metadata") or {}
    found = _OF_KIND[kind](body)
    annotations = metadata.get("annotations") or {}
    found |= {f"annotation {key}": value for key, value in annotations.items() if _ANNOTATIONS.fullmatch(key)}
    return {name: _timeless(name, value) for name, value in found.items() if value is not None}


def _of_rollout(body: Json) -> Facts:
    status = dict(body.get("status") or {})
    found: Facts = {}
    if phase := status.pop("phase", None):
        found["phase"] = [phase, status.pop("message", "")]
    for condition in status.pop("conditions", None) or []:
        found[f"condition {condition['type']}"] = [condition["status"], condition["reason"], condition["message"]]
    return found | dict(_flat(status))


def _of_run(body: Json) -> Facts:
    labels = (body.get("metadata") or {}).get("labels") or {}
    return _of_rollout(body) | {f"label {key}": labels.get(key) for key in _RUN_LABELS}


def _of_replica_set(body: Json) -> Facts:
    status = body.get("status") or {}
    return {"replicas": body["spec"]["replicas"], "available": status.get("availableReplicas", 0)}


def _of_service(body: Json) -> Facts:
    return {f"selector {key}": value for key, value in (body["spec"].get("selector") or {}).items()}


def _of_ingress(body: Json) -> Facts:
    paths = [path for rule in body["spec"].get("rules") or [] for path in rule["http"]["paths"]]
    return {"backends": [path["backend"]["service"]["name"] for path in paths]}


_OF_KIND: dict[str, Callable[[Json], Facts]] = {
    "Rollout": _of_rollout,
    "AnalysisRun": _of_run,
    "Experiment": _of_rollout,
    "ReplicaSet": _of_replica_set,
    "Service": _of_service,
    "Ingress": _of_ingress,
}
KINDS = tuple(_OF_KIND)


def _flat(value: Json, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path; a list whose items have names is entered by them, any other list is a leaf."""
    for key, item in value.items():
        inner = _by_name(item)
        if isinstance(inner, dict):
            yield from _flat(inner, f"{path}{key}.")
        else:
            yield f"{path}{key}", inner


def _by_name(item: Any) -> Any:
    if isinstance(item, list) and item and all(isinstance(one, dict) and "name" in one for one in item):
        return {one["name"]: {key: value for key, value in one.items() if key != "name"} for one in item}
    return item


def _timeless(name: str, value: Any) -> Any:
    if name in _ELAPSED:
        return "<seconds>"
    if isinstance(value, str):
        return "<time>" if _INSTANT.fullmatch(value) else value
    if isinstance(value, list):
        return [_timeless("", item) for item in value]
    if isinstance(value, dict):
        return {key: _timeless("", item) for key, item in value.items()}
    return value
