"""Static typing: finds what can never work before anything is evaluated, in expr-lang's words and order.

One `Checker` types one tree for one type of `result`. It keeps no types but these: the comparisons in which an array
stands beside a number, because the evaluator decides them by the array's length (a vector of one is its element).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ferrata.metrics.expression import nodes as n
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.loops_typing import LOOP_RULES, Scope
from ferrata.metrics.expression.methods import METHODS
from ferrata.metrics.expression.natures import (
    ARRAY,
    BOOL,
    BYTES,
    MAP,
    NIL,
    UNKNOWN,
    Nature,
    array_of,
    function,
    nature_of,
)
from ferrata.metrics.expression.operators_typing import OPERATOR_RULES, Operands, mismatch
from ferrata.metrics.expression.signatures import (
    BUILTIN_NAMES,
    ENVIRONMENT,
    OVERLOADS,
    RULES,
    Overload,
    count_of,
)

_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})


class _Unfit(LocatedError):
    """The arguments are well-typed, but not those of this overload."""


@dataclass(slots=True)
class Checker:
    """Types one tree. `vectors` maps comparisons of an array with a number to the error for more than one element.

    `known` holds the arguments of overloads: they are typed once, however many overloads there are.
    """

    result: Nature
    vectors: dict[n.Node, str] = field(default_factory=dict)
    scopes: list[Scope] = field(default_factory=list)
    variables: dict[str, Nature] = field(default_factory=dict)
    known: dict[n.Node, Nature] = field(default_factory=dict)

    def type_of(self, node: n.Node) -> Nature:
        """Return the static type of `node`; LocatedError for what can never work."""
        known = self.known.get(node)
        return _RULES[type(node)](self, node) if known is None else known

    def literal(self, node: n.Literal) -> Nature:
        return BYTES if isinstance(node.value, bytes) else nature_of(node.value)

    def identifier(self, node: n.Identifier) -> Nature:
        if node.name in self.variables:
            return self.variables[node.name]
        if node.name == "$env":
            return UNKNOWN
        return self.named(node, node.name, builtins=True)

    def named(self, node: n.Node, name: str, *, builtins: bool, strict: bool = True) -> Nature:
        if name == "result":
            return self.result
        if name in ENVIRONMENT:
            type_name, overload = ENVIRONMENT[name]
            return function(type_name, overload.returns)
        if builtins and name in BUILTIN_NAMES:
            return function(f"func {name}", UNKNOWN)
        if strict:
            raise LocatedError(f"unknown name {name}", node.at)
        return UNKNOWN

    def unary(self, node: n.Unary) -> Nature:
        operand = self.type_of(node.operand)
        if node.operator in ("!", "not"):
            if operand.kind == "bool" or operand.unknown:
                return BOOL
        elif operand.number:
            return operand
        elif operand.unknown:
            return UNKNOWN
        raise LocatedError(f"invalid operation: {node.operator} (mismatched type {operand.name})", node.at)

    def binary(self, node: n.Binary) -> Nature:
        """Follow the spine of left operands in a loop, so that a long chain needs no deep stack."""
        spine = [node]
        while isinstance(spine[-1].left, n.Binary):
            spine.append(spine[-1].left)
        left = self.type_of(spine[-1].left)
        for part in reversed(spine):
            left = self.operation(part, left)
        return left

    def operation(self, node: n.Binary, left: Nature) -> Nature:
        right = self.type_of(node.right)
        found = OPERATOR_RULES[node.operator](Operands(node, left, right))
        if found is not None:
            return found
        message = mismatch(node.operator, left, right)
        one_array = left.array != right.array and BYTES not in (left, right)
        other = right if left.array else left
        if node.operator in _COMPARISONS and one_array and (other.number or other.unknown):
            self.vectors[node] = message
            return BOOL
        raise LocatedError(message, node.at)

    def chain(self, node: n.Chain) -> Nature:
        return self.type_of(node.body)

    def member(self, node: n.Member) -> Nature:
        key = node.key.value if isinstance(node.key, n.Literal) and isinstance(node.key.value, str) else None
        if isinstance(node.base, n.Identifier) and node.base.name == "$env":
            return UNKNOWN if key is None else self.named(node, key, builtins=False, strict=not node.optional)
        base = self.type_of(node.base)
        index = self.type_of(node.key)
        if base.unknown:
            return UNKNOWN
        if key is not None:
            if base.nil:
                raise LocatedError(f"type nil has no field {key}", node.at)
            if key in METHODS.get(base.name, {}):
                return function(f"method {base.name}.{key}", METHODS[base.name][key].signature.returns)
        return self.element(node, base, index, key)

    def element(self, node: n.Member, base: Nature, index: Nature, key: str | None) -> Nature:
        if base.kind == "map":
            if not (index.unknown or index.assignable_to(base.key or UNKNOWN)):
                raise LocatedError(f"cannot use {index.name} to get an element from {base.name}", node.key.at)
            return base.item()
        if base.array:
            if not (index.unknown or index.integer):
                problem = f"array elements can only be selected using an integer (got {index.name})"
                raise LocatedError(problem, node.key.at)
            return base.item()
        if key is not None:
            raise LocatedError(f"type {base.name} has no {'method' if node.method else 'field'} {key}", node.at)
        raise LocatedError(f"type {base.name}[{index.name}] is undefined", node.at)

    def slice(self, node: n.Slice) -> Nature:
        base = self.type_of(node.base)
        if base.unknown:
            return UNKNOWN
        if not (base.array or base.kind == "string"):
            raise LocatedError(f"cannot slice {base.name}", node.at)
        for bound in (node.start, node.stop):
            if bound is not None:
                given = self.type_of(bound)
                if not (given.integer or given.unknown):
                    raise LocatedError(f"non-integer slice index {given.name}", bound.at)
        return base

    def call(self, node: n.Call) -> Nature:
        if isinstance(node.callee, n.Identifier):
            name = node.callee.name
            if name == "$env":
                raise LocatedError("map[string]interface {} is not callable", node.at)
            if name in ENVIRONMENT and name not in self.variables:
                return self.accept(name, ENVIRONMENT[name][1], node.arguments, node)
            if name in BUILTIN_NAMES and name not in self.variables:
                return self.builtin(n.Builtin(node.at, name, node.arguments))
        callee = self.type_of(node.callee)
        if callee.unknown:
            for argument in node.arguments:
                self.type_of(argument)
            return UNKNOWN
        name = _callee_name(node.callee)
        if callee.nil:
            raise LocatedError(f"{name} is nil; cannot call nil as function", node.at)
        if callee.kind != "func":
            raise LocatedError(f"{callee.name} is not callable", node.at)
        return self.accept(name, _signature(callee), node.arguments, node)

    def accept(self, name: str, form: Overload, arguments: Sequence[n.Node], node: n.Node) -> Nature:
        """Return what `form` answers with; LocatedError when the arguments do not fit it."""
        if len(arguments) != len(form.takes):
            for argument in arguments:
                self.type_of(argument)
            amount = "many" if len(arguments) > len(form.takes) else "enough"
            raise _Unfit(f"{'too' if amount == 'many' else 'not'} {amount} arguments to call {name}", node.at)
        for argument, wanted in zip(arguments, form.takes, strict=True):
            self.fit(name, argument, wanted)
        return form.returns

    def fit(self, name: str, argument: n.Node, wanted: Nature) -> None:
        given = self.type_of(argument)
        self.known[argument] = given
        if given.integer and (wanted.floating or wanted.integer):
            return
        if given.nil:
            if wanted.kind == "interface":
                return
            raise _Unfit(f"cannot use nil as argument (type {wanted.name}) to call {name}", argument.at)
        if not given.assignable_to(wanted) and not given.unknown:
            problem = f"cannot use {given.name} as argument (type {wanted.name}) to call {name} "
            raise _Unfit(problem, argument.at)

    def builtin(self, node: n.Builtin) -> Nature:
        if node.name in LOOP_RULES:
            return LOOP_RULES[node.name](self, node)
        if node.name == "get":
            return self.get(node)
        if node.name in RULES:
            natures = [self.type_of(argument) for argument in node.arguments]
            return _placed(node, lambda: RULES[node.name](natures))
        problem = _Unfit(f"no matching overload for {node.name}", node.at)
        for form in OVERLOADS[node.name]:
            try:
                return self.accept(node.name, form, node.arguments, node)
            except _Unfit as error:
                problem = error
        raise problem

    def get(self, node: n.Builtin) -> Nature:
        natures = [self.type_of(argument) for argument in node.arguments]
        _placed(node, lambda: count_of(natures, 2))
        base, key = natures
        if base.unknown:
            return UNKNOWN
        if base.array:
            if not (key.integer or key.unknown):
                raise LocatedError(f"non-integer slice index {key.name}", node.arguments[1].at)
            return base.item()
        if base.kind == "map":
            if not (key.unknown or key.assignable_to(base.key or UNKNOWN)):
                raise LocatedError(f"cannot use {key.name} to get an element from {base.name}", node.arguments[1].at)
            return base.item()
        raise LocatedError(f"type {base.name} does not support indexing", node.arguments[0].at)

    def pointer(self, node: n.Pointer) -> Nature:
        if not self.scopes:
            raise LocatedError('unexpected token Operator("#")', node.at)
        scope = self.scopes[-1]
        if not node.name:
            return scope.collection.item() if scope.collection.array else UNKNOWN
        if node.name in scope.names:
            return scope.names[node.name]
        raise LocatedError(f"unknown pointer #{node.name}", node.at)

    def let(self, node: n.Let) -> Nature:
        for taken, what in ((("result", *ENVIRONMENT), ""), (BUILTIN_NAMES, "builtin "), (self.variables, "variable ")):
            if node.name in taken:
                raise LocatedError(f"cannot redeclare {what}{node.name}", node.at)
        value = self.type_of(node.value)
        self.variables[node.name] = value
        body = self.type_of(node.body)
        del self.variables[node.name]
        return body

    def sequence(self, node: n.Sequence) -> Nature:
        last = UNKNOWN
        for item in node.items:
            last = self.type_of(item)
        return last

    def conditional(self, node: n.Conditional) -> Nature:
        test = self.type_of(node.test)
        if not (test.kind == "bool" or test.unknown):
            raise LocatedError(f"non-bool expression (type {test.name}) used as condition", node.test.at)
        yes, no = self.type_of(node.yes), self.type_of(node.no)
        if yes.nil or no.nil:
            return no if yes.nil else yes
        if not yes.assignable_to(no):
            return UNKNOWN
        if yes.array and no.array and not (yes.item().assignable_to(no.item()) and no.item().assignable_to(yes.item())):
            return ARRAY
        return yes

    def array(self, node: n.Array) -> Nature:
        natures = [self.type_of(item) for item in node.items]
        same = all(nature.kind == natures[0].kind for nature in natures)
        return array_of(natures[-1] if natures else UNKNOWN) if same else ARRAY

    def map(self, node: n.Map) -> Nature:
        for key, value in node.pairs:
            self.type_of(key)
            self.type_of(value)
        return MAP


def _placed(node: n.Node, rule: Callable[[], Nature | None]) -> Nature:
    """Run a rule that knows no places, and give its refusal the place of `node`."""
    try:
        return rule() or NIL
    except LocatedError as error:
        raise LocatedError(error.message, node.at) from None


def _callee_name(callee: n.Node) -> str:
    match callee:
        case n.Identifier(name=name):
            return name
        case n.Member(key=n.Literal(value=str(name))):
            return name
    return "function"


def _signature(callee: Nature) -> Overload:
    receiver, _, method = callee.name.removeprefix("method ").rpartition(".")
    if receiver in METHODS and method in METHODS[receiver]:
        return METHODS[receiver][method].signature
    return next(overload for type_name, overload in ENVIRONMENT.values() if type_name == callee.name)


_RULES: dict[type[n.Node], Callable[..., Nature]] = {
    n.Literal: Checker.literal,
    n.Identifier: Checker.identifier,
    n.Unary: Checker.unary,
    n.Binary: Checker.binary,
    n.Chain: Checker.chain,
    n.Member: Checker.member,
    n.Slice: Checker.slice,
    n.Call: Checker.call,
    n.Builtin: Checker.builtin,
    n.Pointer: Checker.pointer,
    n.Let: Checker.let,
    n.Sequence: Checker.sequence,
    n.Conditional: Checker.conditional,
    n.Array: Checker.array,
    n.Map: Checker.map,
}
