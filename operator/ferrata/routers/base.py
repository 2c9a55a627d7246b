"""What a router is: it names the objects it needs, reads the split from them, and renders the writes for another.

What is not ours in a route stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ferrata.model.managed_routes import ManagedRoute
from ferrata.snapshot.rollout import RouteView

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ref:
    """An object that a router reads or writes. `kind` is "Ingress" or "HTTPRoute"."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Write:
    """One change: a new object when `create`, a merge patch otherwise, and what to say about it."""

    ref: Ref
    body: Json
    create: bool
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """The Rollout on whose behalf a route is written, and the two Services that it splits between."""

    namespace: str
    name: str
    uid: str
    canary_service: str
    stable_service: str
    max_weight: int


Objects = Mapping[Ref, Json]


class Router(Protocol):
    """One vendor's routes for one Rollout."""

    def needs(self) -> tuple[Ref, ...]:
        """Objects that must be at hand to read or render."""

    def observed(self, objects: Objects) -> RouteView:
        """What the objects say about the split, and whether the data plane is known to serve it."""

    @property
    def takes_managed_routes(self) -> bool:
        """Whether routes can be placed beside the split."""

    def render(self, canary: int, objects: Objects, routes: tuple[ManagedRoute, ...] = ()) -> tuple[Write, ...]:
        """Writes that make the canary's weight `canary` with exactly `routes` beside the split, the first of which
        counts first; none when it is so already. A router that takes no managed routes leaves them out.

        Raises SpecRejected when an object cannot carry the split.
        """
