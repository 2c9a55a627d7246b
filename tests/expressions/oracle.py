"""What both sides make of a case: ours in this process, expr-lang in a program that is asked for many at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ferrata.metrics.expression import ExpressionError
from ferrata.metrics.expression.natures import nature_of
from ferrata.metrics.expression.program import compile as compiled
from ferrata.metrics.expression.values import admit
from tests.expressions.generator import Case
from tests.expressions.wire import Wire, encode


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value, or the stage that failed (`compile` or `run`) with its message; a place counts from 1, 0 is none."""

    value: Wire | None = None
    failed: str = ""
    message: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if self.failed:
            return f"{self.failed} error at {self.line}:{self.column}: {self.message}"
        return json.dumps(self.value, ensure_ascii=False)


def ours(case: Case) -> Outcome:
    """Return our own outcome."""
    stage = "compile"
    try:
        program = compiled(case.source)
        program.require_types(nature_of(admit(case.result)))
        stage = "run"
        return Outcome(encode(program.evaluate(case.result, datetime.now(UTC))))
    except ExpressionError as error:
        return Outcome(None, stage, error.message, error.line, error.column)


def theirs(program: Path, cases: Sequence[Case]) -> list[Outcome]:
    """Return expr-lang's outcomes in the order of the cases. Raises RuntimeError when the program fails."""
    lines = [json.dumps({"source": case.source, "result": encode(case.result)}) for case in cases]
    done = subprocess.run(
        [program], input="\n".join(lines), capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(cases):
        raise RuntimeError(f"{len(cases)} cases, but {len(answers)} answers")
    return [Outcome(**answer) for answer in answers]
