"""`maxSurge`, `maxUnavailable` and their like: a number of pods, or a share of a total.

resolve      what such a value comes to when a rollout is sized
check_value  the number that validation looks at, which reads text differently
"""

from __future__ import annotations

import re
from typing import Final

_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_PERCENT: Final = re.compile(r"[0-9]+%", re.ASCII)


def resolve(value: int | str, total: int, *, round_up: bool) -> int:
    """Pods that `value` comes to, out of `total`.

    A number counts as it is. Text is a percentage, with or without its sign: `"25"` is 25 %, as in Argo Rollouts.
    Raises ValueError when text is no whole number.
    """
    if isinstance(value, int):
        return value
    digits = value.replace("%", "")
    if not _INTEGER.fullmatch(digits):
        raise ValueError(f'invalid value "{value}": a number of pods or a percentage such as 25% is expected')
    product = int(digits) * total
    return -(-product // 100) if round_up else product // 100


def check_value(value: int | str) -> int:
    """The bare number in `value`: 25 for 25, `"25"` and `"25%"`; 0 for text that is none of these."""
    if isinstance(value, int):
        return value
    if _PERCENT.fullmatch(value):
        return int(value[:-1])
    return int(value) if _INTEGER.fullmatch(value) else 0
