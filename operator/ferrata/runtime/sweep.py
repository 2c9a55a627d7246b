"""The net under the watches: a kind is listed anew when its stream may have missed deletions, and now and then."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from ferrata.cluster.cache import Cache
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import Kind
from ferrata.cluster.reflector import list_into
from ferrata.cluster.telemetry import Telemetry
from ferrata.errors import FerrataError, LeadershipLost, NotFound

log = structlog.get_logger(__name__)
_SETTLE = 1.0


@dataclass(frozen=True, slots=True)
class Source:
    """One kind as it is watched."""

    kind: Kind
    namespace: str | None
    label_selector: str


class Sweep:
    """`period` seconds between sweeps of everything, a tenth more or less."""

    def __init__(
        self, client: ApiClient, cache: Cache, sources: Sequence[Source], period: float, telemetry: Telemetry
    ) -> None:
        self._client, self._cache, self._period, self._telemetry = client, cache, period, telemetry
        self._sources = {source.kind: source for source in sources}
        self._asked: set[Kind] = set()
        self._wake = asyncio.Event()

    def ask(self, kind: Kind) -> None:
        """Lists that kind soon. Asked for twice, it is listed once."""
        self._asked.add(kind)
        self._wake.set()

    async def run(self) -> None:
        """Sweeps until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._period * random.uniform(0.9, 1.1)):
                    await self._wake.wait()
            except TimeoutError:
                self._asked.update(self._sources)
            await asyncio.sleep(_SETTLE)
            self._wake.clear()
            asked, self._asked = self._asked, set()
            for kind in asked:
                await self._sweep(self._sources[kind])

    async def _sweep(self, source: Source) -> None:
        store, plural = self._cache.store(source.kind), source.kind.plural
        if not store.served:
            return  # its reflector looks when somebody wants it, and then also watches
        try:
            _, changes = await list_into(self._client, store, source.namespace, source.label_selector)
        except NotFound:
            return
        except LeadershipLost:
            raise
        except FerrataError as error:
            log.warning("sweep failed, again soon", kind=plural, error=str(error))
            self.ask(source.kind)
            return
        if changes:
            log.info("a list showed changes before any watch did", kind=plural, changes=changes)
            self._telemetry.drift_found(plural, changes)
