"""The builtins that do not loop, by name: each takes the evaluation it is part of and its arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ferrata.metrics.expression.functions_collection import COLLECTION_FUNCTIONS
from ferrata.metrics.expression.functions_number import NUMBER_FUNCTIONS
from ferrata.metrics.expression.functions_text import TEXT_FUNCTIONS
from ferrata.metrics.expression.functions_time import TIME_FUNCTIONS
from ferrata.metrics.expression.run import Run
from ferrata.metrics.expression.values import Duration, EnvironmentFunction, Named, format_value, weight

_FAMILIES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
    (str, "string"),
    ((list, bytes), "array"),
    (dict, "map"),
    (datetime, "time.Time"),
    (Duration, "time.Duration"),
    (EnvironmentFunction, "func"),
)


def _type(_: Run, args: list[object]) -> object:
    (value,) = args
    if value is None:
        return "nil"
    if isinstance(value, Named):
        return value.type_name
    return next((name for kind, name in _FAMILIES if isinstance(value, kind)), "unknown")


def _string(run: Run, args: list[object]) -> object:
    run.step(8 * weight(args[0]))
    return format_value(args[0])


FUNCTIONS: dict[str, Callable[[Run, list[object]], object]] = {
    **TEXT_FUNCTIONS,
    **NUMBER_FUNCTIONS,
    **COLLECTION_FUNCTIONS,
    **TIME_FUNCTIONS,
    "type": _type,
    "string": _string,
}
