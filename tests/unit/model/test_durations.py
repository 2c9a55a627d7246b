"""Durations mean what Go says they mean, and errors use its words."""

from __future__ import annotations

import pytest

from ferrata.model.durations import format_go_duration, parse_go_duration, pause_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("30s", 30),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("1.s", 1),
        ("+5s", 5),
        ("-1m", -60),
        ("250ms", 0.25),
        ("3µs", 3e-6),
        ("3μs", 3e-6),
        ("7ns", 7e-9),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    assert parse_go_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", 'time: invalid duration ""'),
        ("soon", 'time: invalid duration "soon"'),
        (".s", 'time: invalid duration ".s"'),
        ("-", 'time: invalid duration "-"'),
        ("5", 'time: missing unit in duration "5"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1h 3m", 'time: unknown unit "h " in duration "1h 3m"'),
        ('1"', r'time: unknown unit "\"" in duration "1\""'),
        ("1²s", r'time: unknown unit "\xc2\xb2s" in duration "1\xc2\xb2s"'),
        ("9223372037s", 'time: invalid duration "9223372037s"'),
    ],
)
def test_what_go_refuses_is_refused_in_its_words(text: str, error: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_go_duration(text)
    assert str(raised.value) == error


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (5400, "1h30m0s"),
        (3600, "1h0m0s"),
        (90, "1m30s"),
        (1.5, "1.5s"),
        (0.25, "250ms"),
        (1.5e-3, "1.5ms"),
        (3e-6, "3µs"),
        (7e-9, "7ns"),
        (-60, "-1m0s"),
        (1.001, "1.001s"),
    ],
)
def test_a_duration_is_printed_as_go_prints_it(seconds: float, text: str) -> None:
    assert format_go_duration(seconds) == text


@pytest.mark.parametrize(("value", "seconds"), [(None, None), (30, 30), ("30", 30), ("1h30m", 5400), (0, 0), (-1, -1)])
def test_a_pause_has_three_spellings_and_none_is_for_ever(value: int | str | None, seconds: float | None) -> None:
    assert pause_seconds(value) == seconds


@pytest.mark.parametrize("value", ["soon", "", "99999999999", True, 1.5])
def test_a_pause_that_is_no_duration_is_refused(value: str) -> None:
    with pytest.raises(ValueError):
        pause_seconds(value)
