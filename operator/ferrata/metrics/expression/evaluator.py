"""Evaluation: walks the tree once it is typed. Every node costs a step; every failure names its place.

Errors of operators and builtins carry no offset of their own; the node that failed adds it.
"""

from __future__ import annotations

from collections.abc import Callable

from ferrata.metrics.expression import arithmetic, regex
from ferrata.metrics.expression import nodes as n
from ferrata.metrics.expression.build import is_integer_literal
from ferrata.metrics.expression.environment import call_environment
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.functions import FUNCTIONS
from ferrata.metrics.expression.limits import MAX_STEPS
from ferrata.metrics.expression.loops import LOOPS, find_edge
from ferrata.metrics.expression.methods import METHODS
from ferrata.metrics.expression.run import Run
from ferrata.metrics.expression.signatures import ENVIRONMENT
from ferrata.metrics.expression.structure import cut, fetch, is_in, size_in_bytes
from ferrata.metrics.expression.values import (
    EnvironmentFunction,
    Ints,
    is_number,
    type_name,
    weight,
)

NO_DATA = "metric result is nil or empty: no data returned from the metric provider"
_LOGIC = {"and": False, "&&": False, "or": True, "||": True}
_ORDER = frozenset({"<", ">", "<=", ">="})
_STATE = 4  # steps that a state of a regular expression is worth


class _NilInChain(Exception):
    """An optional part was nil: the chain around it is nil."""


class Evaluator:
    """Evaluates one typed tree; `vectors` are the comparisons in which an array stands beside a number."""

    def __init__(self, run: Run, vectors: dict[n.Node, str]) -> None:
        self.run = run
        self.vectors = vectors

    def value(self, node: n.Node) -> object:
        """Return the value of `node`; LocatedError when it has none."""
        self.run.step()
        try:
            return _RULES[type(node)](self, node)
        except LocatedError as error:
            if error.at < 0:
                error.at = node.at
            raise

    def literal(self, node: n.Literal) -> object:
        return node.value

    def identifier(self, node: n.Identifier) -> object:
        if node.name in self.run.variables:
            return self.run.variables[node.name]
        if node.name == "$env":
            functions = {name: EnvironmentFunction(name, entry[0]) for name, entry in ENVIRONMENT.items()}
            return {"result": self.run.result, **functions}
        if node.name in ENVIRONMENT:
            return EnvironmentFunction(node.name, ENVIRONMENT[node.name][0])
        return self.run.result if node.name == "result" else None

    def unary(self, node: n.Unary) -> object:
        operand = self.value(node.operand)
        if node.operator in ("!", "not"):
            return not self.truth(operand)
        return arithmetic.negate(operand) if node.operator == "-" else operand

    def truth(self, value: object) -> bool:
        """Return a boolean; anything else is Go's failed conversion."""
        if isinstance(value, bool):
            return value
        raise LocatedError(f"interface conversion: interface {{}} is {_shown(value)}, not bool")

    def binary(self, node: n.Binary) -> object:
        spine = [node]
        while isinstance(spine[-1].left, n.Binary):
            spine.append(spine[-1].left)
        left = self.value(spine[-1].left)
        for part in reversed(spine):
            self.run.step()
            try:
                left = self.operation(part, left)
            except LocatedError as error:
                if error.at < 0:
                    error.at = part.at
                raise
        return left

    def operation(self, node: n.Binary, left: object) -> object:
        if node.operator in _LOGIC:
            return left if self.truth(left) == _LOGIC[node.operator] else self.value(node.right)
        if node.operator == "??":
            return self.value(node.right) if left is None else left
        right = self.value(node.right)
        self.run.step(weight(left) + weight(right))
        if node in self.vectors:
            left, right = (_scalar(side, self.vectors[node]) for side in (left, right))
        if node.operator in ("==", "!="):
            return arithmetic.equal(left, right) == (node.operator == "==")
        if node.operator in _ORDER:
            return _compare(node.operator, left, right)
        if node.operator == "in":
            return is_in(left, right, _constants(node.right))
        return _OPERATORS[node.operator](self, left, right)

    def chain(self, node: n.Chain) -> object:
        try:
            return self.value(node.body)
        except _NilInChain:
            return None

    def member(self, node: n.Member) -> object:
        found = self.shortcut(node)
        if found is not None:
            return found[0]
        base = self.value(node.base)
        if node.optional and base is None:
            raise _NilInChain
        return fetch(base, self.value(node.key))

    def shortcut(self, node: n.Member) -> tuple[object] | None:
        """`filter(..)[0]` and `filter(..)[-1]` are `find` and `findLast` in expr-lang, with an error of their own."""
        position = _edge(node.key)
        if node.optional or position is None or not isinstance(node.base, n.Builtin) or node.base.name != "filter":
            return None
        return (find_edge(self, node.base, backwards=position == -1),)

    def slice(self, node: n.Slice) -> object:
        base = self.value(node.base)
        self.run.step(weight(base))
        stop = self.value(node.stop) if node.stop is not None else size_in_bytes(base)
        start = self.value(node.start) if node.start is not None else 0
        return cut(base, start, stop)

    def call(self, node: n.Call) -> object:
        arguments = [self.value(argument) for argument in node.arguments]
        if isinstance(node.callee, n.Member) and isinstance(node.callee.key, n.Literal):
            return self.method(node.callee, arguments)
        callee = self.value(node.callee)
        if isinstance(node.callee, n.Identifier) and callee is None and node.callee.name in FUNCTIONS:
            return FUNCTIONS[node.callee.name](self.run, arguments)
        return self.apply(callee, arguments, node)

    def method(self, callee: n.Member, arguments: list[object]) -> object:
        base = self.value(callee.base)
        if callee.optional and base is None:
            raise _NilInChain
        name = callee.key.value if isinstance(callee.key, n.Literal) else None
        method = METHODS.get(type_name(base), {}).get(str(name))
        if method is None:
            return self.apply(fetch(base, name), arguments, None)
        if len(arguments) != len(method.signature.takes):
            wanted = len(method.signature.takes)
            raise LocatedError(f"invalid number of arguments: expected {wanted}, got {len(arguments)}")
        for given, taken in zip(arguments, method.signature.takes, strict=True):
            if type_name(given) != taken.name:
                raise LocatedError(f"interface conversion: interface {{}} is {_shown(given)}, not {taken.name}")
        return method.run(base, *arguments)

    def apply(self, callee: object, arguments: list[object], node: n.Call | None) -> object:
        if callee is None:
            raise LocatedError("invalid operation: cannot call nil")
        if not isinstance(callee, EnvironmentFunction):
            raise LocatedError(f"invalid operation: cannot call non-function of type {type_name(callee)}")
        written = node.arguments if node is not None else ()
        converted = [
            float(value) if is_integer_literal(part) and is_number(value) else value  # type: ignore[arg-type]
            for part, value in zip(written, arguments, strict=False)
        ]
        takes_float = callee.name in ("isNaN", "isInf")
        return call_environment(self.run, callee, converted if takes_float and written else arguments)

    def builtin(self, node: n.Builtin) -> object:
        if node.name in LOOPS:
            return LOOPS[node.name](self, node)
        source = node.arguments[0] if node.name in ("first", "last") else None
        if isinstance(source, n.Builtin) and source.name == "filter":
            return LOOPS["find" if node.name == "first" else "findLast"](self, source)
        return FUNCTIONS[node.name](self.run, [self.value(argument) for argument in node.arguments])

    def pointer(self, node: n.Pointer) -> object:
        loop = self.run.loops[-1]
        if node.name == "acc":
            return loop.gathered
        return loop.index if node.name == "index" else loop.items[loop.index]

    def let(self, node: n.Let) -> object:
        self.run.variables[node.name] = self.value(node.value)
        try:
            return self.value(node.body)
        finally:
            del self.run.variables[node.name]

    def sequence(self, node: n.Sequence) -> object:
        last: object = None
        for item in node.items:
            last = self.value(item)
        return last

    def conditional(self, node: n.Conditional) -> object:
        return self.value(node.yes if self.truth(self.value(node.test)) else node.no)

    def array(self, node: n.Array) -> object:
        self.run.grow(len(node.items))
        return [self.value(item) for item in node.items]

    def map(self, node: n.Map) -> object:
        self.run.grow(len(node.pairs))
        answer: dict[object, object] = {}
        for key_node, value_node in node.pairs:
            key = self.value(key_node)
            if not isinstance(key, str):
                raise LocatedError(f"interface conversion: interface {{}} is {_shown(key)}, not string")
            answer[key] = self.value(value_node)
        return answer


def _shown(value: object) -> str:
    return "nil" if value is None else type_name(value)


def _edge(key: n.Node) -> int | None:
    """Return 0 or -1 when that is the literal index, else None."""
    sign = 1
    if isinstance(key, n.Unary) and key.operator == "-":
        sign, key = -1, key.operand
    if isinstance(key, n.Literal) and type(key.value) is int and key.value == (0 if sign == 1 else 1):
        return 0 if sign == 1 else -1
    return None


def _constants(node: n.Node) -> bool:
    """Tell whether `node` is a list of strings only, which expr-lang turns into a set keyed by string."""
    if not isinstance(node, n.Array) or not node.items:
        return False
    return all(isinstance(item, n.Literal) and isinstance(item.value, str) for item in node.items)


def _scalar(side: object, message: str) -> object:
    """Return the only element of a vector beside a number; with more than one there is no comparison."""
    if not isinstance(side, list):
        return side
    if not side:
        raise LocatedError(NO_DATA)
    if len(side) > 1 or not is_number(side[0]):
        raise LocatedError(message)
    return side[0]


def _compare(operator: str, left: object, right: object) -> bool:
    """Order two values; a vector of one number that only shows while evaluating is its element, too."""
    if isinstance(left, list) != isinstance(right, list):
        message = f"invalid operation: {type_name(left)} {operator} {type_name(right)}"
        left, right = _scalar(left, message), _scalar(right, message)
    return arithmetic.ordered(operator, left, right)


def _range(evaluator: Evaluator, left: object, right: object) -> object:
    low, high = arithmetic.to_int(left), arithmetic.to_int(right)
    size = arithmetic.wrap(high - low + 1)  # a range too large for 64 bits is empty, as in Go
    evaluator.run.grow(max(size, 0))
    return Ints(range(low, high + 1)) if size > 0 else Ints()


def _matches(evaluator: Evaluator, left: object, right: object) -> object:
    if left is None or right is None:
        return False
    if not isinstance(right, str):
        raise LocatedError(f"interface conversion: interface {{}} is {type_name(right)}, not string")
    text = left.decode("utf-8", "surrogateescape") if isinstance(left, bytes) else left
    if not isinstance(text, str):
        raise LocatedError(f"interface conversion: interface {{}} is {type_name(left)}, not []uint8")
    pattern = regex.compile_pattern(right)
    found, visited = pattern.search(text, budget=MAX_STEPS // _STATE)
    evaluator.run.step(visited * _STATE)
    return found


def _textual(test: Callable[[str, str], bool]) -> Callable[[Evaluator, object, object], object]:
    def rule(_: Evaluator, left: object, right: object) -> object:
        if left is None or right is None:
            return False
        for side in (left, right):
            if not isinstance(side, str):
                raise LocatedError(f"interface conversion: interface {{}} is {type_name(side)}, not string")
        return test(str(left), str(right))

    return rule


def _plain(operation: Callable[[object, object], object]) -> Callable[[Evaluator, object, object], object]:
    return lambda _, left, right: operation(left, right)


def _power(evaluator: Evaluator, left: object, right: object) -> object:
    evaluator.run.step(4)
    return arithmetic.power(left, right)


_OPERATORS: dict[str, Callable[[Evaluator, object, object], object]] = {
    "+": _plain(arithmetic.add),
    "-": _plain(arithmetic.subtract),
    "*": _plain(arithmetic.multiply),
    "/": _plain(arithmetic.divide),
    "%": _plain(arithmetic.modulo),
    "**": _power,
    "^": _power,
    "..": _range,
    "matches": _matches,
    "contains": _textual(lambda text, part: part in text),
    "startsWith": _textual(str.startswith),
    "endsWith": _textual(str.endswith),
}

_RULES: dict[type[n.Node], Callable[..., object]] = {
    n.Literal: Evaluator.literal,
    n.Identifier: Evaluator.identifier,
    n.Unary: Evaluator.unary,
    n.Binary: Evaluator.binary,
    n.Chain: Evaluator.chain,
    n.Member: Evaluator.member,
    n.Slice: Evaluator.slice,
    n.Call: Evaluator.call,
    n.Builtin: Evaluator.builtin,
    n.Pointer: Evaluator.pointer,
    n.Let: Evaluator.let,
    n.Sequence: Evaluator.sequence,
    n.Conditional: Evaluator.conditional,
    n.Array: Evaluator.array,
    n.Map: Evaluator.map,
}
