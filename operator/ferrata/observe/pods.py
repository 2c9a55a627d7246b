"""The pods of a Rollout, read live: nobody watches them, because only a restart looks at single pods."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ferrata.cluster.cache import owner_uid
from ferrata.cluster.kinds import PODS, REPLICA_SETS
from ferrata.cluster.machinery import Machinery
from ferrata.model import keys
from ferrata.model.status import parse_time
from ferrata.observe.rollout import Observed
from ferrata.plan.rollout import restart
from ferrata.snapshot.rollout import PodView

Json = dict[str, Any]


async def with_pods(machinery: Machinery, observed: Observed) -> Observed:
    """What was observed, with the pods added where the decision depends on them."""
    s = observed.snapshot
    if not restart.needs_pods(s):
        return observed
    sets = {rs["metadata"]["uid"] for rs in machinery.cache.store(REPLICA_SETS).owned_by(s.spec.uid)}
    found, _ = await machinery.client.list(PODS, s.spec.namespace, label_selector=s.spec.selector)
    pods = tuple(_pod(pod, s.spec.min_ready_seconds, s.now) for pod in found if owner_uid(pod) in sets)
    return replace(observed, snapshot=replace(s, pods=pods))


def _pod(pod: Json, min_ready_seconds: int, now: datetime) -> PodView:
    metadata = pod["metadata"]
    is_terminating = bool(metadata.get("deletionTimestamp"))
    return PodView(
        name=metadata["name"],
        hash=(metadata.get("labels") or {}).get(keys.POD_TEMPLATE_HASH, ""),
        created=parse_time(metadata.get("creationTimestamp")) or now,
        is_available=not is_terminating and _has_been_ready(pod, now - timedelta(seconds=min_ready_seconds)),
        is_terminating=is_terminating,
    )


def _has_been_ready(pod: Json, since: datetime) -> bool:
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "Ready" and condition.get("status") == "True":
            changed = parse_time(condition.get("lastTransitionTime"))
            return changed is None or changed <= since
    return False
