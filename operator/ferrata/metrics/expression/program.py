"""A compiled expression: parsed once, typed once per type of `result`, evaluated any number of times."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from ferrata.metrics.expression import nodes as n
from ferrata.metrics.expression.checker import Checker
from ferrata.metrics.expression.errors import ExpressionError, LocatedError, located
from ferrata.metrics.expression.evaluator import Evaluator
from ferrata.metrics.expression.limits import MAX_STEPS
from ferrata.metrics.expression.natures import UNKNOWN, Nature, nature_of
from ferrata.metrics.expression.parser import parse
from ferrata.metrics.expression.run import Run
from ferrata.metrics.expression.values import admit

_CACHED = 1024  # programs kept by their source
_TOO_DEEP = "expression nests too deep to be evaluated"


class Program:
    """An expression whose syntax is right. Types are checked against the value at hand, as the peer does."""

    __slots__ = ("_root", "_typed", "source")

    def __init__(self, source: str, root: n.Node) -> None:
        self.source = source
        self._root = root
        self._typed: dict[Nature, dict[n.Node, str] | LocatedError] = {}

    def evaluate(self, result: object, now: datetime, most: int = MAX_STEPS) -> object:
        """Return the value for this `result`; `now` is the instant of `now()`. Raises ExpressionError.

        TooCostlyError says that it takes more than `most` steps.

        Answers are Python values (bool, int, float, str, bytes, list, dict, datetime, None) or those of `values`.
        """
        try:
            value = admit(result)
            vectors = self._vectors(nature_of(value))
            return self._run(Run(value, now if now.tzinfo else now.replace(tzinfo=UTC), most=most), vectors)
        except LocatedError as error:
            raise located(self.source, error) from None
        except RecursionError:
            raise ExpressionError(_TOO_DEEP) from None

    def _run(self, run: Run, vectors: dict[n.Node, str]) -> object:
        return Evaluator(run, vectors).value(self._root)

    def require_types(self, nature: Nature = UNKNOWN) -> None:
        """Raise ExpressionError when the expression can never work for a `result` of this type."""
        try:
            self._vectors(nature)
        except LocatedError as error:
            raise located(self.source, error) from None

    def _vectors(self, nature: Nature) -> dict[n.Node, str]:
        """Return the comparisons of an array with a number; typing happens once per type of `result`."""
        known = self._typed.get(nature)
        if known is None:
            checker = Checker(nature)
            try:
                checker.type_of(self._root)
                known = checker.vectors
            except LocatedError as error:
                known = error
            self._typed[nature] = known
        if isinstance(known, LocatedError):
            raise LocatedError(known.message, known.at)
        return known


@lru_cache(maxsize=_CACHED)
def compile(source: str) -> Program:  # noqa: A001  the name that users of expression languages look for
    """Return the program of `source`; ExpressionError with line and column when its syntax is wrong."""
    try:
        return Program(source, parse(source))
    except LocatedError as error:
        raise located(source, error) from None
    except RecursionError:
        raise ExpressionError(_TOO_DEEP) from None
