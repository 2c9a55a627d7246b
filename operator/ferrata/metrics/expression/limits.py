"""Bounds of one expression, so that what a user writes can never stall or fill the operator.

The memory budget and the number of nodes are those of expr-lang 1.17 (elements, not bytes); the rest is ours.
"""

from __future__ import annotations

MAX_SOURCE = 4 * 1024  # characters of one expression
MAX_DEPTH = 100  # nesting of brackets, calls and unary operators; a chain of binary operators counts once
MAX_NODES = 10_000
MAX_STEPS = 400_000  # nodes evaluated, loop turns and elements touched; a step is about a microsecond
QUICK_STEPS = 5_000  # of a condition that may be judged in the event loop
QUICK_SOURCE = 512  # characters of a condition that may be read in the event loop
MAX_MEMORY = 1_000_000  # elements of arrays, maps and ranges, and characters of strings, made by one evaluation
MAX_VALUE_DEPTH = 100  # nesting of a value that is compared, printed or flattened
MAX_PATTERN = 2_000  # states of one regular expression
