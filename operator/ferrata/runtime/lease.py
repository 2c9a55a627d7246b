"""Leader election by a Lease. The fence is what matters: it closes before anybody else can have taken the lease.

Only our own monotonic clock is compared, never two machines' clocks: another holder's lease counts as expired when it
has not changed for its whole duration while we looked. Durations follow Kubernetes' own controllers: 15, 10, 2 s. The
fence counts from before the renewal was sent, and closes `_MARGIN` early, for a write that is already on its way.
"""

from __future__ import annotations

import asyncio
import random
import socket
import uuid
from dataclasses import dataclass
from typing import Any

import structlog

from ferrata.clock import Clock
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import LEASES
from ferrata.errors import AlreadyExists, Conflict, FerrataError, NotFound

log = structlog.get_logger(__name__)
_MARGIN = 1.0
"""Seconds by which the fence closes before the lease could be taken; a tenth of the lease where that is less."""


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Seconds: how long a lease holds, how long its holder tries to renew it, and the pause between attempts."""

    lease: float = 15.0
    renew: float = 10.0
    retry: float = 2.0


class Elector:
    """Takes, keeps and gives back one lease. `client` is one of its own, so that load cannot starve renewals."""

    def __init__(
        self, client: ApiClient, clock: Clock, *, namespace: str, name: str, times: LeaseTimes, identity: str = ""
    ) -> None:
        self._client, self._clock, self._times = client, clock, times
        self._namespace, self._name = namespace, name
        self.identity = identity or f"{socket.gethostname()}_{uuid.uuid4()}"
        self._seen: tuple[Any, ...] = ()
        self._seen_at = 0.0
        self._renewed_at = float("-inf")
        self._lost = False
        self.acquired = asyncio.Event()

    def valid(self) -> bool:
        """Whether nobody else can hold the lease now. To be asked before every write."""
        margin = min(_MARGIN, 0.1 * self._times.lease)
        until = self._renewed_at + self._times.lease - margin
        return self.acquired.is_set() and not self._lost and self._clock.monotonic() < until

    @property
    def since_renewal(self) -> float:
        """Seconds since the last renewal was sent; infinite before the first."""
        return self._clock.monotonic() - self._renewed_at

    async def run(self) -> None:
        """Takes the lease and keeps it; returns when it is lost."""
        await self._take()
        log.info("lease taken", lease=self._name, namespace=self._namespace, identity=self.identity)
        self.acquired.set()
        try:
            while (left := self._times.renew - self.since_renewal) > 0:
                renewed = await self._attempt(left)
                await asyncio.sleep(self._times.retry if renewed else min(0.5, self._times.retry))
        finally:
            self._lost = True

    async def release(self) -> None:
        """Gives the lease back, so that another replica need not wait for it to expire. Only after all work ended."""
        self._lost = True
        lease = await self._client.get(LEASES, self._namespace, self._name)
        if (lease.get("spec") or {}).get("holderIdentity") == self.identity:
            lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": self._now()}
            await self._client.replace(LEASES, self._namespace, self._name, lease)

    async def _take(self) -> None:
        taken = await self._attempt(self._times.renew)
        while not taken:
            await asyncio.sleep(self._times.retry * random.uniform(1.0, 1.2))
            taken = await self._attempt(self._times.renew)

    async def _attempt(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._try()
        except (AlreadyExists, Conflict):
            return False
        except (FerrataError, TimeoutError) as error:
            where = f"{self._namespace}/{self._name}"
            log.warning("lease not renewed", lease=where, error=str(error) or "no answer in time")
            return False

    async def _try(self) -> bool:
        asked_at = self._clock.monotonic()
        try:
            lease = await self._client.get(LEASES, self._namespace, self._name)
        except NotFound:
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self._name}}
            await self._client.create(LEASES, self._namespace, body | {"spec": self._claim({})})
        else:
            if self._is_held_by_another(lease.get("spec") or {}):
                return False
            lease["spec"] = self._claim(lease.get("spec") or {})
            await self._client.replace(LEASES, self._namespace, self._name, lease)
        self._renewed_at = asked_at
        return True

    def _is_held_by_another(self, spec: dict[str, Any]) -> bool:
        seen = (spec.get("holderIdentity"), spec.get("renewTime"), spec.get("leaseTransitions"))
        now = self._clock.monotonic()
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        holder = spec.get("holderIdentity") or ""
        duration = spec.get("leaseDurationSeconds") or self._times.lease
        return holder not in {"", self.identity} and now < self._seen_at + duration

    def _claim(self, old: dict[str, Any]) -> dict[str, Any]:
        """The spec with us as holder. A change of holder counts as one transition."""
        now = self._now()
        seconds = max(1, round(self._times.lease))
        claim = old | {"holderIdentity": self.identity, "renewTime": now, "leaseDurationSeconds": seconds}
        if old.get("holderIdentity") != self.identity:
            transitions = int(old.get("leaseTransitions") or 0) + 1 if old else 0
            claim |= {"acquireTime": now, "leaseTransitions": transitions}
        return claim

    def _now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
