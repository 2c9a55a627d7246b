"""The one error of the expression language: what is wrong, and where in the source."""

from __future__ import annotations

from ferrata.errors import SpecRejected


class ExpressionError(SpecRejected):
    """An expression cannot be read, typed or evaluated. `line` and `column` count from 1; 0 means unknown."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class LocatedError(Exception):
    """Raised inside the package: a message and the offset (in characters) it belongs to, -1 when unknown."""

    def __init__(self, message: str, at: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class StepsUsedUp(LocatedError):
    """An evaluation did more than it may."""


class TooCostlyError(ExpressionError):
    """An evaluation took more steps than its caller allowed; more may be allowed elsewhere."""


def located(source: str, error: LocatedError) -> ExpressionError:
    """Return `error` with its offset turned into the line and column of `source`."""
    kind = TooCostlyError if isinstance(error, StepsUsedUp) else ExpressionError
    if error.at < 0:
        return kind(error.message)
    before = source[: error.at]
    line = before.count("\n") + 1
    return kind(error.message, line, len(before) - (before.rfind("\n") + 1) + 1)
