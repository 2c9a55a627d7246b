"""Quantities are printed as Kubernetes prints them, because hashes are made of that text."""

from __future__ import annotations

import pytest

from ferrata.model.quantities import parse, rounded_up_to_milli


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("100m", "100m"),
        ("2000m", "2"),
        ("0.15", "150m"),
        ("1.5", "1500m"),
        ("1.500", "1.500"),  # the fast path keeps text whose scale is a multiple of three
        ("1024Mi", "1Gi"),
        ("1025Mi", "1025Mi"),
        ("16Mi", "16Mi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Gi", "512Mi"),
        ("512", "512"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("1e3", "1e3"),
        ("1000e3", "1e6"),
        ("12E", "12E"),
        ("0", "0"),
        ("0Mi", "0"),
        ("0.0m", "0"),
        ("-5", "-5"),
        (" 5 ", "5"),
        (2, "2"),
        (0.1, "100m"),
        ("0.1n", "1n"),
        ("0.5Ki", "512"),
        ("9999Ei", "9223372036854775807"),
    ],
)
def test_a_quantity_is_printed_in_canonical_form(written: object, printed: str) -> None:
    assert parse(written).text == printed


@pytest.mark.parametrize("written", ["", "x", "1x", "1 Gi", "1e", "Mi", "1e99999", None, True, [], "\u0661"])
def test_what_is_no_quantity_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        parse(written)


def test_equal_amounts_in_other_words_are_worth_the_same() -> None:
    assert parse("1Gi").nano == parse("1024Mi").nano == parse(2**30).nano
    assert parse("0.5").nano == parse("500m").nano


@pytest.mark.parametrize(("written", "rounded"), [("1u", "1m"), ("1.0005", "1001m"), ("-1u", "-1m"), ("250m", "250m")])
def test_resources_are_stored_in_whole_thousandths(written: str, rounded: str) -> None:
    assert rounded_up_to_milli(parse(written)).text == rounded
