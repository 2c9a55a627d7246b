"""What is certainly wrong with a PromQL query, without a parser: nothing in it, or strings and brackets left open.

Only Prometheus knows its language; what it refuses beyond this becomes an error of measurement with its own words.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""\#[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `[^`]*`
    | (?P<open>[(\[{]) | (?P<close>[)\]}]) | (?P<quote>["'`])""",
    re.VERBOSE | re.DOTALL,
)
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


def query_fault(query: str) -> str:
    """What is wrong with `query`, with the place counted from 1; "" when nothing is found."""
    if not query.strip():
        return "the query is empty"
    waiting: list[tuple[str, int]] = []
    for token in _TOKEN.finditer(query):
        place = token.start() + 1
        if token["quote"]:
            return f"the string that begins at character {place} has no end"
        if token["open"]:
            waiting.append((token["open"], place))
        elif token["close"]:
            if not waiting or waiting[-1][0] != _PAIRS[token["close"]]:
                return f'"{token["close"]}" at character {place} closes nothing'
            waiting.pop()
    if waiting:
        bracket, place = waiting[-1]
        return f'"{bracket}" at character {place} is never closed'
    return ""
