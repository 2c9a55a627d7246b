"""A list-and-watch of our own for the busier kinds: a third of kopf's CPU, and deletions are never lost.

`list_into` is also the start-up barrier and the sweep for the kinds that kopf streams. A whole list replaces what is
held: what it does not show was deleted while nobody looked (`Store.prune`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import structlog

from ferrata.cluster.cache import Cache, Store
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import Kind
from ferrata.errors import Expired, FerrataError, NotFound

log = structlog.get_logger(__name__)
_BETWEEN_LOOKS = 5.0
"""Seconds, at least, between two looks for a kind that is wanted and not served."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_SHORTEST_STREAM = 1.0


async def list_into(client: ApiClient, store: Store, namespace: str | None, label_selector: str) -> tuple[str, int]:
    """Reads every object of the store's kind once: the version to watch from, and how many changes that brought.

    Raises NotFound when the API server does not serve the kind.
    """
    seen: set[str] = set()
    version, changed = "", 0
    async for page in client.pages(store.kind, namespace, label_selector=label_selector):
        version = page.resource_version
        for item in page.items:
            seen.add(item["metadata"]["uid"])
            changed += store.apply(None, item)
    return version, changed + store.prune(seen, version)


class Reflector:
    """Keeps the store of one kind up to date until it is cancelled.

    A kind that is not served counts as empty, and is not looked for until somebody wants it (`Store.want`).

    `synced` is set after the first whole list; `trouble` is what stands in the way right now, "" when all is well.
    `on_open(plural, relisted)` hears of every stream that opens.
    """

    def __init__(
        self,
        client: ApiClient,
        cache: Cache,
        kind: Kind,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        on_open: Callable[[str, bool], None] = lambda _kind, _relisted: None,
    ) -> None:
        self.kind, self.trouble = kind, ""
        self.synced = asyncio.Event()
        self._client, self._store = client, cache.store(kind)
        self._namespace, self._selector, self._on_open = namespace, label_selector, on_open
        self._version, self._relisted = "", True

    async def run(self) -> None:
        """Lists, then watches; after a break from where it was, after an expired version from a new list."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._list()
                pause = _FIRST_PAUSE
                await self._follow()
            except NotFound:
                await self._wait_until_served()
            except Expired as error:
                log.info("watch expired, listing again", kind=self.kind.plural, error=str(error))
                await asyncio.sleep(random.uniform(0.05, 0.2))
            except FerrataError as error:
                self.trouble = str(error)
                log.warning("list failed", kind=self.kind.plural, error=str(error), retry_in=round(pause, 1))
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))
                pause = min(_LONGEST_PAUSE, pause * 2)

    async def _list(self) -> None:
        self._version, _ = await list_into(self._client, self._store, self._namespace, self._selector)
        self.trouble = ""
        self.synced.set()

    async def _wait_until_served(self) -> None:
        """The kind's definition is not installed (any more): that is no trouble, nothing of it exists."""
        self._store.empty()
        self.trouble = ""
        self.synced.set()
        looked_at = asyncio.get_running_loop().time()
        await self._store.wanted.wait()
        await asyncio.sleep(looked_at + _BETWEEN_LOOKS - asyncio.get_running_loop().time())

    async def _follow(self) -> None:
        """Watches, stream after stream. Raises Expired when a new list is needed, NotFound when the kind went away."""
        self._relisted, pause, loop = True, 0.0, asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                await self._stream()
            except (Expired, NotFound):
                raise
            except FerrataError as error:
                log.info("watch broke, going on", kind=self.kind.plural, error=str(error))
            lived = loop.time() - started
            pause = 0.0 if lived >= _SHORTEST_STREAM else min(_LONGEST_PAUSE, max(0.1, pause * 2))
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))

    def _note_opened(self) -> None:
        self._on_open(self.kind.plural, self._relisted)
        self._relisted = False

    async def _stream(self) -> None:
        """One stream to its end, remembering how far it came."""
        events = self._client.watch(
            self.kind, self._namespace, self._version, label_selector=self._selector, opened=self._note_opened
        )
        async for event in events:
            obj = event["object"]
            if event["type"] == "ERROR":
                raise Expired(str(obj.get("message") or f"the watch answered {obj.get('code')}"))
            if event["type"] != "BOOKMARK":
                self._store.apply(event["type"], obj)
            self._version = obj["metadata"]["resourceVersion"]
