"""CustomResourceDefinitions of the kinds that Ferrata serves, as manifests. Pure; written to crds/ by `make generate`.

Pod templates and jobs are described field by field, so that `kubectl explain` knows them. What the controller judges
itself (strategies, metrics, status) is kept as it is written: a mistake there becomes a condition that names the field,
not a refusal, and nothing that a user writes is pruned.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

Json = dict[str, Any]
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_ANYTHING = {"x-kubernetes-preserve-unknown-fields": True}
_SCALARS: dict[str, Json] = {
    "string": {"type": "string"},
    "int": {"type": "integer", "format": "int64"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time"},
    "quantity": {"x-kubernetes-int-or-string": True},
    "intOrString": {"x-kubernetes-int-or-string": True},
    "any": _ANYTHING,
}
_RELAXED = frozenset({("Container", "resources"), ("EphemeralContainer", "resources"), ("PodSpec", "volumes")})
"""Fields in which users' mistakes are the pod's to report, not the schema's."""

_METADATA = {
    "type": "object",
    "properties": {
        key: {"type": "object", "additionalProperties": {"type": "string"}} for key in ("labels", "annotations")
    },
}


@cache
def _structs() -> dict[str, list[Json]]:
    text = files("ferrata.model").joinpath("pod_types.json").read_text(encoding="utf-8")
    found: dict[str, list[Json]] = json.loads(text)
    return found


def _schema(type_: str) -> Json:
    if type_.startswith("*"):
        return _schema(type_[1:])
    if type_.startswith("[]"):
        return {"type": "array", "items": _schema(type_[2:])}
    if type_.startswith("map:"):
        return {"type": "object", "additionalProperties": _schema(type_[4:])}
    if type_ == "ObjectMeta":
        return _METADATA
    if type_ not in _structs():
        return dict(_SCALARS[type_])
    properties = {
        field["n"]: dict(_ANYTHING) if (type_, field["n"]) in _RELAXED else _schema(field["t"])
        for field in _structs()[type_]
    }
    return {"type": "object", "properties": properties}


def pod_template() -> Json:
    """Schema of a pod template."""
    return _schema("PodTemplateSpec")


def _object(properties: Json, *required: str, text: str = "") -> Json:
    body: Json = {"type": "object", "properties": properties}
    if required:
        body["required"] = list(required)
    return body | ({"description": text} if text else {})


def _integer(text: str) -> Json:
    return {"type": "integer", "format": "int32", "description": text}


def _rollout() -> Json:
    selector = _schema("LabelSelector") | {
        "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "spec.selector is immutable"}]
    }
    spec = _object(
        {
            "replicas": _integer("Pods that are wanted; 1 when absent."),
            "selector": selector,
            "template": pod_template(),
            "workloadRef": dict(_OPEN),
            "minReadySeconds": _integer("Seconds that a pod must be ready before it counts as available."),
            "revisionHistoryLimit": _integer("Old ReplicaSets to keep; 10 when absent."),
            "paused": {"type": "boolean", "description": "Holds the rollout where it is."},
            "progressDeadlineSeconds": _integer("Seconds without progress after which it counts as degraded; 600."),
            "progressDeadlineAbort": {"type": "boolean", "description": "Aborts instead of only reporting."},
            "restartAt": {"type": "string", "format": "date-time", "description": "Pods older than this are replaced."},
            "rollbackWindow": dict(_OPEN),
            "analysis": dict(_OPEN),
            "strategy": {**_OPEN, "description": "How a release replaces the one before: canary or blueGreen."},
        }
    )
    return _root(spec, text="A workload whose releases climb in steps.")


def _root(spec: Json, *, text: str) -> Json:
    properties = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": spec,
        "status": dict(_OPEN),
    }
    return _object(properties, "spec", text=text)


_METRIC = _object(
    {
        "name": {"type": "string"},
        **{key: {"type": "string"} for key in ("interval", "initialDelay", "successCondition", "failureCondition")},
        **{
            key: {"x-kubernetes-int-or-string": True}
            for key in (
                "count",
                "failureLimit",
                "inconclusiveLimit",
                "consecutiveErrorLimit",
                "consecutiveSuccessLimit",
            )
        },
        "provider": dict(_OPEN),
    },
    "name",
    "provider",
)


def _lists() -> Json:
    return {
        "metrics": {"type": "array", "items": _METRIC},
        "args": {"type": "array", "items": dict(_OPEN)},
        "dryRun": {"type": "array", "items": dict(_OPEN)},
        "measurementRetention": {"type": "array", "items": dict(_OPEN)},
    }


def _template() -> Json:
    text = "Metrics that a release is judged by."
    return _root(_object(_lists() | {"templates": {"type": "array", "items": dict(_OPEN)}}), text=text)


def _run() -> Json:
    more = {"terminate": {"type": "boolean"}, "ttlStrategy": dict(_OPEN)}
    return _root(_object(_lists() | more, "metrics"), text="One judgement of a release by its metrics.")


def _experiment() -> Json:
    template = _object(
        {
            "name": {"type": "string"},
            "replicas": _integer("Pods; 1 when absent."),
            "minReadySeconds": _integer("As of a Rollout."),
            "selector": _schema("LabelSelector"),
            "template": pod_template(),
            "service": dict(_OPEN),
        },
        "name",
        "selector",
        "template",
    )
    spec = _object(
        {
            "templates": {"type": "array", "items": template},
            "duration": {"type": "string"},
            "progressDeadlineSeconds": _integer("Seconds for pods to become available; 600."),
            "scaleDownDelaySeconds": _integer("Seconds that pods stay after the end; 30."),
            "terminate": {"type": "boolean"},
            **{key: {"type": "array", "items": dict(_OPEN)} for key in ("analyses", "dryRun", "measurementRetention")},
            "analysisRunMetadata": dict(_OPEN),
        },
        "templates",
    )
    return _root(spec, text="Versions that run side by side for a while.")


def _column(name: str, path: str, type_: str = "integer") -> Json:
    return {"name": name, "jsonPath": path, "type": type_}


_AGE = _column("Age", ".metadata.creationTimestamp", "date")
_PHASE = _column("Status", ".status.phase", "string")


def definitions() -> dict[str, Json]:
    """The five CustomResourceDefinitions by plural name."""
    rollout_columns = [
        _column("Desired", ".spec.replicas"),
        _column("Current", ".status.replicas"),
        _column("Up-to-date", ".status.updatedReplicas"),
        _column("Available", ".status.availableReplicas"),
        _AGE,
    ]
    scale = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.HPAReplicas",
        "labelSelectorPath": ".status.selector",
    }
    made = (
        _definition("rollouts", "Rollout", "ro", _rollout(), rollout_columns, {"status": {}, "scale": scale}),
        _definition("analysisruns", "AnalysisRun", "ar", _run(), [_PHASE, _AGE]),
        _definition("analysistemplates", "AnalysisTemplate", "at", _template(), [_AGE]),
        _definition("clusteranalysistemplates", "ClusterAnalysisTemplate", "cat", _template(), [_AGE], scope="Cluster"),
        _definition("experiments", "Experiment", "exp", _experiment(), [_PHASE, _AGE]),
    )
    return {crd["spec"]["names"]["plural"]: crd for crd in made}


def _definition(
    plural: str,
    kind: str,
    short: str,
    schema: Json,
    columns: list[Json],
    subresources: Json | None = None,
    *,
    scope: str = "Namespaced",
) -> Json:
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": columns,
    }
    if subresources:
        version["subresources"] = subresources
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.argoproj.io"},
        "spec": {
            "group": "argoproj.io",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short],
            },
            "scope": scope,
            "versions": [version],
        },
    }
