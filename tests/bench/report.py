"""What was measured, beside its budget: a table for people, one JSON object for machines."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure. `key` never changes its meaning; `budget` is the most that is allowed, None where none is set."""

    key: str
    what: str
    value: float
    unit: str = ""
    budget: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool | None:
        return None if self.budget is None else self.value <= self.budget

    @property
    def shown(self) -> str:
        return f"{_number(self.value)} {self.unit}".strip() + (f" ({self.note})" if self.note else "")

    def line(self) -> str:
        if self.budget is None:
            return self.what.ljust(52) + self.shown
        verdict = "ok" if self.holds else "ABOVE"
        return self.what.ljust(52) + self.shown.ljust(34) + f"<= {_number(self.budget)} {self.unit}".ljust(14) + verdict


@dataclass(slots=True)
class Report:
    """All measures of one run, in their order; `quiet` keeps standard output for the JSON alone."""

    rollouts: int
    quiet: bool = False
    measures: list[Measure] = field(default_factory=list)
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])

    def add(self, measure: Measure) -> None:
        self.measures.append(measure)
        self.say(f"  {measure.what.strip()}: {measure.shown}")

    def say(self, text: str) -> None:
        if not self.quiet:
            print(text, flush=True)

    def table(self) -> str:
        machine = f"{os.cpu_count()} cores, load {self.load_before:.1f} before the start"
        head = f"{self.rollouts} rollouts on {machine}".ljust(52) + "measured".ljust(34) + "budget (for 100)"
        return "\n".join([head, *(measure.line() for measure in self.measures)])

    def as_json(self) -> str:
        measures = {
            m.key: {"value": round(m.value, 3), "unit": m.unit, "budget": m.budget, "holds": m.holds}
            for m in self.measures
        }
        body: Json = {"rollouts": self.rollouts, "cores": os.cpu_count(), "loadBefore": round(self.load_before, 2)}
        return json.dumps(body | {"measures": measures})


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or value >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")
