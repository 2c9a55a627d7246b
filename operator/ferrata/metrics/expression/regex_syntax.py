"""Syntax of regular expressions as Go's regexp package (RE2) has it: no look-around, no back-references.

`parse_pattern` returns a tree of `Chars`, `Assertion`, `Concat`, `Alternate` and `Repeat`; errors are in Go's words.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from ferrata.metrics.expression.errors import LocatedError

MAX_REPEAT = 1000
MAX_GROUPS = 100  # nesting
_LAST = 0x10FFFF
_DIGIT = ((0x30, 0x39),)
_WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_PERL = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_UPPER, _LOWER = (0x41, 0x5A), (0x61, 0x7A)
_POSIX = {
    "alnum": (*_DIGIT, _UPPER, _LOWER),
    "alpha": (_UPPER, _LOWER),
    "ascii": ((0, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": (_LOWER,),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": (_UPPER,),
    "word": _WORD,
    "xdigit": (*_DIGIT, (0x41, 0x46), (0x61, 0x66)),
}
_CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of ranges or Unicode categories (`categories` as (prefix, negated))."""

    ranges: Ranges
    categories: tuple[tuple[str, bool], ...] = ()
    negated: bool = False
    fold: bool = False

    def holds(self, char: str) -> bool:
        """Tell whether `char` is one of these."""
        found = self._listed(char)
        if not found and self.fold:
            found = any(self._listed(other) for other in {char.lower(), char.upper()} if len(other) == 1)
        return found != self.negated

    def _listed(self, char: str) -> bool:
        code = ord(char)
        if any(low <= code <= high for low, high in self.ranges):
            return True
        category = unicodedata.category(char) if self.categories else ""
        return any(category.startswith(prefix) != negated for prefix, negated in self.categories)


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place: `text-start`, `text-end`, `line-start`, `line-end`, `boundary` or `no-boundary`."""

    place: str


@dataclass(frozen=True, slots=True)
class Concat:
    """One after the other."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Alternate:
    """One of these."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`low` to `high` times; high None means without end."""

    part: Tree
    low: int
    high: int | None


Tree = Chars | Assertion | Concat | Alternate | Repeat


def _error(what: str, part: str) -> LocatedError:
    return LocatedError(f"error parsing regexp: {what}: `{part}`")


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.flags: frozenset[str] = frozenset()

    def rest(self) -> str:
        return self.text[self.at :]

    def take(self, token: str) -> bool:
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def alternation(self, depth: int) -> Tree:
        if depth > MAX_GROUPS:
            raise _error("expression nests too deeply", self.text)
        branches = [self.branch(depth)]
        while self.take("|"):
            branches.append(self.branch(depth))
        return branches[0] if len(branches) == 1 else Alternate(tuple(branches))

    def branch(self, depth: int) -> Tree:
        parts: list[Tree] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            start = self.at
            bounds = self.repetition()
            if bounds is not None:
                raise _error("missing argument to repetition operator", self.text[start : self.at].rstrip("?") or "?")
            part = self.atom(depth)
            if part is not None:
                parts.append(self.repeated(part))
        return parts[0] if len(parts) == 1 else Concat(tuple(parts))

    def repeated(self, part: Tree) -> Tree:
        start = self.at
        bounds = self.repetition()
        if bounds is None:
            return part
        second = self.at
        if self.repetition() is not None:
            raise _error("invalid nested repetition operator", self.text[start : self.at])
        self.at = second
        return Repeat(part, *bounds)

    def repetition(self) -> tuple[int, int | None] | None:
        for sign, low, high in (("*", 0, None), ("+", 1, None), ("?", 0, 1)):
            if self.take(sign):
                self.take("?")
                return low, high
        return self.counted()

    def counted(self) -> tuple[int, int | None] | None:
        end = self.text.find("}", self.at)
        if not self.text.startswith("{", self.at) or end < 0:
            return None
        body = self.text[self.at + 1 : end]
        low, comma, high = body.partition(",")
        if not _is_count(low) or (high and not _is_count(high)):
            return None
        bounds = int(low), (int(high) if high else None) if comma else int(low)
        if max(bounds[0], bounds[1] or 0) > MAX_REPEAT or (bounds[1] is not None and bounds[1] < bounds[0]):
            raise _error("invalid repeat count", self.text[self.at : end + 1])
        self.at = end + 1
        self.take("?")
        return bounds

    def atom(self, depth: int) -> Tree | None:
        char = self.text[self.at]
        if char == "(":
            return self.group(depth)
        if char == "[":
            return self.bracket()
        if char == "\\":
            return self.escape()
        self.at += 1
        if char == ".":
            return Chars(() if "s" in self.flags else ((10, 10),), negated=True)
        if char == "^":
            return Assertion("line-start" if "m" in self.flags else "text-start")
        if char == "$":
            return Assertion("line-end" if "m" in self.flags else "text-end")
        return self.literal(ord(char))

    def literal(self, code: int) -> Chars:
        return Chars(((code, code),), fold="i" in self.flags)

    def group(self, depth: int) -> Tree | None:
        start = self.at
        self.at += 1
        outer = self.flags
        if self.take("?") and not self.header(start):
            return None
        inside = self.alternation(depth + 1)
        if not self.take(")"):
            raise _error("missing closing )", self.text)
        self.flags = outer
        return inside

    def header(self, start: int) -> bool:
        """Read what follows `(?`; False when it was a change of flags only."""
        if self.text.startswith(("P<", "<"), self.at):
            self.capture_name(start)
            return True
        negative = False
        seen = False
        flags = set(self.flags)
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char in "imsU":
                seen = True
                (flags.discard if negative else flags.add)(char)
            elif char == "-" and not negative:
                negative, seen = True, False
            elif char in ":)" and not (negative and not seen):
                self.flags = frozenset(flags)
                return char == ":"
            else:
                break
        if self.at >= len(self.text) and self.text[start:].strip("(?imsU-") == "":
            raise _error("missing closing )", self.text)
        raise _error("invalid or unsupported Perl syntax", self.text[start : self.at])

    def capture_name(self, start: int) -> None:
        end = self.text.find(">", self.at)
        if end < 0:
            raise _error("invalid named capture", self.text[start:])
        name = self.text[self.text.index("<", self.at) + 1 : end]
        if not name or not all(char == "_" or (char.isascii() and char.isalnum()) for char in name):
            raise _error("invalid named capture", self.text[start : end + 1])
        self.at = end + 1

    def escape(self) -> Tree:
        if self.at + 1 >= len(self.text):
            raise _error("trailing backslash at end of expression", "")
        char = self.text[self.at + 1]
        places = {"A": "text-start", "z": "text-end", "b": "boundary", "B": "no-boundary"}
        if char in places:
            self.at += 2
            return Assertion(places[char])
        if char == "Q":
            return self.quoted()
        found = self.char_class()
        if found is not None:
            return found
        return self.literal(self.escaped())

    def quoted(self) -> Tree:
        end = self.text.find("\\E", self.at + 2)
        body = self.text[self.at + 2 : end if end >= 0 else len(self.text)]
        self.at = end + 2 if end >= 0 else len(self.text)
        return Concat(tuple(self.literal(ord(char)) for char in body))

    def char_class(self) -> Chars | None:
        """Read `\\d`, `\\W`, `\\pL`, `\\P{Lu}`; None when an escape is no class."""
        char = self.text[self.at + 1 : self.at + 2]
        if char and char.lower() in _PERL:
            self.at += 2
            return Chars(_PERL[char.lower()], negated=char.isupper())
        if char not in ("p", "P"):
            return None
        start = self.at
        self.at += 2
        end = self.text.find("}", self.at) if self.text.startswith("{", self.at) else self.at
        name = self.text[self.at : end + 1].strip("{}")
        negated = (char == "P") != name.startswith("^")
        name = name.removeprefix("^")
        if end < 0 or not _is_category(name):
            raise _error("invalid character class range", self.text[start : end + 1 if end >= 0 else None])
        self.at = end + 1
        return Chars(((0, _LAST),) if name == "Any" else (), () if name == "Any" else ((name, False),), negated)

    def escaped(self) -> int:
        """Return the code of an escaped character."""
        start = self.at
        char = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if char in _CONTROL:
            return _CONTROL[char]
        if char in tuple("01234567"):
            return self.octal(char, start)
        if char == "x":
            return self.hexadecimal(start)
        if char and char.isascii() and not char.isalnum():
            return ord(char)
        if not char:
            raise _error("trailing backslash at end of expression", "")
        raise _error("invalid escape sequence", self.text[start : self.at])

    def octal(self, first: str, start: int) -> int:
        digits = first
        while len(digits) < 3 and self.text[self.at : self.at + 1] in tuple("01234567"):
            digits += self.text[self.at]
            self.at += 1
        if first != "0" and len(digits) == 1:
            raise _error("invalid escape sequence", self.text[start : self.at])
        return int(digits, 8)

    def hexadecimal(self, start: int) -> int:
        end = self.text.find("}", self.at) if self.take("{") else self.at + 1
        digits = self.text[self.at : end if self.text[self.at - 1] == "{" else end + 1]
        self.at = end + 1 if end >= 0 else len(self.text)
        wanted = 2 if self.text[start + 2 : start + 3] != "{" else len(digits)
        valid = len(digits) == wanted and digits and all(char in "0123456789abcdefABCDEF" for char in digits)
        if end < 0 or not valid or int(digits, 16) > _LAST:
            raise _error("invalid escape sequence", self.text[start : self.at])
        return int(digits, 16)

    def bracket(self) -> Tree:
        start = self.at
        self.at += 1
        negated = self.take("^")
        ranges: list[tuple[int, int]] = []
        categories: list[tuple[str, bool]] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                raise _error("missing closing ]", self.text[start:])
            first = False
            found = self.posix() or (self.char_class() if self.text[self.at] == "\\" else None)
            if found is None:
                ranges.append(self.range(start))
            elif found.negated and found.ranges:
                ranges.extend(_complement(found.ranges))
            else:
                ranges.extend(found.ranges)
                categories.extend((name, found.negated) for name, _ in found.categories)
        self.at += 1
        return Chars(tuple(ranges), tuple(categories), negated, fold="i" in self.flags)

    def posix(self) -> Chars | None:
        end = self.text.find(":]", self.at)
        if not self.text.startswith("[:", self.at) or end < 0:
            return None
        name = self.text[self.at + 2 : end]
        if name.removeprefix("^") not in _POSIX:
            raise _error("invalid character class range", self.text[self.at : end + 2])
        self.at = end + 2
        return Chars(_POSIX[name.removeprefix("^")], negated=name.startswith("^"))

    def range(self, opened: int) -> tuple[int, int]:
        start = self.at
        low = self.one(opened)
        if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in ("", "]"):
            self.at += 1
            high = self.one(opened)
            if high < low:
                raise _error("invalid character class range", self.text[start : self.at])
            return low, high
        return low, low

    def one(self, opened: int) -> int:
        if self.at >= len(self.text):
            raise _error("missing closing ]", self.text[opened:])
        if self.text[self.at] == "\\":
            return self.escaped()
        self.at += 1
        return ord(self.text[self.at - 1])


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and (text == "0" or not text.startswith("0"))


def _is_category(name: str) -> bool:
    return name == "Any" or (len(name) in (1, 2) and name[0] in "CLMNPSZ" and (len(name) == 1 or name[1].islower()))


def _complement(ranges: Ranges) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    following = 0
    for low, high in sorted(ranges):
        if low > following:
            found.append((following, low - 1))
        following = max(following, high + 1)
    return [*found, (following, _LAST)]


def parse_pattern(pattern: str) -> Tree:
    """Return the tree of `pattern`; LocatedError with Go's message when it is no RE2 expression."""
    parser = _Parser(pattern)
    tree = parser.alternation(0)
    if parser.at < len(pattern):
        raise _error("unexpected )", pattern)
    return tree
