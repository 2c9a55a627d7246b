"""Results are remembered for the very object that they follow from, and for no other."""

from __future__ import annotations

from ferrata.model.remembered import Remembered


def test_the_same_object_is_worked_out_once() -> None:
    made: list[int] = []
    remembered, source = Remembered[int](), {"a": 1}

    def make() -> int:
        made.append(1)
        return len(made)

    assert [remembered.of(source, make), remembered.of(source, make)] == [1, 1]
    assert remembered.of({"a": 1}, make) == 2, "an equal object is another one"
    assert remembered.of(source, make, "variant") == 3


def test_the_oldest_result_makes_room() -> None:
    remembered, first, second = Remembered[int](most=1), ["first"], ["second"]
    assert remembered.of(first, lambda: 1) == 1
    assert remembered.of(second, lambda: 2) == 2
    assert remembered.of(first, lambda: 3) == 3


def test_an_object_that_nobody_else_holds_keeps_its_identity() -> None:
    remembered = Remembered[int]()
    assert [remembered.of([number], lambda number=number: number) for number in range(100)] == list(range(100))
