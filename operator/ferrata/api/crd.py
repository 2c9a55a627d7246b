"""CustomResourceDefinitions of the kinds that Ferrata serves, as manifests. Pure; written to crds/ by `make generate`.

definitions   the five manifests by plural name

Their schemas come from the models, with the types, required fields and enums that `argoproj.io/v1alpha1` has, so that
an object which was accepted before is accepted now. What only the controller can judge (negative numbers, two
strategies, durations) is left to it: it answers with a condition that names the field.

Unknown fields below `spec` are kept, and told by the controller. A schema that prunes them loses a misspelt field
without a word to Helm, to `kubectl patch` and to whoever else does not ask for strict validation, and nobody can tell
what is lost. The price is that `kubectl apply`, which asks for it, no longer refuses such a field itself. Pod templates
stay as strict as Kubernetes' own, and statuses, which programs write, are pruned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ferrata.api.analysis import AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate
from ferrata.api.experiment import Experiment
from ferrata.api.rollout import Rollout
from ferrata.api.schema import KEEPS_UNKNOWN, model_schema, strict
from ferrata.api.written import KubernetesObject

Json = dict[str, Any]
_IMMUTABLE: Final = {"rule": "self == oldSelf", "message": ".spec.selector is immutable"}
_TEXTS: Final = {
    "apiVersion": "Version of this schema: argoproj.io/v1alpha1.",
    "kind": "The kind of this object.",
    "spec": "What is wanted.",
    "status": "What is; written by the controller.",
}


def _column(name: str, path: str, type_: str = "integer") -> Json:
    return {"name": name, "jsonPath": path, "type": type_}


_AGE: Final = _column("Age", ".metadata.creationTimestamp", "date")
_PHASE: Final = _column("Status", ".status.phase", "string")
_ROLLOUT_COLUMNS: Final = (
    _column("Desired", ".spec.replicas"),
    _column("Current", ".status.replicas"),
    _column("Up-to-date", ".status.updatedReplicas"),
    _column("Available", ".status.availableReplicas"),
    _AGE,
)
_ROLLOUT_SUBRESOURCES: Final = {
    "status": {},
    "scale": {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.HPAReplicas",
        "labelSelectorPath": ".status.selector",
    },
}


@dataclass(frozen=True, slots=True)
class _Kind:
    plural: str
    model: type[KubernetesObject]
    short_name: str
    columns: tuple[Json, ...]
    scope: str = "Namespaced"


_KINDS: Final = (
    _Kind("rollouts", Rollout, "ro", _ROLLOUT_COLUMNS),
    _Kind("analysisruns", AnalysisRun, "ar", (_PHASE, _AGE)),
    _Kind("analysistemplates", AnalysisTemplate, "at", (_AGE,)),
    _Kind("clusteranalysistemplates", ClusterAnalysisTemplate, "cat", (_AGE,), "Cluster"),
    _Kind("experiments", Experiment, "exp", (_PHASE, _AGE)),
)


def definitions() -> dict[str, Json]:
    """The five CustomResourceDefinitions by plural name."""
    return {kind.plural: _definition(kind) for kind in _KINDS}


def _definition(kind: _Kind) -> Json:
    name = kind.model.__name__
    version: Json = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _schema(kind)},
        "additionalPrinterColumns": list(kind.columns),
    }
    if kind.model is Rollout:
        version["subresources"] = _ROLLOUT_SUBRESOURCES
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.argoproj.io"},
        "spec": {
            "group": "argoproj.io",
            "names": {
                "kind": name,
                "listKind": f"{name}List",
                "plural": kind.plural,
                "singular": name.lower(),
                "shortNames": [kind.short_name],
            },
            "scope": kind.scope,
            "versions": [version],
        },
    }


def _schema(kind: _Kind) -> Json:
    schema = model_schema(kind.model) | {"description": kind.model.__doc__}
    del schema[KEEPS_UNKNOWN]
    if "status" in schema["properties"]:
        schema["properties"]["status"] = strict(schema["properties"]["status"])
    for part, text in _TEXTS.items():
        if part in schema["properties"]:
            schema["properties"][part]["description"] = text
    if kind.model is Rollout:
        schema["properties"]["spec"]["properties"]["selector"]["x-kubernetes-validations"] = [_IMMUTABLE]
    return schema
