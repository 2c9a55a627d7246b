"""Label selectors: whether labels are selected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def selects(selector: Json, labels: Mapping[str, str]) -> bool:
    """Whether `selector` (matchLabels, matchExpressions) selects `labels`. An empty one selects nothing here."""
    wanted, terms = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    if not wanted and not terms:
        return False
    return all(labels.get(key) == value for key, value in wanted.items()) and all(_holds(t, labels) for t in terms)


def _holds(term: Json, labels: Mapping[str, str]) -> bool:
    key, values = term.get("key", ""), term.get("values") or []
    match term.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
