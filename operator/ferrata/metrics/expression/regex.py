"""Regular expressions in linear time: a set of states walks over the text once, so no pattern can stall the operator.

The method is Thompson's: https://swtch.com/~rsc/regexp/regexp1.html. Only whether a text matches is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.limits import MAX_PATTERN
from ferrata.metrics.expression.regex_syntax import Alternate, Assertion, Chars, Concat, Repeat, Tree, parse_pattern


@dataclass(slots=True)
class _State:
    """One instruction: read a character, require a place, or go on at several others."""

    chars: Chars | None = None
    place: str = ""
    following: tuple[int, ...] = ()


class _Program:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.states: list[_State] = []

    def add(self, state: _State) -> int:
        if len(self.states) >= MAX_PATTERN:
            raise LocatedError(f"error parsing regexp: expression too large: `{self.pattern}`")
        self.states.append(state)
        return len(self.states) - 1

    def emit(self, tree: Tree, after: int) -> int:
        """Add the states of `tree` that continue at `after`, and return where they begin."""
        match tree:
            case Chars():
                return self.add(_State(chars=tree, following=(after,)))
            case Assertion(place=place):
                return self.add(_State(place=place, following=(after,)))
            case Concat(parts=parts):
                for part in reversed(parts):
                    after = self.emit(part, after)
                return after
            case Alternate(parts=parts):
                return self.add(_State(following=tuple(self.emit(part, after) for part in parts)))
        return self.emit_repeat(tree, after)

    def emit_repeat(self, tree: Repeat, after: int) -> int:
        begin = after
        if tree.high is None:
            begin = self.add(_State())
            self.states[begin].following = (self.emit(tree.part, begin), after)
        else:
            for _ in range(tree.high - tree.low):
                begin = self.add(_State(following=(self.emit(tree.part, begin), after)))
        for _ in range(tree.low):
            begin = self.emit(tree.part, begin)
        return begin


def _word(char: str) -> bool:
    return char == "_" or (char.isascii() and char.isalnum())


def _holds(place: str, text: str, at: int) -> bool:
    match place:
        case "text-start":
            return at == 0
        case "text-end":
            return at == len(text)
        case "line-start":
            return at == 0 or text[at - 1] == "\n"
        case "line-end":
            return at == len(text) or text[at] == "\n"
    before = at > 0 and _word(text[at - 1])
    behind = at < len(text) and _word(text[at])
    return (before != behind) == (place == "boundary")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled expression."""

    states: tuple[_State, ...]
    start: int
    accept: int

    def search(self, text: str, budget: int) -> tuple[bool, int]:
        """Return whether any part of `text` matches, and the states visited; stops once `budget` is used up."""
        visited = 0
        current: set[int] = set()
        for at in range(len(text) + 1):
            current = self._closure({*current, self.start}, text, at)
            visited += len(current) + 1
            if self.accept in current:
                return True, visited
            if visited > budget:
                break
            if at < len(text):
                current = self._step(current, text[at])
        return False, visited

    def _step(self, current: set[int], char: str) -> set[int]:
        following: set[int] = set()
        for index in current:
            state = self.states[index]
            if state.chars is not None and state.chars.holds(char):
                following.update(state.following)
        return following

    def _closure(self, seeds: set[int], text: str, at: int) -> set[int]:
        """Return all states reached from `seeds` without reading a character."""
        pending = list(seeds)
        found = set(seeds)
        while pending:
            state = self.states[pending.pop()]
            if state.chars is not None or (state.place and not _holds(state.place, text, at)):
                continue
            for index in state.following:
                if index not in found:
                    found.add(index)
                    pending.append(index)
        return found


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """Return `pattern` ready for use; LocatedError with Go's message when RE2 does not know it."""
    program = _Program(pattern)
    accept = program.add(_State())
    start = program.emit(parse_pattern(pattern), accept)
    return Pattern(tuple(program.states), start, accept)
