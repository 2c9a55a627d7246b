"""Evicting pods, which is how they are restarted: their ReplicaSet makes new ones."""

from __future__ import annotations

import structlog

from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import PODS
from ferrata.errors import NotFound, Throttled

log = structlog.get_logger(__name__)


async def evict(client: ApiClient, namespace: str, pod: str) -> None:
    """Asks for the eviction of `pod`. One that is gone is what was wanted; one that a budget holds is tried later."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
    try:
        await client.act(PODS, namespace, pod, "eviction", body)
    except NotFound:
        return
    except Throttled as refusal:
        log.info("a pod may not be evicted yet", namespace=namespace, pod=pod, reason=str(refusal))
