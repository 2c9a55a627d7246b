"""Sizes of a routed canary and what is enough of them: the numbers that clients of Argo Rollouts know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ferrata.model.rollout import Canary, ProgressThreshold, RolloutSpec, Step, ThresholdType
from ferrata.model.status import RolloutStatus
from ferrata.plan.rollout.canary import sizes
from ferrata.plan.rollout.canary.steps import SetCanaryScale, SetWeight
from ferrata.plan.rollout.canary.weights import step_weight
from ferrata.snapshot.rollout import Revision, RolloutSnapshot

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def revision(name: str, replicas: int, available: int | None = None) -> Revision:
    pods = replicas if available is None else available
    return Revision(f"app-{name}", name, 1, replicas, pods, pods, pods, NOW)


def snapshot(*steps: Step, replicas: int, new: Revision | None = None, **changes: object) -> RolloutSnapshot:
    """A release of v2 over v1 that stands at the last of `steps`."""
    canary = Canary(steps=steps, routed=True, canary_service="c", stable_service="s", **changes)  # type: ignore[arg-type]
    status = RolloutStatus(stable_rs="v1", current_pod_hash="v2", current_step_index=max(0, len(steps) - 1))
    spec = RolloutSpec("ns", "app", "uid", 1, replicas, canary)
    stable = revision("v1", replicas)
    return RolloutSnapshot(spec, status, "v2", "", NOW, new=new or revision("v2", 0), stable=stable)


@pytest.mark.parametrize(
    ("replicas", "steps", "min_pods", "expected"),
    [
        (10, (SetWeight(5),), 2, (2, 10)),
        (10, (SetWeight(10),), 0, (1, 10)),
        (10, (SetWeight(0),), 2, (0, 10)),
        (1, (SetWeight(50),), 2, (1, 1)),
        (1, (SetCanaryScale(replicas=9),), 0, (9, 1)),
        (1, (SetCanaryScale(replicas=1),), 2, (1, 1)),
        (4, (SetCanaryScale(weight=200),), 0, (8, 4)),
        (10, (SetWeight(20), SetCanaryScale(replicas=7), SetCanaryScale(match_traffic_weight=True)), 0, (2, 10)),
        (10, (SetWeight(20), SetCanaryScale(replicas=7, weight=3, match_traffic_weight=True)), 0, (2, 10)),
        (10, (SetCanaryScale(replicas=7), SetWeight(20)), 0, (7, 10)),
        (3, (SetWeight(34),), 0, (2, 3)),
    ],
)
def test_sizes_with_a_router(replicas: int, steps: tuple[Step, ...], min_pods: int, expected: tuple[int, int]) -> None:
    s = snapshot(*steps, replicas=replicas, min_pods=min_pods)
    assert sizes.goal(s, s.status) == sizes.Sizes(*expected)


def test_a_full_promotion_asks_for_all_pods_and_no_more() -> None:
    s = snapshot(SetWeight(5), SetCanaryScale(replicas=1), replicas=1, min_pods=2)
    assert sizes.goal(s, replace(s.status, promote_full=True)).new == 1


def test_beside_a_dynamic_stable_revision_the_least_number_of_pods_holds_for_named_pods_too() -> None:
    s = snapshot(SetCanaryScale(replicas=1), replicas=10, min_pods=3, dynamic_stable=True)
    assert sizes.goal(s, s.status).new == 3


def test_a_very_large_scale_of_weights_is_exact() -> None:
    s = snapshot(SetWeight(333_333_333), replicas=10, max_weight=2_000_000_000)
    assert (step_weight(s, s.status), sizes.goal(s, s.status).new) == (333_333_333, 2)


@pytest.mark.parametrize(
    ("kind", "value", "available", "wanted", "is_enough"),
    [
        (ThresholdType.PERCENT, 90, 9, 10, True),
        (ThresholdType.PERCENT, 90, 8, 10, False),
        (ThresholdType.PERCENT, 66, 2, 3, True),
        (ThresholdType.PERCENT, 67, 2, 3, False),
        (ThresholdType.PERCENT, 50, 0, 0, True),
        (ThresholdType.PODS, 3, 3, 10, True),
        (ThresholdType.PODS, 3, 2, 10, False),
        (ThresholdType.PODS, -1, 9, 10, False),
        (ThresholdType.PODS, -1, 10, 10, True),
    ],
)
def test_how_many_available_pods_are_enough(
    kind: ThresholdType, value: int, available: int, wanted: int, *, is_enough: bool
) -> None:
    s = snapshot(SetWeight(100), replicas=10, threshold=ProgressThreshold(kind, value))
    assert sizes.is_enough(s.spec, revision("v2", wanted, available), wanted) is is_enough


def test_without_a_threshold_every_pod_counts_and_one_too_many_is_not_enough() -> None:
    s = snapshot(SetWeight(100), replicas=10)
    assert sizes.is_enough(s.spec, revision("v2", 10), 10)
    assert not sizes.is_enough(s.spec, revision("v2", 10, 9), 10)
    assert not sizes.is_enough(s.spec, revision("v2", 11), 10)
    assert not sizes.is_enough(s.spec, None, 0)
