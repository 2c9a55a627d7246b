"""Labels and annotations of the live pods of one revision. Pods are listed when they are needed, and never watched."""

from __future__ import annotations

import asyncio
from typing import Any

from ferrata.cluster.cache import owner_uid
from ferrata.cluster.client import ApiClient
from ferrata.cluster.kinds import PODS
from ferrata.errors import FerrataError, LeadershipLost, NotFound, WorldUnavailable
from ferrata.model.pod_metadata import PodMetadata

Json = dict[str, Any]
_AT_ONCE = 10
"""Pods that are patched at the same time."""


async def label(
    client: ApiClient, namespace: str, selector: str, owner: str, wanted: PodMetadata, former: PodMetadata
) -> None:
    """The pods that `selector` selects and the object with uid `owner` owns carry `wanted`, and nothing else of
    `former`. Other keys are left alone, and pods that have what they should are not written.

    Raises WorldUnavailable when a pod could not be written, after all others were; a pod that is gone is no failure.
    """
    listed, _ = await client.list(PODS, namespace, label_selector=selector)
    patches = [(pod, _missing(pod, wanted.instead_of(former))) for pod in listed if owner_uid(pod) == owner]
    changes = [(str(pod["metadata"]["name"]), patch) for pod, patch in patches if patch]
    slots = asyncio.Semaphore(_AT_ONCE)

    async def write(name: str, metadata: Json) -> FerrataError | None:
        async with slots:
            try:
                await client.patch(PODS, namespace, name, {"metadata": metadata})
            except (NotFound, LeadershipLost) as error:
                return error if isinstance(error, LeadershipLost) else None
            except FerrataError as error:
                return error
        return None

    answers = await asyncio.gather(*(write(name, patch) for name, patch in changes))
    failures = [error for error in answers if error is not None]
    if lost := next((error for error in failures if isinstance(error, LeadershipLost)), None):
        raise lost
    if failures:
        raise WorldUnavailable(f"{len(failures)} of {len(changes)} pods could not be labelled: {failures[0]}")


def _missing(pod: Json, patch: Json) -> Json:
    """What of `patch` is not so already."""
    found = {}
    for name, pairs in patch.items():
        held = pod["metadata"].get(name) or {}
        if left := {key: value for key, value in pairs.items() if held.get(key) != value}:
            found[name] = left
    return found
