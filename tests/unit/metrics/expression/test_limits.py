"""What a user writes can neither stall nor fill the operator, and never ends in anything but an answer or an error."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.execute.judging import Judges
from ferrata.metrics.expression import ExpressionError, Floats, judge, judge_quickly
from ferrata.metrics.expression.checker import Checker
from ferrata.metrics.expression.limits import MAX_SOURCE, MAX_STEPS, QUICK_STEPS
from ferrata.metrics.expression.natures import UNKNOWN
from ferrata.metrics.expression.parser import parse
from ferrata.metrics.expression.program import compile as compiled

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
COSTLY = "all(1..900, all(1..900, # > 0))"
WORTH_OF_STEPS = f"all(1..{QUICK_STEPS}, # > 0)"


def message(source: str, result: object = None) -> str:
    with pytest.raises(ExpressionError) as caught:
        compiled(source).evaluate(result, NOW)
    return caught.value.message


def test_an_integer_of_thousands_of_digits_is_out_of_range_and_no_python_error() -> None:
    for digits in ("9" * 4_000, "0x" + "f" * 4_000):
        assert message(digits).endswith("value out of range")
    assert compiled("0" * 4_000 + "7").evaluate(None, NOW) == 7


def test_text_of_thousands_of_digits_is_out_of_range_too() -> None:
    assert message(f'asInt("{"9" * 4_000}")').endswith("value out of range")
    assert message(f'duration("{"9" * 4_000}s")') == "time: a duration is longer than 128 characters"
    assert message("asInt(result)", "9" * 9_000).endswith("value out of range")


def test_nested_overloads_are_typed_once_each() -> None:
    class Counting(Checker):
        typed = 0

        def type_of(self, node: object) -> object:
            Counting.typed += 1
            return super().type_of(node)

    Counting(UNKNOWN).type_of(parse("sort(" * 20 + "[1]" + ")" * 20))
    assert Counting.typed < 1_000


@pytest.mark.parametrize(
    "source",
    [
        "-" * 200 + "1",
        "[" * 200 + "]" * 200,
        "1" + " | string()" * 200,
        "1 ? 2 : " * 200 + "3",
    ],
)
def test_what_nests_too_deep_is_refused(source: str) -> None:
    found = message(source)
    assert found == "expression nests deeper than 100 levels"


def test_what_is_too_long_is_refused() -> None:
    assert message("1 + " * MAX_SOURCE + "1") == f"expression is longer than {MAX_SOURCE} characters"


def test_a_long_sequence_is_its_last_part() -> None:
    assert compiled(";".join(["1"] * 1_500 + ["2"])).evaluate(None, NOW) == 2


@pytest.mark.parametrize(
    "source",
    [
        COSTLY,
        "all(1..900, result == result)",
        "all(1..900, max(result) > 0)",
        "all(1..900, median(result) > 0)",
        "all(1..900, len(string(result)) > 0)",
        "all(1..900, len(toJSON(result)) > 0)",
        "all(1..900, len(take(result, 4999)) > 0)",
        "all(1..900, len(flatten(result)) > 0)",
        'all(1..9000, date("2024-01-02").Year() > 0)',
        'all(1..90000, duration("1h").Hours() > 0)',
        "len(uniq(map(1..1400, #))) > 0",
        "len(sort(map(1..200000, -#))) > 0",
        'repeat("a", 900000) matches "(a|a|a|a|a|a)*b"',
        'repeat("a", 3000) matches "(a?){500}a{500}"',
    ],
)
def test_work_is_counted_wherever_it_is_done(source: str) -> None:
    assert message(source, Floats([1.0] * 5_000)) == f"evaluation takes more than {MAX_STEPS} steps"


@pytest.mark.parametrize("source", ['len(repeat(repeat("a", 999), 9999)) > 0', "1..9999999"])
def test_memory_is_bounded(source: str) -> None:
    assert message(source) == "memory budget exceeded"


def test_a_vector_of_a_whole_day_of_samples_is_judged() -> None:
    assert judge("all(result, # > 0.5 && # < 2)", None, Floats([1.0] * 11_000), NOW).phase == "Successful"


def test_what_is_costly_is_not_judged_in_the_event_loop() -> None:
    assert judge_quickly("result[0] >= 0.95", "result[0] < 0.5", Floats([0.99]), NOW) == judge("true", None, None, NOW)
    assert judge_quickly(COSTLY, None, None, NOW) is None
    assert judge_quickly(None, WORTH_OF_STEPS, None, NOW) is None
    assert judge_quickly("result[0] > 0", None, Floats([1.0] * (QUICK_STEPS + 1)), NOW) is None
    assert judge_quickly("true " + " " * 600, None, None, NOW) is None


async def test_what_is_costly_is_judged_on_a_thread() -> None:
    judges = Judges()
    try:
        assert (await judges.judge(WORTH_OF_STEPS, None, None, NOW)).phase == "Successful"
        assert (await judges.judge("result > 1", None, 2.0, NOW)).phase == "Successful"
        verdict = await judges.judge(COSTLY, None, 1.0, NOW)
    finally:
        judges.close()
    assert verdict.phase == "Error"
    assert (
        verdict.message
        == f'could not evaluate successCondition "{COSTLY}": evaluation takes more than {MAX_STEPS} steps'
    )


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="()[]{}.,;:?!|&#<>=+-*/%^'\"`\\ \n019aeinrstult_$é", max_size=40),
    st.sampled_from([None, 1.0, "a"]),
)
def test_any_text_is_an_answer_or_an_error(source: str, result: object) -> None:
    with contextlib.suppress(ExpressionError):
        compiled(source).evaluate(result, NOW)
