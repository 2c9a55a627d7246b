# ruff: noqa: E501  tables of expressions read best with one entry to a line
"""The comparison, made once for a run, and its summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.cluster import tools
from tests.expressions.conditions import written_cases
from tests.expressions.disagreements import DISAGREEMENTS
from tests.expressions.generator import Case, case
from tests.expressions.oracle import Outcome, ours, theirs
from tests.expressions.wire import same

DRAWN = 8_000


@dataclass(frozen=True, slots=True)
class Compared:
    """A case and both outcomes. `difference` is empty when they agree; `known` names the listed disagreement."""

    case: Case
    ours: Outcome
    theirs: Outcome
    difference: str
    known: str

    def __str__(self) -> str:
        return (
            f"case {self.case.seed}: {self.case.source}\n  result     {self.case.result!r}\n"
            f"  ours       {self.ours}\n  expr-lang  {self.theirs}"
        )


def _difference(mine: Outcome, other: Outcome) -> str:
    if bool(mine.failed) != bool(other.failed):
        return "outcome"
    if mine.failed != other.failed:
        return "stage"
    if mine.failed:
        return "" if mine.message == other.message else "message"
    return "" if same(mine.value, other.value) else "value"


def _compared(given: Case, mine: Outcome, other: Outcome) -> Compared:
    difference = _difference(mine, other)
    fitting = (entry.name for entry in DISAGREEMENTS if difference and entry.recognizes(given, mine, other))
    return Compared(given, mine, other, difference, next(fitting, ""))


@pytest.fixture(scope="session")
def comparison(request: pytest.FixtureRequest) -> Sequence[Compared]:
    """Every case with both outcomes: the written conditions, then what is drawn, seed by seed."""
    program = tools.binary("expression-oracle", lambda _: None)
    cases = [*written_cases(), *(case(seed) for seed in range(DRAWN))]
    found = [_compared(given, ours(given), other) for given, other in zip(cases, theirs(program, cases), strict=True)]
    request.config.stash[_KEY] = found
    return found


_KEY = pytest.StashKey[Sequence[Compared]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many cases were compared, how they came out, and how often each disagreement was met."""
    found = config.stash.get(_KEY, None)
    if found is None:
        return
    say = terminalreporter.write_line
    outcomes = Counter(f"{each.theirs.failed} error" if each.theirs.failed else "value" for each in found)
    say(
        f"{len(found):,} cases compared with expr-lang: {', '.join(f'{n:,} {what}s' for what, n in outcomes.most_common())}"
    )
    equal = sum(not each.difference for each in found)
    say(f"{equal:,} agree in outcome, value and message; {len(found) - equal:,} differ as listed in disagreements.py:")
    for entry in DISAGREEMENTS:
        kinds = Counter(each.difference for each in found if each.known == entry.name)
        say(
            f"  {kinds.total():4}  {entry.name} ({', '.join(f'{n} {kind}' for kind, n in kinds.most_common()) or 'none'})"
        )
    unlisted = sum(bool(each.difference and not each.known) for each in found)
    say(f"  {unlisted:4}  not listed")
