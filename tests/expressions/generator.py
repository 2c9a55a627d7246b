# ruff: noqa: E501  tables of expressions read best with one entry to a line
"""Expressions and results drawn from a seed: mostly well-typed, some ill-typed, some not even well-formed.

`case(seed)` is one pair of an expression and the value of `result` it is judged on; the same seed draws the same pair on
every machine and every run. What is drawn leans on `result`: names that it has, places that it has, its own numbers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from ferrata.metrics.expression import Floats, JsonArray
from tests.expressions.literals import LITERALS, NUMBERS, TEXTS

DEEPEST = 4
ILL_TYPED = 0.04  # chance that a part is of any other type than the one that fits
BROKEN = 0.03  # chance that a character or a word of the finished expression is lost, doubled or swapped
NAMES = ("ok", "code", "data", "successPercent", "a-b", "name", "items", "missing")
_TEXT_PIPES = ("trim()", "upper()", "lower()", "len()", 'split(",")', "string()")
_ARRAY_PIPES = ("sort()", "reverse()", "first()", "len()", "max()", "filter(# != nil)", "map(# ?? 1)")
_SORT_ORDERS = ("", "", ', "desc"', ', "asc"', ', "up"')
_KEYS = ("a", '"b c"', "'d'", "1", '("k" + "l")')
FLOATS = (
    0.0,
    -0.0,
    0.5,
    0.95,
    0.999,
    1.0,
    2.0,
    3.7,
    -1.5,
    42.0,
    200.0,
    1e6,
    123456789.125,
    1e21,
    1e-7,
    math.nan,
    math.inf,
    -math.inf,
)


@dataclass(frozen=True, slots=True)
class Case:
    """An expression and the value of `result`."""

    seed: int
    source: str
    result: object


def case(seed: int) -> Case:
    """Return the case of this seed."""
    draw = random.Random(seed)
    result = _result(draw)
    source = _Writer(draw, result).expression()
    return Case(seed, source, result)


# ---------- what a provider answers with


def _result(draw: random.Random) -> object:
    return draw.choices(
        (_float, _vector, _string, _bool, _nothing, _json_array, _json_map), weights=(24, 28, 8, 3, 6, 12, 19)
    )[0](draw)


def _float(draw: random.Random) -> object:
    return draw.choice(FLOATS)


def _vector(draw: random.Random) -> object:
    return Floats(draw.choice(FLOATS) for _ in range(draw.choice((0, 1, 1, 1, 2, 3, 5))))


def _string(draw: random.Random) -> object:
    return draw.choice(TEXTS)


def _bool(draw: random.Random) -> object:
    return draw.random() < 0.5


def _nothing(_: random.Random) -> object:
    return None


def _json(draw: random.Random, depth: int) -> object:
    """Decoded JSON: numbers are floats, and none of them is NaN or infinite."""
    if depth <= 0:
        return draw.choice((None, True, False, 0.0, 1.0, 0.5, 200.0, -3.0, 1e6, *TEXTS[:6]))
    return draw.choice((_json_array, _json_map, lambda d, _: _json(d, 0), lambda d, _: _json(d, 0)))(draw, depth - 1)


def _json_array(draw: random.Random, depth: int = 1) -> object:
    shape = draw.random()
    count = draw.choice((0, 1, 1, 2, 3, 4))
    if shape < 0.4:
        return JsonArray(draw.choice((0.0, 1.0, 0.5, 2.0, 99.9)) for _ in range(count))
    if shape < 0.6:
        return JsonArray(draw.choice(TEXTS) for _ in range(count))
    return JsonArray(_json(draw, depth) for _ in range(count))


def _json_map(draw: random.Random, depth: int = 2) -> object:
    return {name: _json(draw, depth) for name in draw.sample(NAMES[:-1], draw.choice((0, 1, 2, 3, 4)))}


# ---------- what a user writes


class _Writer:
    """Writes one expression. Each method named for a type returns the text of an expression of that type."""

    def __init__(self, draw: random.Random, result: object) -> None:
        self.draw, self.result = draw, result
        self.loops: list[str] = []  # the types of the elements of the loops around
        self.names: list[tuple[str, str]] = []  # variables of `let` with their types
        self.kinds: dict[str, tuple[Callable[[int], str], ...]] = _kinds(self)

    def expression(self) -> str:
        kind = self.draw.choices(("bool", *self.kinds), weights=(24, *(2 for _ in self.kinds)))[0]
        source = self.of(kind, self.draw.choice((1, 2, 2, 3, 3, DEEPEST)))
        return self.broken(source) if self.draw.random() < BROKEN else source

    def of(self, kind: str, depth: int) -> str:
        """An expression of this type, or rarely of any other."""
        if self.draw.random() < ILL_TYPED:
            kind = self.draw.choice(tuple(self.kinds))
        if kind == "number":
            kind = self.draw.choice(("int", "float", "float"))
        if kind == "any":
            kind = self.draw.choice(("bool", "int", "float", "string", "array", "map"))
        if depth <= 0 or self.draw.random() < 0.15:
            return self.leaf(kind)
        return self.draw.choice(self.kinds[kind])(depth - 1)

    def leaf(self, kind: str) -> str:
        here = [name for name, given in self.names if given == kind]
        if here and self.draw.random() < 0.6:
            return self.draw.choice(here)
        if self.loops and self.loops[-1] == kind and self.draw.random() < 0.7:
            return "#"
        if self.draw.random() < 0.45 and (access := self.from_result(kind)):
            return access
        return self.draw.choice(LITERALS[kind])

    def from_result(self, kind: str) -> str:
        """A part of `result` that is of this type, or nothing."""
        result = self.result
        if isinstance(result, dict):
            fitting = [name for name, value in result.items() if _is(value, kind)]
            name = self.draw.choice(fitting) if fitting else self.draw.choice(NAMES) if self.draw.random() < 0.3 else ""
            return self.member(name) if name else "result" if kind == "map" else ""
        if isinstance(result, list) and kind != "array":
            if not any(_is(item, kind) for item in result) and self.draw.random() < 0.8:
                return ""
            return self.draw.choice(
                ("result[0]", "result[0]", "result[-1]", "result[1]", "first(result)", "last(result)")
            )
        return "result" if _is(result, kind) or self.draw.random() < 0.2 else ""

    def member(self, name: str) -> str:
        if "-" in name:
            return f'result["{name}"]'
        return self.draw.choice(
            (f"result.{name}", f"result.{name}", f'result["{name}"]', f"result?.{name}", f'get(result, "{name}")')
        )

    def many(self, kind: str, depth: int, most: int = 4) -> str:
        return ", ".join(self.of(kind, depth) for _ in range(self.draw.randint(0, most)))

    def grouped(self, kind: str, depth: int) -> str:
        text = self.of(kind, depth)
        return f"({text})" if self.draw.random() < 0.7 else text

    def predicate(self, collection: str, kind: str, depth: int) -> str:
        """The body of a loop over a collection whose elements are of the given type."""
        self.loops.append(collection)
        body = self.of(kind, depth)
        self.loops.pop()
        if self.draw.random() < 0.5 or body.startswith("{"):
            return f"{{{body}}}"
        return body

    def elements(self, depth: int) -> tuple[str, str]:
        """A collection, and the type of its elements."""
        if isinstance(self.result, list) and self.draw.random() < 0.5:
            first = self.result[0] if self.result else 0.5
            return "result", next((kind for kind in ("float", "string", "map", "bool") if _is(first, kind)), "any")
        kind = self.draw.choice(("int", "float", "string"))
        if kind == "int" and self.draw.random() < 0.4:
            return f"{self.draw.randint(-2, 3)}..{self.draw.randint(-1, 6)}", "int"
        return f"[{self.many(kind, depth)}]", kind

    def loop(self, name: str, kind: str, depth: int) -> str:
        collection, element = self.elements(depth)
        body = self.predicate(element, kind, depth)
        if self.draw.random() < 0.25:
            left = f"({collection})" if ".." in collection else collection
            return f"{left} | {name}({body})"
        return f"{name}({collection}, {body})"

    def reduced(self, depth: int) -> str:
        collection, element = self.elements(depth)
        body = self.draw.choice(("#acc + #", "#acc * 2 + #", "# > #acc ? # : #acc", "#acc + #index"))
        start = "" if self.draw.random() < 0.4 else f", {self.of(element, 0)}"
        return f"reduce({collection}, {body}{start})"

    def let(self, kind: str, depth: int) -> str:
        given = self.draw.choice(("int", "float", "string", "array", "bool"))
        name = self.draw.choice(("x", "y", "total", "$v", "result", "len"))
        value = self.of(given, depth)
        self.names.append((name, given))
        body = self.of(kind, depth)
        self.names.pop()
        return f"let {name} = {value}; {body}"

    def choice(self, kind: str, depth: int) -> str:
        test, yes, no = self.of("bool", depth), self.of(kind, depth), self.of(kind, depth)
        forms = (f"({test} ? {yes} : {no})", f"({test}) ? ({yes}) : ({no})", f"if {test} {{ {yes} }} else {{ {no} }}")
        return self.draw.choice(forms)

    def otherwise(self, kind: str, depth: int) -> str:
        """A part of `result` that may be missing, with what stands in for it."""
        head = self.draw.choice(
            (
                "result?.missing",
                "result.missing",
                "result?.data?.items",
                'get(result, "no")',
                "result",
                "nil",
                "get(result, 9)",
            )
        )
        spare = self.of(kind, depth)
        return self.draw.choice(
            (f"({head} ?? {spare})", f"({head} ?: {spare})", f"default(result, {spare})", f"({head} ?? ({spare}))")
        )

    def broken(self, source: str) -> str:
        """The source with a slip of the pen in it."""
        at = self.draw.randrange(len(source))
        slip = self.draw.randrange(4)
        if slip == 0:
            return source[:at] + source[at + 1 :]
        if slip == 1:
            return source[:at] + source[at] + source[at:]
        if slip == 2:
            return source[:at] + self.draw.choice("()[]{}.,;:?!|&#@$%^*~'\"`\\/ 0aé") + source[at:]
        words = source.split(" ")
        self.draw.shuffle(words)
        return " ".join(words)


def _is(value: object, kind: str) -> bool:
    kinds: dict[str, type | tuple[type, ...]] = {
        "bool": bool, "float": float, "number": float, "string": str, "array": list, "map": dict,
    }  # fmt: skip
    return isinstance(value, kinds.get(kind, ()))


def _kinds(w: _Writer) -> dict[str, tuple[Callable[[int], str], ...]]:
    """The ways to write an expression of each type."""
    pick, of = w.draw.choice, w.of
    order = ("<", ">", "<=", ">=", "==", "!=")
    words = ("contains", "startsWith", "endsWith", "not contains", "not startsWith", "not endsWith")
    return {
        "bool": (
            lambda d: f"{of('number', d)} {pick(order)} {of('number', d)}",
            lambda d: f"{of('number', d)} {pick(order)} {of('number', d)}",
            lambda d: f"{of('string', d)} {pick(order)} {of('string', d)}",
            lambda d: f"{of('any', d)} {pick(('==', '!='))} {of('any', d)}",
            lambda d: f"{of('array', d)} {pick(('==', '!='))} {of('array', d)}",
            lambda d: f"{of('array', d)} {pick(order)} {of('number', d)}",
            lambda d: f"{of('number', 0)} {pick(order[:4])} {of('number', d)} {pick(order[:4])} {of('number', 0)}",
            lambda d: f"{w.grouped('bool', d)} {pick(('&&', 'and', '||', 'or'))} {w.grouped('bool', d)}",
            lambda d: f"{of('bool', d)} {pick(('&&', 'and', '||', 'or'))} {of('bool', d)}",
            lambda d: f"{pick(('!', 'not '))}({of('bool', d)})",
            lambda d: f"{pick(('!', 'not '))}{of('bool', d)}",
            lambda d: f"{of('any', d)} {pick(('in', 'not in'))} {of('array', d)}",
            lambda d: f"{of('string', d)} {pick(('in', 'not in'))} {of('map', d)}",
            lambda d: f"{of('string', d)} {pick(words)} {of('string', d)}",
            lambda d: f"{of('string', d)} {pick(('matches', 'not matches'))} {pick(LITERALS['pattern'])}",
            lambda d: f"{pick(('isNaN', 'isInf'))}({of('float', d)})",
            lambda d: f"isNil({of('any', d)})",
            lambda d: w.loop(pick(("all", "any", "none", "one")), "bool", d),
            lambda d: f"{pick(('hasPrefix', 'hasSuffix'))}({of('string', d)}, {of('string', d)})",
            lambda d: f"{of('time', d)} {pick(order)} {of('time', d)}",
            lambda d: f"{of('duration', d)} {pick(order)} {of('duration', d)}",
            lambda d: w.choice("bool", d),
            lambda d: w.let("bool", d),
            lambda d: f"{w.otherwise('number', d)} {pick(order)} {of('number', d)}",
            lambda d: f"{of('int', d)}; {of('bool', d)}",
        ),
        "int": (
            lambda d: f"{w.grouped('int', d)} {pick(('+', '-', '*', '%'))} {w.grouped('int', d)}",
            lambda d: f"{of('int', d)} {pick(('+', '-', '*', '%'))} {of('int', d)}",
            lambda d: f"{pick('+-')}{w.grouped('int', d)}",
            lambda d: f"len({of(pick(('array', 'string', 'map')), d)})",
            lambda d: f"int({of(pick(('float', 'string', 'int')), d)})",
            lambda d: f"asInt({of(pick(('float', 'string', 'int', 'any')), d)})",
            lambda d: w.loop("count", "bool", d),
            lambda d: w.loop(pick(("findIndex", "findLastIndex")), "bool", d),
            lambda d: f"{pick(('indexOf', 'lastIndexOf'))}({of('string', d)}, {of('string', d)})",
            lambda d: f"{pick(('bitand', 'bitor', 'bitxor', 'bitnand', 'bitshl', 'bitshr', 'bitushr'))}({of('int', d)}, {of('int', d)})",
            lambda d: f"bitnot({of('int', d)})",
            lambda d: f"{pick(('abs', 'max', 'min'))}({of('int', d)})",
            lambda d: f"{of('time', d)}.{pick(('Year', 'Day', 'Hour', 'Unix', 'YearDay'))}()",
            lambda d: f"count({of('array', d)})",
            lambda d: w.choice("int", d),
        ),
        "float": (
            lambda d: f"{w.grouped('number', d)} {pick(('+', '-', '*', '/', '**', '^'))} {w.grouped('float', d)}",
            lambda d: f"{of('number', d)} {pick(('+', '-', '*', '/', '**'))} {of('number', d)}",
            lambda d: f"-{w.grouped('float', d)}",
            lambda d: f"{pick(('float', 'asFloat'))}({of(pick(('int', 'float', 'string', 'any')), d)})",
            lambda d: f"{pick(('ceil', 'floor', 'round', 'abs'))}({of('number', d)})",
            lambda d: f"{pick(('mean', 'median', 'max', 'min'))}({of('array', d)})",
            lambda d: f"{pick(('mean', 'median', 'max', 'min'))}({w.many('number', d)})",
            lambda d: f"sum({of('array', d)})",
            lambda d: w.loop("sum", "number", d),
            lambda d: w.loop(pick(("find", "findLast")), "bool", d),
            w.reduced,
            lambda d: f"{of('duration', d)}.{pick(('Seconds', 'Minutes', 'Hours', 'Milliseconds'))}()",
            lambda d: f"{of('array', d)}[{of('int', 0)}]",
            lambda d: f"{pick(('first', 'last'))}({of('array', d)})",
            lambda d: f"get({of('array', d)}, {of('int', 0)})",
            lambda d: w.otherwise("float", d),
            lambda d: w.choice("float", d),
            lambda d: w.let("float", d),
            lambda _: pick(NUMBERS),
        ),
        "string": (
            lambda d: f"{w.grouped('string', d)} + {of('string', d)}",
            lambda d: f"{pick(('trim', 'upper', 'lower', 'toJSON', 'string', 'type', 'toBase64'))}({of('string', d)})",
            lambda d: f"{pick(('string', 'type', 'toJSON'))}({of('any', d)})",
            lambda d: f"{pick(('trim', 'trimPrefix', 'trimSuffix'))}({of('string', d)}, {of('string', 0)})",
            lambda d: f"replace({of('string', d)}, {of('string', 0)}, {of('string', 0)})",
            lambda d: f"replace({of('string', d)}, {of('string', 0)}, {of('string', 0)}, {of('int', 0)})",
            lambda d: f"repeat({of('string', d)}, {pick(('0', '1', '3', '-1', of('int', 0)))})",
            lambda d: f"join({of('array', d)}, {of('string', 0)})",
            lambda d: f"join(split({of('string', d)}, {of('string', 0)}))",
            lambda d: f"{of('string', d)}[{pick(('0:1', ':2', '1:', '-1:', ':', '2:1', ':99'))}]",
            lambda d: f"fromBase64(toBase64({of('string', d)}))",
            lambda d: f"fromBase64({of('string', d)})",
            lambda d: f"{of('string', d)} | {pick(_TEXT_PIPES)}",
            lambda d: f"string({of('duration', d)})",
            lambda d: w.choice("string", d),
            lambda d: w.otherwise("string", d),
        ),
        "array": (
            lambda d: f"[{w.many('number', d)}]",
            lambda d: f"[{w.many('string', d)}]",
            lambda d: f"[{w.many('any', d)}]",
            lambda d: f"{of('int', 0)}..{pick(('3', '0', '5', '-2', 'len(result)'))}",
            lambda d: w.loop("filter", "bool", d),
            lambda d: w.loop("map", "any", d),
            lambda d: w.loop("map", "number", d),
            lambda d: w.loop("sortBy", pick(("number", "string")), d),
            lambda d: f"sort({of('array', d)}{pick(_SORT_ORDERS)})",
            lambda d: f"{pick(('reverse', 'uniq', 'flatten'))}({of('array', d)})",
            lambda d: f"concat({of('array', d)}, {of('array', d)})",
            lambda d: f"take({of('array', d)}, {pick(('0', '1', '2', '9', '-1'))})",
            lambda d: f"{pick(('keys', 'values', 'toPairs'))}({of('map', d)})",
            lambda d: f"{pick(('split', 'splitAfter'))}({of('string', d)}, {of('string', 0)}{pick(('', '', ', 2', ', 0', ', -1'))})",
            lambda d: f"{of('array', d)}[{pick(('0:1', ':2', '1:', '-1:', ':', '2:1', ':99', '-9:1'))}]",
            lambda d: f"{of('array', d)} | {pick(_ARRAY_PIPES)}",
            lambda d: w.choice("array", d),
        ),
        "map": (
            lambda d: f"{{{pick(_KEYS)}: {of('any', d)}, x: {of('any', d)}}}",
            lambda d: "{" + f"'{pick(NAMES)}': {of('any', d)}" + "}",
            lambda _: "{}",
            lambda d: f"fromPairs(toPairs({of('map', d)}))",
            lambda d: f"fromPairs([[{of('string', 0)}, {of('any', d)}]])",
            lambda d: w.loop("groupBy", pick(("string", "int", "bool")), d),
            lambda d: f"fromJSON({pick(LITERALS['json'])})",
        ),
        "time": (
            lambda _: pick(LITERALS["time"]),
            lambda d: f"{of('time', 0)} {pick('+-')} {of('duration', d)}",
            lambda d: f"{of('time', 0)}.{pick(('Add', 'UTC'))}({pick(('', of('duration', 0)))})",
        ),
        "duration": (
            lambda _: pick(LITERALS["duration"]),
            lambda d: f"{of('time', 0)} - {of('time', 0)}",
            lambda d: f"{of('duration', d)} {pick('+-*')} {of('duration', 0)}",
            lambda d: f"{of('number', 0)} * {of('duration', d)}",
        ),
    }  # fmt: skip
