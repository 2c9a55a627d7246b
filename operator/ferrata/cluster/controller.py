"""What the runtime asks of a controller: which keys a change concerns, and to bring one key forward."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Protocol

from ferrata.cluster.kinds import Kind
from ferrata.errors import FerrataError

Key = tuple[str, str]
"""Namespace and name."""


class Priority(IntEnum):
    """Who goes first: aborts and rollbacks, releases under way, the rest."""

    URGENT = 0
    ACTIVE = 1
    IDLE = 2


class Controller(Protocol):
    """Brings the objects of one kind forward."""

    name: str
    kind: Kind

    async def reconcile(self, key: Key) -> float | None:
        """Does what is due for `key`; seconds until it wants to be asked again, None for only on events.

        It is never run twice at once for a key, nor while the cache lacks something that an earlier run wrote.
        """

    def keys_for(
        self, kind: Kind, old: dict[str, Any] | None, new: dict[str, Any] | None
    ) -> Iterable[tuple[Key, Priority]]:
        """The keys that a change of an object of any kind concerns. Quick: it runs for every watch event."""

    async def rejected(self, key: Key, error: FerrataError) -> None:
        """Tells the author of `key` (SpecRejected) or the administrator (Forbidden) what `error` asks of them."""
