"""The rule that keeps pods of a new revision off the nodes that the stable revision's pods run on.

It stands in the ReplicaSet's template alone: the revision's hash and what the template means are those of the
Rollout's own template.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from ferrata.model.keys import POD_TEMPLATE_HASH

Json = dict[str, Any]
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NODE = "kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class AntiAffinity:
    """`antiAffinity` of a strategy: preferred with `weight` (1 to 100), or required when that is None."""

    weight: int | None = None

    @staticmethod
    def read(body: Json | None) -> AntiAffinity | None:
        """The rule that `body` asks for; None when it asks for none."""
        if not body:
            return None
        preferred = body.get(_PREFERRED)
        return AntiAffinity(int(preferred["weight"])) if preferred is not None else AntiAffinity()


def affinity_away_from(template: Json, rule: AntiAffinity, avoided: str, namespace: str) -> Json:
    """The affinity of the pods of `template`, which is the Rollout's, kept off pods of revision `avoided`.

    Both lists of anti-affinity are in it, None where there is none, so that it also says what has to go.
    """
    affinity: Json = copy.deepcopy((template.get("spec") or {}).get("affinity") or {})
    present = affinity.get("podAntiAffinity") or {}
    expression = {"key": POD_TEMPLATE_HASH, "operator": "In", "values": [avoided]}
    term: Json = {
        "labelSelector": {"matchExpressions": [expression]},
        "namespaces": [namespace],
        "topologyKey": _NODE,
    }
    required, preferred = list(present.get(_REQUIRED) or []), list(present.get(_PREFERRED) or [])
    if rule.weight is None:
        required.append(term)
    else:
        preferred.append({"weight": rule.weight, "podAffinityTerm": term})
    lists = {_REQUIRED: required or None, _PREFERRED: preferred or None}
    return affinity | {"podAntiAffinity": present | lists}


def avoided_by(template: Json) -> str:
    """Hash of the revision that the pods of `template`, a ReplicaSet's, are kept off; "" for none."""
    present = _anti_affinity(template)
    terms = [
        *(present.get(_REQUIRED) or []),
        *(entry.get("podAffinityTerm") for entry in present.get(_PREFERRED) or []),
    ]
    return next((found for term in terms if (found := _avoided(term))), "")


def without_rule(template: Json) -> Json:
    """`template`, a ReplicaSet's, as it was before it was kept off another revision; itself when it is not."""
    if not avoided_by(template):
        return template
    plain: Json = copy.deepcopy(template)
    affinity = plain["spec"]["affinity"]
    present = affinity["podAntiAffinity"]
    left = {
        _REQUIRED: [term for term in present.get(_REQUIRED) or [] if not _avoided(term)],
        _PREFERRED: [entry for entry in present.get(_PREFERRED) or [] if not _avoided(entry.get("podAffinityTerm"))],
    }
    affinity["podAntiAffinity"] = {key: terms for key, terms in left.items() if terms}
    if not affinity["podAntiAffinity"]:
        del affinity["podAntiAffinity"]
    if not affinity:
        del plain["spec"]["affinity"]
    return plain


def _anti_affinity(template: Json) -> Json:
    return ((template.get("spec") or {}).get("affinity") or {}).get("podAntiAffinity") or {}


def _avoided(term: Json | None) -> str:
    """The revision that `term` names when it is one of ours, "" otherwise."""
    expressions = ((term or {}).get("labelSelector") or {}).get("matchExpressions") or []
    if len(expressions) != 1 or (term or {}).get("topologyKey") != _NODE:
        return ""
    (expression,) = expressions
    values = expression.get("values") or []
    is_ours = (expression.get("key"), expression.get("operator"), len(values)) == (POD_TEMPLATE_HASH, "In", 1)
    return str(values[0]) if is_ours else ""
