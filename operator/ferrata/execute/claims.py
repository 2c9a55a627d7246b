"""Whose a ReplicaSet is: orphans that a Rollout selects are adopted, and those that it no longer selects are released.

Only ReplicaSets with a pod template hash count, so that those of Deployments are never touched; one that another
controller owns is left alone.
"""

from __future__ import annotations

from typing import Any

import structlog

from ferrata.cluster.cache import owner_uid
from ferrata.cluster.kinds import REPLICA_SETS, ROLLOUTS
from ferrata.cluster.machinery import Machinery
from ferrata.errors import NotFound
from ferrata.execute.manifests import owner_reference
from ferrata.model import keys
from ferrata.model.selectors import selects

Json = dict[str, Any]
log = structlog.get_logger(__name__)


def wants(rollout: Json, rs: Json) -> bool:
    """Whether `rollout` would adopt `rs`: it selects it, nobody owns it, and neither is being deleted."""
    return (
        not owner_uid(rs)
        and not rs["metadata"].get("deletionTimestamp")
        and not rollout["metadata"].get("deletionTimestamp")
        and rs["metadata"]["namespace"] == rollout["metadata"]["namespace"]
        and keys.POD_TEMPLATE_HASH in _labels(rs)
        and selects(_selector(rollout), _labels(rs))
    )


async def adopt(machinery: Machinery, rollout: Json, orphans: list[Json]) -> None:
    """Makes those of `orphans` that it selects the Rollout's own, once a live read says that it still exists."""
    wanted = [rs for rs in orphans if wants(rollout, rs)]
    if not wanted or not await _is_alive(machinery, rollout):
        return
    for rs in wanted:
        others = rs["metadata"].get("ownerReferences") or []
        await _write_owners(machinery, rs, [*others, owner_reference(rollout)])
        log.info("adopted", replica_set=rs["metadata"]["name"], rollout=rollout["metadata"]["name"])


async def release(machinery: Machinery, rollout: Json) -> None:
    """Gives up ReplicaSets of the Rollout that it does not select any more; without a selector nothing is known."""
    if not _selector(rollout):
        return
    uid = rollout["metadata"]["uid"]
    for rs in machinery.cache.store(REPLICA_SETS).owned_by(uid):
        if rs["metadata"].get("deletionTimestamp") or selects(_selector(rollout), _labels(rs)):
            continue
        others = [owner for owner in rs["metadata"].get("ownerReferences") or [] if owner.get("uid") != uid]
        await _write_owners(machinery, rs, others)
        log.info("released", replica_set=rs["metadata"]["name"], rollout=rollout["metadata"]["name"])


async def _is_alive(machinery: Machinery, rollout: Json) -> bool:
    metadata = rollout["metadata"]
    try:
        live = await machinery.client.get(ROLLOUTS, metadata["namespace"], metadata["name"])
    except NotFound:
        return False
    return live["metadata"]["uid"] == metadata["uid"] and not live["metadata"].get("deletionTimestamp")


async def _write_owners(machinery: Machinery, rs: Json, owners: list[Json]) -> None:
    """Refused when the ReplicaSet changed since it was looked at."""
    metadata = rs["metadata"]
    guard = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    body = {"metadata": {**guard, "ownerReferences": owners}}
    answer = await machinery.client.patch(REPLICA_SETS, metadata["namespace"], metadata["name"], body)
    machinery.cache.store(REPLICA_SETS).apply(None, answer)


def _labels(rs: Json) -> dict[str, str]:
    return rs["metadata"].get("labels") or {}


def _selector(rollout: Json) -> Json:
    return (rollout.get("spec") or {}).get("selector") or {}
