"""Our expressions against expr-lang itself: the same outcome, value and message, or a difference that is listed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.expressions.conditions import written_cases
from tests.expressions.conftest import DRAWN, Compared
from tests.expressions.disagreements import DISAGREEMENTS, Disagreement

pytestmark = pytest.mark.oracle
BATCH = 100


def _unlisted(found: Sequence[Compared]) -> str:
    return "\n".join(str(each) for each in found if each.difference and not each.known)


@pytest.mark.parametrize("first", range(0, DRAWN, BATCH))
def test_what_is_drawn_comes_out_as_in_expr_lang(comparison: Sequence[Compared], first: int) -> None:
    found = [each for each in comparison if first <= each.case.seed < first + BATCH]
    assert len(found) == BATCH
    assert not _unlisted(found)


def test_written_conditions_come_out_as_in_expr_lang(comparison: Sequence[Compared]) -> None:
    found = [each for each in comparison if each.case.seed < 0]
    assert len(found) == len(written_cases())
    assert not _unlisted(found)


@pytest.mark.parametrize("entry", [each for each in DISAGREEMENTS if each.certain], ids=lambda entry: entry.name)
def test_a_listed_disagreement_still_occurs(comparison: Sequence[Compared], entry: Disagreement) -> None:
    assert any(each.known == entry.name for each in comparison), (
        "nothing differs like this any more: take it off the list"
    )
