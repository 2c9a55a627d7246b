"""Selectors select as Kubernetes' do, but an empty one selects nothing: a Rollout never owns everything."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.model.selectors import selects

LABELS = {"app": "web", "tier": "front"}


def term(operator: str, key: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "answer"),
    [
        ({}, False),
        ({"matchLabels": {}}, False),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "web", "tier": "back"}}, False),
        (term("In", "tier", "front", "back"), True),
        (term("In", "zone", "a"), False),
        (term("NotIn", "tier", "back"), True),
        (term("NotIn", "tier", "front"), False),
        (term("NotIn", "zone", "a"), True),
        (term("Exists", "tier"), True),
        (term("Exists", "zone"), False),
        (term("DoesNotExist", "zone"), True),
        (term("DoesNotExist", "tier"), False),
        (term("Unheard", "tier"), False),
        ({"matchLabels": {"app": "web"}, **term("In", "tier", "back")}, False),
    ],
)
def test_labels_are_selected(selector: dict[str, Any], answer: bool) -> None:
    assert selects(selector, LABELS) is answer
