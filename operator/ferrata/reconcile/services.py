"""Services that a Rollout has let go of: gone, or pointing elsewhere. They select all pods of their app again.

A Service that still selects one revision after that would lose its pods with the next release of anybody. Only what
is known for certain counts: whether its Rollout exists is read live, and an API server that does not answer has not
said no.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import structlog

from ferrata.cluster.controller import Key, Priority
from ferrata.cluster.kinds import ROLLOUTS, SERVICES, Kind
from ferrata.cluster.machinery import Machinery
from ferrata.errors import FerrataError, NotFound, SpecRejected
from ferrata.model import keys
from ferrata.reconcile.checks import check

Json = dict[str, Any]
log = structlog.get_logger(__name__)
_UNTIL_VALID = 10.0
"""Seconds after which a Rollout that makes no sense is looked at again."""
_FIELDS = {"canary": ("canaryService", "stableService"), "blueGreen": ("activeService", "previewService")}


class ServiceController:
    """Frees Services from the Rollouts that managed them."""

    name = "services"
    kind = SERVICES

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery

    async def reconcile(self, key: Key) -> float | None:
        service = self._machinery.cache.store(SERVICES).get(*key)
        owner = "" if service is None else _managed_by(service)
        if service is None or not owner:
            return None
        held = self._machinery.cache.store(ROLLOUTS).get(key[0], owner)
        if held is not None and key[1] in services_of(held):
            return None
        if held is not None and not self._is_valid(held):
            return _UNTIL_VALID
        if await self._is_let_go(key, owner):
            await self._free(service, owner)
        return None

    def _is_valid(self, rollout: Json) -> bool:
        """A Rollout that makes no sense for the moment leaves traffic as it is."""
        try:
            check(self._machinery.cache, rollout)
        except SpecRejected:
            return False
        return True

    async def _is_let_go(self, key: Key, owner: str) -> bool:
        """Read live. A Rollout that exists and is unknown to the cache is another operator's: its Services are too."""
        namespace, name = key
        try:
            live = await self._machinery.client.get(ROLLOUTS, namespace, owner)
        except NotFound:
            return True
        is_ours = self._machinery.cache.store(ROLLOUTS).get(namespace, owner) is not None
        return is_ours and name not in services_of(live)

    async def _free(self, service: Json, owner: str) -> None:
        """Other labels that it selects by are left alone. Refused when the Service changed since it was looked at."""
        metadata = service["metadata"]
        body = {
            "metadata": {
                "resourceVersion": metadata["resourceVersion"],
                "annotations": {keys.MANAGED_BY: None},
            },
            "spec": {"selector": {keys.POD_TEMPLATE_HASH: None}},
        }
        answer = await self._machinery.client.patch(SERVICES, metadata["namespace"], metadata["name"], body)
        self._machinery.cache.store(SERVICES).apply(None, answer)
        log.info("freed", namespace=metadata["namespace"], service=metadata["name"], rollout=owner)

    async def rejected(self, key: Key, error: FerrataError) -> None:
        """Nobody's manifest is wrong here; a missing right is in the log, and tried again."""

    def keys_for(self, kind: Kind, old: Json | None, new: Json | None) -> Iterable[tuple[Key, Priority]]:
        if kind == SERVICES and new is not None and _managed_by(new):
            yield (new["metadata"]["namespace"], new["metadata"]["name"]), Priority.IDLE
        if kind == ROLLOUTS and old is not None:
            yield from self._let_go(old, new)

    def _let_go(self, old: Json, new: Json | None) -> Iterator[tuple[Key, Priority]]:
        namespace = old["metadata"]["namespace"]
        for name in services_of(old) - (services_of(new) if new is not None else set()):
            yield (namespace, name), Priority.IDLE


def services_of(rollout: Json) -> set[str]:
    """Names of all Services that `rollout` names, whatever else is wrong with it."""
    strategy = _object(_object(rollout.get("spec")).get("strategy"))
    found = {_object(strategy.get(kind)).get(name) for kind, names in _FIELDS.items() for name in names}
    ping_pong = _object(_object(strategy.get("canary")).get("pingPong"))
    found |= {ping_pong.get("pingService"), ping_pong.get("pongService")}
    return {name for name in found if isinstance(name, str) and name}


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _managed_by(service: Json) -> str:
    """The Rollout that manages the Service, "" when none does or it selects no revision."""
    selector = _object(service.get("spec")).get("selector") or {}
    annotations = service["metadata"].get("annotations") or {}
    return str(annotations.get(keys.MANAGED_BY, "")) if keys.POD_TEMPLATE_HASH in selector else ""
