"""What a status patch says, and whether it can wait."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.reconcile.publish import merge_patch, only_counts

CONDITION = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "lastUpdateTime": "1"}
OLD: dict[str, Any] = {
    "phase": "Progressing",
    "message": "more replicas need to be updated",
    "replicas": 1,
    "updatedReplicas": 0,
    "conditions": [CONDITION],
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"replicas": 2}, True),
        ({"replicas": 2, "updatedReplicas": 1, "message": "updated replicas are still becoming available"}, True),
        ({"replicas": 2, "conditions": [CONDITION | {"lastUpdateTime": "2"}]}, True),
        ({"replicas": 2, "conditions": [CONDITION | {"status": "False"}]}, False),
        ({"replicas": 2, "conditions": [CONDITION, {"type": "Paused", "status": "True"}]}, False),
        ({"replicas": 2, "phase": "Healthy", "message": ""}, False),
        ({"replicas": 2, "currentStepIndex": 1}, False),
        ({"message": "old replicas are pending termination"}, False),
        ({}, False),
    ],
)
def test_only_counts_of_pods_can_wait(changes: dict[str, Any], expected: bool) -> None:
    assert only_counts(OLD, merge_patch(OLD, OLD | changes)) is expected


def test_the_message_of_a_degraded_rollout_is_news() -> None:
    old = OLD | {"phase": "Degraded"}
    assert not only_counts(old, {"replicas": 2, "message": "another reason"})
