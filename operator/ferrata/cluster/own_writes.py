"""Memory of our own writes, so that no decision is taken on a picture older than what we did ourselves.

After a write the cache lags by some milliseconds. Each piece of work (one controller's key) remembers what it wrote;
while the cache does not show it yet, the work waits for the watch. A watch that stays silent for `limit` seconds is
not waited for: `relearn` reads live and puts the answer through the cache's own rules.

Nothing needs to be reported by hand: inside `on_behalf_of(work)` every successful write of the client is remembered.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ferrata.clock import Clock
from ferrata.cluster.cache import Cache, version
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import Kind
from ferrata.errors import NotFound

Json = dict[str, Any]
Address = tuple[Kind, str, str]
"""Kind, namespace ("" for cluster-wide objects) and name."""

_FIRST_DELAY = 0.1
_LONGEST_DELAY = 2.0
_work: ContextVar[Hashable | None] = ContextVar("work", default=None)


@dataclass(frozen=True, slots=True)
class _Write:
    uid: str
    version: int
    at: float
    deleted: bool = False


class OwnWrites:
    """`limit`: seconds after which a write that the cache does not show is looked up live."""

    def __init__(self, clock: Clock, limit: float = 5.0) -> None:
        self._clock, self._limit = clock, limit
        self._writes: dict[Hashable, dict[Address, _Write]] = {}
        self._delays: dict[Hashable, float] = {}

    @contextmanager
    def on_behalf_of(self, work: Hashable) -> Iterator[None]:
        """Writes made inside, in child tasks too, are remembered for `work`."""
        token = _work.set(work)
        try:
            yield
        finally:
            _work.reset(token)

    def answered(self, kind: Kind, answer: Json) -> None:
        """The client's hook: a write of the current work was answered by the object as it now is."""
        if (work := _work.get()) is not None:
            metadata = answer["metadata"]
            write = _Write(metadata["uid"], version(answer), self._clock.monotonic())
            self._writes.setdefault(work, {})[kind, metadata.get("namespace", ""), metadata["name"]] = write

    def deleted(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """The client's hook: the current work deleted that object, and it is gone from the API server."""
        if (work := _work.get()) is not None:
            write = _Write(uid, 0, self._clock.monotonic(), deleted=True)
            self._writes.setdefault(work, {})[kind, namespace, name] = write

    def record(self, work: Hashable, kind: Kind, namespace: str, name: str, resource_version: str) -> None:
        """Remembers one write by hand, for a client without the hook."""
        write = _Write("", int(resource_version), self._clock.monotonic())
        self._writes.setdefault(work, {})[kind, namespace, name] = write

    def stale(self, work: Hashable, cache: Cache) -> bool:
        """Whether the cache still lacks something that `work` wrote."""
        writes = self._writes.get(work)
        if not writes:
            return False
        for address, write in list(writes.items()):
            if _shown(write, address, cache):
                del writes[address]
        if not writes:
            self.forget(work)
        return bool(writes)

    def delay(self, work: Hashable) -> float:
        """Seconds until `work` should look again if no event wakes it: 0.1, doubling to 2."""
        seconds = self._delays.get(work, _FIRST_DELAY)
        self._delays[work] = min(_LONGEST_DELAY, 2 * seconds)
        return seconds

    async def relearn(self, work: Hashable, client: ApiClient, cache: Cache) -> int:
        """Reads live what the cache has lacked for longer than the limit; how many objects that were."""
        late = self._clock.monotonic() - self._limit
        overdue = [address for address, write in self._writes.get(work, {}).items() if write.at <= late]
        for address in overdue:
            kind, namespace, name = address
            try:
                cache.store(kind).apply(None, await client.get(kind, namespace, name))
            except NotFound:
                cache.store(kind).vanished(namespace, name)
            self._writes.get(work, {}).pop(address, None)
        return len(overdue)

    def forget(self, work: Hashable) -> None:
        """Drops everything about `work`."""
        self._writes.pop(work, None)
        self._delays.pop(work, None)


def _shown(write: _Write, address: Address, cache: Cache) -> bool:
    """Whether the cache is at least as new as that write. A kind that nobody watches shows everything."""
    kind, namespace, name = address
    if not cache.watches(kind):
        return True
    store = cache.store(kind)
    held = store.get(namespace, name)
    if write.deleted:
        return held is None or held["metadata"]["uid"] != write.uid
    if store.is_dead(write.uid):
        return True
    return held is not None and version(held) >= write.version
