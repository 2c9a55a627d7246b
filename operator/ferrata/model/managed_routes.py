"""Routes that steps place beside the split: requests of a kind that go to the canary, or that it gets a copy of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class MatchKind(Enum):
    """How a text is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class TextMatch:
    """Texts that match `value`."""

    kind: MatchKind
    value: str


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """Requests with a header whose value matches."""

    name: str
    value: TextMatch


@dataclass(frozen=True, slots=True)
class RequestMatch:
    """Requests for which all parts hold; a part that is None or empty holds for every request."""

    headers: tuple[HeaderMatch, ...] = ()
    method: TextMatch | None = None
    path: TextMatch | None = None


@dataclass(frozen=True, slots=True)
class ManagedRoute:
    """A route by the name that `managedRoutes` lists. One without matches takes an earlier one of its name away.

    `mirror_percent` is the share of matching requests that the canary gets a copy of; None for a route that sends
    matching requests to the canary altogether.
    """

    name: str
    matches: tuple[RequestMatch, ...] = ()
    mirror_percent: int | None = None


def in_force(asked: Sequence[ManagedRoute], precedence: Sequence[str]) -> tuple[ManagedRoute, ...]:
    """What remains when `asked` is done in its order, sorted by the place of the names in `precedence`."""
    last = {route.name: route for route in asked}
    return tuple(last[name] for name in dict.fromkeys(precedence) if name in last and last[name].matches)
