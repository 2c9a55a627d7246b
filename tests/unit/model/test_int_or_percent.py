"""A share of pods is rounded in the direction that is asked for; a bare number as text is a percentage."""

from __future__ import annotations

import pytest

from ferrata.model.int_or_percent import check_value, resolve


@pytest.mark.parametrize(
    ("value", "total", "up", "down"),
    [(3, 10, 3, 3), ("25%", 10, 3, 2), ("25", 10, 3, 2), ("100%", 7, 7, 7), ("0%", 7, 0, 0), ("50%", 0, 0, 0)],
)
def test_a_value_comes_to_a_number_of_pods(value: int | str, total: int, up: int, down: int) -> None:
    assert resolve(value, total, round_up=True) == up
    assert resolve(value, total, round_up=False) == down


@pytest.mark.parametrize("value", ["", "%", "a lot", "2.5%", "²%"])
def test_text_without_a_whole_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="a number of pods or a percentage"):
        resolve(value, 10, round_up=True)


@pytest.mark.parametrize(("value", "number"), [(25, 25), ("25", 25), ("25%", 25), ("0%", 0), ("many", 0)])
def test_validation_looks_at_the_bare_number(value: int | str, number: int) -> None:
    assert check_value(value) == number
