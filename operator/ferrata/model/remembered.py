"""Results that are remembered for as long as the same object is asked about: an object, not one that is equal to it.

What is read from the cache is shared and never changed, and an object keeps its `spec` while only its status changes.
So what follows from a spec alone is worked out once for all the passes of a release.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """The last `most` results of one pure function, by the identity of the object that they follow from."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._held: dict[tuple[int, Hashable], tuple[object, T]] = {}

    def of(self, source: object, make: Callable[[], T], variant: Hashable = None) -> T:
        """What `make` returned for this very `source` (and `variant`) before, or returns now.

        `source` is held, so that its identity is not given to another object; nobody may change it.
        """
        key = (id(source), variant)
        if (found := self._held.get(key)) is not None:
            return found[1]
        value = make()
        if len(self._held) >= self._most:
            del self._held[next(iter(self._held))]
        self._held[key] = (source, value)
        return value
