"""Leader election by a Lease. The fence is what matters: it closes before anybody else can have taken the lease.

Only our own monotonic clock is compared, never two machines' clocks: another holder's lease counts as expired when it
has not changed for its whole duration while we looked. Durations follow Kubernetes' own controllers: 15, 10, 2 s.
"""

from __future__ import annotations

import asyncio
import random
import socket
import uuid
from typing import Any

import structlog

from ferrata.clock import Clock
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import LEASES
from ferrata.errors import FerrataError, NotFound
from ferrata.settings import Settings

log = structlog.get_logger(__name__)
_MARGIN = 1.0
"""Seconds by which the fence closes before the lease could be taken."""


def lease_name(instance_id: str) -> str:
    """The Lease that Argo Rollouts uses, so that the two controllers never act at once."""
    return "argo-rollouts-controller-lock" + (f"-{instance_id}" if instance_id else "")


class Elector:
    """Takes, keeps and gives back the lease. `client` is one of its own, so that load cannot starve renewals."""

    def __init__(self, client: ApiClient, clock: Clock, settings: Settings) -> None:
        self._client, self._clock, self._settings = client, clock, settings
        self._name, self._namespace = lease_name(settings.instance_id), settings.controller_namespace
        self.identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        self._seen: tuple[Any, ...] = ()
        self._seen_at = 0.0
        self._renewed_at = float("-inf")
        self.acquired = asyncio.Event()
        self._lost = False

    def is_valid(self) -> bool:
        """Whether nobody else can hold the lease now. To be asked before every write."""
        if not self._settings.leader_elect:
            return True
        until = self._renewed_at + self._settings.lease_duration - _MARGIN
        return self.acquired.is_set() and not self._lost and self._clock.monotonic() < until

    async def run(self) -> None:
        """Takes the lease and keeps it; returns when it is lost."""
        while not await self._attempt(self._settings.renew_deadline):
            await asyncio.sleep(self._settings.retry_period * random.uniform(1.0, 1.2))
        self.acquired.set()
        while (left := self._renewed_at + self._settings.renew_deadline - self._clock.monotonic()) > 0:
            renewed = await self._attempt(left)
            await asyncio.sleep(self._settings.retry_period if renewed else min(0.5, self._settings.retry_period))
        self._lost = True

    async def release(self) -> None:
        """Gives the lease back, so that another replica need not wait for it to expire."""
        self._lost = True
        lease = await self._client.get(LEASES, self._namespace, self._name)
        if lease["spec"].get("holderIdentity") == self.identity:
            lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": self._now()}
            await self._client.replace(LEASES, self._namespace, self._name, lease)

    async def _attempt(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._try()
        except (FerrataError, TimeoutError) as error:
            log.warning("lease not renewed", error=str(error) or "no answer in time")
            return False

    async def _try(self) -> bool:
        asked_at = self._clock.monotonic()
        try:
            lease = await self._client.get(LEASES, self._namespace, self._name)
        except NotFound:
            spec = self._claim({})
            await self._client.create(LEASES, self._namespace, {"metadata": {"name": self._name}, "spec": spec})
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
        duration = spec.get("leaseDurationSeconds") or self._settings.lease_duration
        return holder not in {"", self.identity} and now < self._seen_at + duration

    def _claim(self, old: dict[str, Any]) -> dict[str, Any]:
        now = self._now()
        claim = old | {
            "holderIdentity": self.identity,
            "renewTime": now,
            "leaseDurationSeconds": max(1, int(self._settings.lease_duration)),
        }
        if old.get("holderIdentity") != self.identity:
            claim |= {"acquireTime": now, "leaseTransitions": (old.get("leaseTransitions") or -1) + 1 if old else 0}
        return claim

    def _now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
