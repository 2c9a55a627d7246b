"""The published tables of canary sizes without a router."""

from __future__ import annotations

import pytest
from tests.support.world import START

from ferrata.plan.rollout.canary.basic import Limits, closest, sizes
from ferrata.snapshot.rollout import Revision


@pytest.mark.parametrize(
    ("replicas", "surge", "weights", "expected"),
    [
        (1, 0, (0, 1, 49), (0, 1)),
        (1, 0, (50, 99, 100), (1, 0)),
        (1, 1, (1, 50, 99), (1, 1)),
        (1, 1, (100,), (1, 0)),
        (1, 1, (0,), (0, 1)),
        (2, 0, (1, 50, 99), (1, 1)),
        (2, 0, (75,), (1, 1)),
        (2, 1, (1,), (1, 2)),
        (2, 1, (50,), (1, 1)),
        (2, 1, (99,), (2, 1)),
        (3, 0, (10, 25, 33, 49), (1, 2)),
        (3, 0, (50,), (2, 1)),
        (3, 1, (10, 25), (1, 3)),
        (3, 1, (33,), (1, 2)),
        (3, 1, (49, 50), (2, 2)),
        (10, 0, (1, 14), (1, 9)),
        (10, 0, (15,), (2, 8)),
        (10, 0, (99,), (9, 1)),
        (10, 1, (1,), (1, 10)),
        (10, 1, (18, 19), (2, 9)),
        (10, 1, (20, 23), (2, 8)),
        (10, 1, (24, 25), (3, 8)),
        (10, 1, (99,), (10, 1)),
        (10, 1, (100,), (10, 0)),
    ],
)
def test_the_closest_ratio(replicas: int, surge: int, weights: tuple[int, ...], expected: tuple[int, int]) -> None:
    for weight in weights:
        assert closest(replicas, weight, 100, surge) == expected, weight


def revision(name: str, replicas: int, available: int) -> Revision:
    return Revision(name, name, 1, replicas, replicas, available, available, START)


@pytest.mark.parametrize(
    ("limits", "weight", "stable", "new", "others", "expected"),
    [
        ((10, 2, 0), 20, (10, 10), (0, 0), 0, (10, 2)),
        ((10, 2, 0), 20, (10, 10), (2, 2), 0, (8, 2)),
        ((10, 2, 0), 30, (10, 10), (0, 0), 0, (10, 2)),
        ((10, 0, 2), 20, (10, 10), (0, 0), 0, (8, 0)),
        ((10, 0, 2), 30, (10, 10), (0, 0), 0, (8, 0)),
        ((10, 2, 1), 50, (10, 10), (0, 0), 0, (9, 2)),
        ((10, 3, 0), 100, (7, 8), (6, 3), 0, (7, 6)),
        ((10, 1, 1), 0, (10, 10), (1, 1), 0, (10, 0)),
        ((10, 1, 1), 100, (1, 1), (10, 10), 0, (0, 10)),
        ((1, 1, 0), 20, (1, 1), (0, 0), 0, (1, 1)),
        ((1, 0, 1), 49, (1, 1), (0, 0), 0, (1, 0)),
        ((1, 0, 1), 51, (1, 1), (0, 0), 0, (0, 0)),
        ((1, 0, 1), 51, (0, 0), (0, 0), 0, (0, 1)),
        ((10, 1, 0), 30, (1, 1), (0, 0), 3, (7, 1)),
        ((10, 0, 3), 30, (8, 5), (4, 4), 0, (7, 3)),
        ((10, 1, 0), 100, (10, 2), (10, 8), 0, (2, 9)),
        ((10, 0, 1), 30, (8, 6), (4, 2), 3, (8, 4)),
        ((10, 0, 1), 5, (10, 10), (0, 0), 0, (9, 0)),
        ((10, 0, 1), 5, (9, 9), (0, 0), 0, (9, 1)),
        ((3, 0, 2), 99, (3, 3), (0, 0), 0, (1, 0)),
        ((3, 0, 2), 99, (1, 1), (0, 0), 0, (1, 2)),
        ((4, 4, 1), 100, (4, 4), (0, 0), 0, (3, 4)),
        ((4, 1, 0), 0, (0, 0), (4, 4), 0, (1, 4)),
        ((4, 1, 0), 0, (1, 0), (4, 4), 0, (1, 4)),
        ((4, 1, 0), 0, (1, 1), (4, 4), 0, (1, 3)),
        ((4, 2, 0), 100, (4, 4), (2, 0), 0, (4, 2)),
    ],
)
def test_the_worked_cases(
    limits: tuple[int, int, int],
    weight: int,
    stable: tuple[int, int],
    new: tuple[int, int],
    others: int,
    expected: tuple[int, int],
) -> None:
    rest = (revision("old", others, others),) if others else ()
    got = sizes(revision("new", *new), revision("stable", *stable), rest, Limits(*limits), weight, 100)
    assert (got[1], got[0]) == expected
