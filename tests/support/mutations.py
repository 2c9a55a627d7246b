"""JSON objects as a careless or hostile author would leave them: a valid one with a few places changed at random."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
Place = tuple[str | int, ...]

_ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    -(10**40),
    0.5,
    float("nan"),
    float("inf"),
    "",
    "-1",
    "9999-12-31T23:59:59Z",
    "9999999h",
    "5%",
    "NaN",
    "{{args.x}}",
    "{{",
    "((",
    "ы\u0000\ud7ff\U0001f600",
    "x" * 5_000,
    [],
    [None],
    {},
    {"x": None},
    {"": {"": [[]]}},
]
"""Values that have surprised somebody."""


def _deep(levels: int) -> Any:
    value: Any = "deep"
    for level in range(levels):
        value = [value] if level % 2 else {"x": value}
    return value


VALUES = st.one_of(
    st.sampled_from(_ODD),
    st.builds(_deep, st.integers(1, 60)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    ),
)


def places(value: Any, prefix: Place = ()) -> list[Place]:
    """Every place below `value`, outer ones first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in inner for place in ((*prefix, key), *places(item, (*prefix, key)))]


def _drawn(draw: st.DrawFn) -> Any:
    """A value of its own: a later change may go into it, and must not reach the ones that are drawn after it."""
    return copy.deepcopy(draw(VALUES))


def _change(draw: st.DrawFn, owner: Any, key: Any) -> None:
    """One of: another value, gone, there twice, under a misspelt name, with a stranger beside it."""
    match draw(st.sampled_from(["replace", "replace", "remove", "repeat", "rename", "add"])):
        case "replace":
            owner[key] = _drawn(draw)
        case "remove":
            del owner[key]
        case "repeat" if isinstance(owner, list):
            owner.insert(key, copy.deepcopy(owner[key]))
        case "rename" if isinstance(owner, dict):
            owner[draw(st.sampled_from([f"{key}x", key[::-1], key.upper(), ""]))] = owner.pop(key)
        case _ if isinstance(owner, dict):
            owner[draw(st.text(max_size=8))] = _drawn(draw)


@st.composite
def mutated(draw: st.DrawFn, valid: list[Json], *parts: str, most: int = 3) -> Json:
    """One of `valid` with up to `most` changes below `parts` of it."""
    obj = copy.deepcopy(draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(0, most))):
        free = [place for place in places(obj) if place[0] in parts]
        if not free:
            break
        *path, key = draw(st.sampled_from(free))
        owner: Any = obj
        for part in path:
            owner = owner[part]
        _change(draw, owner, key)
    return obj
