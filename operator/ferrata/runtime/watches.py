"""The only importer of kopf. It streams our own kinds into the cache and writes nothing on anybody's objects.

kopf re-lists after an expired watch without reporting what was deleted meanwhile; `relisted` is called then, so that
the kind is read once more and what is gone is pruned.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import aiohttp
import kopf

from ferrata.cluster.cache import Cache
from ferrata.cluster.connection import Connection
from ferrata.cluster.kinds import Kind


class EndlessBackoff:
    """Seconds between tries, for ever. Iterable anew for every request, which a generator would not be."""

    def __iter__(self) -> Iterator[float]:
        seconds = 1.0
        while True:
            yield seconds * random.uniform(0.8, 1.2)
            seconds = min(30.0, seconds * 2)


class _NoDiffs(kopf.DiffBaseStorage):
    """Keeps no copy of what was last seen: no annotation, and no deep copy per event."""

    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        return None


class _NoProgress(kopf.ProgressStorage):
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


def _settings(label_selector: str, kinds: Sequence[Kind]) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    # kopf takes a finalizer of its default name away wherever it sees it, another operator's too.
    settings.persistence.finalizer = "ferrata.dev/never-used"
    settings.persistence.diffbase_storage = _NoDiffs()
    settings.persistence.progress_storage = _NoProgress()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.networking.error_backoffs = EndlessBackoff()
    settings.networking.request_timeout = 60
    if label_selector:
        for kind in kinds:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = label_selector
    return settings


class Watches:
    """kopf's streams of `kinds` into `cache`. `relisted(kind)` is called after each list that kopf made."""

    def __init__(
        self,
        connection: Connection,
        cache: Cache,
        kinds: Sequence[Kind],
        *,
        label_selector: str = "",
        namespace: str | None = None,
        relisted: Callable[[Kind], None],
    ) -> None:
        self._connection, self._cache, self._namespace, self._relisted = connection, cache, namespace, relisted
        self._paths = {kind.path(namespace if kind.namespaced else None): kind for kind in kinds}
        self._listed: set[Kind] = set()
        self._registry = kopf.OperatorRegistry()
        self._settings = _settings(label_selector, kinds)
        kopf.on.login(registry=self._registry)(self._login)
        for kind in kinds:
            self._register(kind)

    def _register(self, kind: Kind) -> None:
        store = self._cache.store(kind)

        async def take_in(event: Any, **_: Any) -> None:
            store.apply(event["type"], event["object"])

        kopf.on.event(kind.group, kind.version, kind.plural, id=f"watch-{kind.plural}", registry=self._registry)(
            take_in
        )

    async def _login(self, **_: Any) -> kopf.AiohttpSession:
        session = self._connection.session()
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._answered)
        trace.freeze()
        session.trace_configs.append(trace)
        return kopf.AiohttpSession(
            server=self._connection.server, default_namespace=self._namespace or "default", aiohttp_session=session
        )

    async def _answered(self, _session: Any, _context: Any, params: aiohttp.TraceRequestEndParams) -> None:
        """Notes lists, and reports the watch that opens after one."""
        kind = self._paths.get(params.url.path)
        if kind is None or params.method != "GET" or params.response.status != 200:
            return
        if params.url.query.get("watch") != "true":
            self._listed.add(kind)
        elif kind in self._listed:
            self._listed.discard(kind)
            self._relisted(kind)

    async def run(self) -> None:
        """Streams until cancelled. Raises what ended kopf, which it never does by itself."""
        stop = asyncio.Event()
        tasks = await kopf.spawn_tasks(
            registry=self._registry,
            settings=self._settings,
            standalone=True,
            stop_flag=stop,
            clusterwide=self._namespace is None,
            namespaces=[self._namespace] if self._namespace else (),
        )
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
