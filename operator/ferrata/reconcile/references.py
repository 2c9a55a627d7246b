"""Which Rollouts use which Service, Ingress or HTTPRoute, so that a change of one wakes the right ones; and orphans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from ferrata.cluster.cache import owner_uid
from ferrata.cluster.controller import Key
from ferrata.errors import SpecRejected
from ferrata.routers.base import Owner
from ferrata.routers.registry import routers

Json = dict[str, Any]
Name = tuple[str, str, str]
"""Kind, namespace, name."""


def names_of(rollout: Json) -> tuple[Name, ...]:
    """Every object that the strategy of `rollout` names; none when it is malformed."""
    metadata = rollout["metadata"]
    strategies: Any = rollout
    for part in ("spec", "strategy"):
        strategies = strategies.get(part) if isinstance(strategies, dict) else None
    if not isinstance(strategies, dict):
        return ()
    strategy = strategies.get("canary") or strategies.get("blueGreen")
    if not isinstance(strategy, dict):
        return ()
    services = [strategy.get(f"{role}Service") for role in ("canary", "stable", "active", "preview")]
    names = [("Service", metadata["namespace"], name) for name in services if isinstance(name, str) and name]
    owner = Owner(metadata["namespace"], metadata["name"], metadata["uid"], "", "", 100)
    try:
        active = routers(strategy.get("trafficRouting"), owner)
    except (SpecRejected, AttributeError, KeyError, TypeError):
        return tuple(names)
    return (*names, *((ref.kind, ref.namespace, ref.name) for router in active for ref in router.needs()))


class Names:
    """An index from objects to the Rollouts that name them."""

    def __init__(self) -> None:
        self._users: defaultdict[Name, set[Key]] = defaultdict(set)
        self._named: dict[Key, tuple[Name, ...]] = {}

    def put(self, key: Key, names: Iterable[Name]) -> None:
        """`key` names exactly `names` from now on."""
        for name in self._named.pop(key, ()):
            self._users[name].discard(key)
            if not self._users[name]:
                del self._users[name]
        if found := tuple(names):
            self._named[key] = found
            for name in found:
                self._users[name].add(key)

    def kinds(self, key: Key) -> frozenset[str]:
        """The kinds of what `key` names."""
        return frozenset(kind for kind, _, _ in self._named.get(key, ()))

    def users(self, kind: str, namespace: str, name: str) -> tuple[Key, ...]:
        """The Rollouts that name that object, sorted."""
        return tuple(sorted(self._users.get((kind, namespace, name), ())))


class Orphans:
    """ReplicaSets without a controller, by namespace: there are hardly any, and none is searched for among all."""

    def __init__(self) -> None:
        self._held: defaultdict[str, dict[str, Json]] = defaultdict(dict)

    def notice(self, old: Json | None, new: Json | None) -> None:
        """A ReplicaSet changed from `old` to `new`."""
        metadata = (new or old or {})["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        if new is not None and not owner_uid(new):
            self._held[namespace][name] = new
        elif namespace in self._held:
            self._held[namespace].pop(name, None)
            if not self._held[namespace]:
                del self._held[namespace]

    def of(self, namespace: str) -> list[Json]:
        """Those in `namespace`, by name."""
        return [rs for _, rs in sorted(self._held.get(namespace, {}).items())]
