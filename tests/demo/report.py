"""The end of the demo: a table for people, what is wrong, and the last line for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from .outcome import Outcome, Sight


def table(outcomes: Sequence[Outcome]) -> Table:
    """One row for each release."""
    made = Table(title="Releases", show_lines=True)
    for column in (
        "release",
        "outcome and reason",
        "share at weight",
        "seen by the article's query",
        "seen by a query about the canary",
        "first bad answer -> all at stable",
        "verdict -> all at stable",
        "requests",
        "failed or slow by the canary",
        "lost",
        "took",
    ):
        made.add_column(column)
    for outcome in outcomes:
        made.add_row(*_row(outcome))
    return made


def _row(outcome: Outcome) -> list[str]:
    return [
        f"{outcome.release.name} {outcome.release.version}",
        f"{outcome.outcome}: {outcome.reason}",
        "\n".join(f"{s.weight} %: {s.measured:.1f} %" for s in outcome.shares.values()) or "-",
        _seen(outcome.seen_by_all),
        _seen(outcome.seen_by_canary),
        _seconds(outcome.seconds_to_stable),
        _seconds(outcome.seconds_back),
        str(outcome.requests),
        str(outcome.faulty),
        str(len(outcome.lost)),
        _seconds(outcome.seconds),
    ]


def _seen(sights: dict[str, Sight]) -> str:
    return "\n".join(f"{metric} {sight.value:.6} at {sight.weight} %" for metric, sight in sights.items()) or "no fault"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def last_line(outcomes: Sequence[Outcome]) -> str:
    """`demo: ` and one JSON object."""
    return "demo: " + json.dumps({"releases": [outcome.json() for outcome in outcomes]})


def show(outcomes: Sequence[Outcome], console: Console) -> int:
    """Print table, problems and last line. Returns the exit status: 1 when something is not as it should be."""
    console.print(table(outcomes))
    problems = [problem for outcome in outcomes for problem in outcome.problems()]
    for problem in problems:
        console.print(f"not as it should be: {problem}", style="bold red", markup=False, highlight=False)
    print(last_line(outcomes), flush=True)
    return 1 if problems else 0
