"""`python -m tests.bench.expressions`: what judging costs, first (read, typed, evaluated) and again (evaluated only).

The median of several rounds; the last rows are as hostile as the limits of the language allow.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from ferrata.metrics.expression import Floats, judge
from ferrata.metrics.expression.program import compile as compiled

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ROUNDS = 5
DAY = Floats([0.99] * 11_000)
CONDITIONS: tuple[tuple[str, object], ...] = (
    ("result[0] >= 0.95", Floats([0.97])),
    ("result >= 0.95", Floats([0.97])),
    ("len(result) == 0 || isNaN(result[0]) || result[0] < 0.05", Floats([0.01])),
    ("result.ok && asFloat(result.successPercent) >= 0.90", {"ok": True, "successPercent": "0.97"}),
    ("all(result, # > 0.5)", DAY),
    ("mean(result) > 0.5 && max(result) < 2", DAY),
    ("all(1..900, all(1..900, # > 0))", None),
    ("all(1..900, len(toJSON(result)) > 0)", DAY),
    ('repeat("a", 900000) matches "(a|a|a|a|a|a)*b"', None),
    (";".join(["1"] * 2_000), None),
)


def microseconds(work: Callable[[], object], times: int) -> float:
    """Return the median microseconds of one `work`, of ROUNDS rounds of `times` each."""
    rounds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(times):
            work()
        rounds.append((time.perf_counter() - begun) / times * 1e6)
    return statistics.median(rounds)


def main() -> None:
    """Print one row for each condition."""
    print(f"{'first, µs':>12} {'again, µs':>12}  condition")
    for source, result in CONDITIONS:

        def first(source: str = source, result: object = result) -> object:
            compiled.cache_clear()
            return judge(source, None, result, NOW)

        def again(source: str = source, result: object = result) -> object:
            return judge(source, None, result, NOW)

        once = microseconds(first, 1)
        times = max(1, min(2_000, int(50_000 / once)))
        print(f"{once:12,.0f} {microseconds(again, times):12,.0f}  {source[:70]}", flush=True)


if __name__ == "__main__":
    main()
