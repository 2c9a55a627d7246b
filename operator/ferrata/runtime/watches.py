"""The only importer of kopf. It streams our own kinds into the cache and writes nothing on anybody's objects.

kopf brings login, discovery, list and watch with reconnects. Everything of it that would write is turned off: no
finalizers (and a name of our own for them, since kopf takes its default finalizer off other people's objects), no
annotations, no Events. Two things it does not say are read off its requests (`Connection.session`'s `on_answer`):
that a watch is open, and that a list came before it. After such a list objects may be gone without a word, so
`opened(kind, relisted)` asks for another look.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import kopf
import structlog

from ferrata.cluster.cache import Cache
from ferrata.cluster.connection import Connection
from ferrata.cluster.kinds import Kind
from ferrata.errors import WorldUnavailable

log = structlog.get_logger(__name__)
_LOGIN_PAUSE = 2.0
Opened = Callable[[Kind, bool], None]


class EndlessBackoff:
    """Seconds between tries, for ever. Iterable anew for every request, which a generator would not be."""

    def __iter__(self) -> Iterator[float]:
        seconds = 1.0
        while True:
            yield seconds * random.uniform(0.8, 1.2)
            seconds = min(30.0, seconds * 2)


class NoDiffs(kopf.DiffBaseStorage):
    """Keeps no copy of what was last seen: no annotation, and no deep copy per event."""

    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        return None


class NoProgress(kopf.ProgressStorage):
    """Keeps no progress of handlers: there are none that could fail halfway."""

    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        return None

    def purge(self, **_: Any) -> None:
        return None

    def touch(self, **_: Any) -> None:
        return None

    def clear(self, *, essence: Any) -> Any:
        return essence


def kopf_settings(label_selector: str, kinds: Sequence[Kind]) -> kopf.OperatorSettings:
    """Settings with which kopf only reads."""
    settings = kopf.OperatorSettings()
    settings.persistence.finalizer = "ferrata.dev/never-used"
    settings.persistence.diffbase_storage = NoDiffs()
    settings.persistence.progress_storage = NoProgress()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.watching.chunk_size = 500
    settings.networking.error_backoffs = EndlessBackoff()
    settings.networking.request_timeout = 60
    if label_selector:
        for kind in kinds:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = label_selector
    return settings


class Watches:
    """kopf's streams of `kinds` into `cache`. `opened(kind, relisted)` hears of every stream that opens."""

    def __init__(
        self,
        connection: Connection,
        cache: Cache,
        kinds: Sequence[Kind],
        *,
        label_selector: str = "",
        namespace: str | None = None,
        opened: Opened,
    ) -> None:
        self._connection, self._cache, self._namespace, self._opened = connection, cache, namespace, opened
        self._paths = {kind.path(namespace): kind for kind in kinds}
        self._listed: set[Kind] = set()
        self._logins = 0
        self._registry = kopf.OperatorRegistry()
        self._settings = kopf_settings(label_selector, kinds)
        kopf.on.login(registry=self._registry)(self._login)
        for kind in kinds:
            self._register(kind)

    async def run(self, spawned: Callable[[], None] = lambda: None) -> None:
        """Streams until cancelled. Raises WorldUnavailable when kopf ends, which it does on answers it cannot accept.

        kopf takes over the signals of the process; `spawned` is called when it has, to take them back.
        """
        tasks = await kopf.spawn_tasks(
            registry=self._registry,
            settings=self._settings,
            standalone=True,
            clusterwide=self._namespace is None,
            namespaces=[self._namespace] if self._namespace else (),
        )
        spawned()
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        causes = [task.exception() for task in done if not task.cancelled()]
        cause = next((error for error in causes if error is not None), None)
        raise WorldUnavailable(f"the watches ended: {cause or 'kopf stopped'}") from cause

    def _register(self, kind: Kind) -> None:
        store = self._cache.store(kind)

        async def take_in(event: Any, **_: Any) -> None:
            try:
                store.apply(event["type"], event["object"])
            except Exception:
                # kopf would log it and go on; what was missed is read again.
                log.exception("an object was not taken in", kind=kind.plural)
                self._opened(kind, True)

        register = kopf.on.event(
            kind.group, kind.version, kind.plural, id=f"watch-{kind.plural}", registry=self._registry
        )
        register(take_in)

    async def _login(self, **_: Any) -> kopf.AiohttpSession:
        """A new session; kopf asks again, without a pause of its own, when the API server refused the last one."""
        if self._logins:
            await asyncio.sleep(_LOGIN_PAUSE)
        self._logins += 1
        return kopf.AiohttpSession(
            server=self._connection.server,
            default_namespace=self._namespace or "default",
            aiohttp_session=self._connection.session(limit=0, on_answer=self._answered),
        )

    def _answered(self, method: str, path: str, query: Mapping[str, str], status: int) -> None:
        kind = next((kind for ending, kind in self._paths.items() if path.endswith(ending)), None)
        if kind is None or method != "GET" or status != 200:
            return
        if query.get("watch") != "true":
            self._listed.add(kind)
            return
        self._opened(kind, kind in self._listed)
        self._listed.discard(kind)
