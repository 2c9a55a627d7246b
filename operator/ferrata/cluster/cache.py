"""What the watches told us: objects by kind and name, with an index by owner. Never older than what it saw before.

Watch events, lists and answers to our own writes all enter through `apply`, which ignores what is older than what is
held, so that the order in which they arrive does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from ferrata.cluster.kinds import Kind

Json = dict[str, Any]
Name = tuple[str, str]
Listener = Callable[[Kind, Json | None, Json | None], None]
_TOMBSTONES = 10_000
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def version(obj: Json) -> int:
    """The object's resourceVersion as a number; 0 when it is none."""
    text = str(obj.get("metadata", {}).get("resourceVersion", ""))
    return int(text) if text.isdigit() else 0


def owner_uid(obj: Json) -> str:
    """The uid of the controller that owns the object; "" without one."""
    owners = obj.get("metadata", {}).get("ownerReferences") or []
    return next((str(owner.get("uid")) for owner in owners if owner.get("controller")), "")


def without_noise(obj: Json) -> Json:
    """The object without managedFields and kubectl's copy of it, a third of its size."""
    metadata = {key: value for key, value in obj.get("metadata", {}).items() if key != "managedFields"}
    if _LAST_APPLIED in (metadata.get("annotations") or {}):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _LAST_APPLIED}
    return obj | {"metadata": metadata}


class Store:
    """The objects of one kind. They are shared: nobody changes them."""

    def __init__(self, kind: Kind, trim: Callable[[Json], Json], notify: Listener) -> None:
        self.kind, self.synced = kind, False
        self._trim, self._notify = trim, notify
        self._objects: dict[Name, Json] = {}
        self._owned: defaultdict[str, dict[Name, Json]] = defaultdict(dict)
        self._dead: dict[str, None] = {}

    def get(self, namespace: str | None, name: str) -> Json | None:
        """The object, or None."""
        return self._objects.get((namespace or "", name))

    def owned_by(self, uid: str) -> list[Json]:
        """Objects whose controller has that uid."""
        return list(self._owned[uid].values()) if uid in self._owned else []

    def all(self) -> list[Json]:
        """Every object."""
        return list(self._objects.values())

    def apply(self, event: str | None, obj: Json) -> bool:
        """Takes in one object; False when it was older than what is held, or known to be deleted."""
        metadata = obj["metadata"]
        name = (metadata.get("namespace", ""), metadata["name"])
        old = self._objects.get(name)
        if event == "DELETED":
            return self._remove(name, metadata["uid"], old)
        if metadata["uid"] in self._dead:
            return False
        if old is not None and old["metadata"]["uid"] == metadata["uid"] and version(obj) <= version(old):
            return False
        if old is not None and old["metadata"]["uid"] != metadata["uid"] and version(obj) < version(old):
            return False
        new = self._trim(without_noise(obj))
        self._forget(name, old)
        self._objects[name] = new
        if uid := owner_uid(new):
            self._owned[uid][name] = new
        self._notify(self.kind, old, new)
        return True

    def replace(self, items: Iterable[Json], resource_version: str) -> None:
        """Takes in a whole list; what is held, not in it and not newer than it, was deleted meanwhile."""
        seen = set()
        for item in items:
            seen.add(item["metadata"]["uid"])
            self.apply(None, item)
        limit = int(resource_version) if resource_version.isdigit() else 0
        for name, held in list(self._objects.items()):
            if held["metadata"]["uid"] not in seen and version(held) <= limit:
                self._remove(name, held["metadata"]["uid"], held)
        self.synced = True

    def _remove(self, name: Name, uid: str, old: Json | None) -> bool:
        self._dead[uid] = None
        if len(self._dead) > _TOMBSTONES:
            self._dead.pop(next(iter(self._dead)))
        if old is None or old["metadata"]["uid"] != uid:
            return False
        self._forget(name, old)
        del self._objects[name]
        self._notify(self.kind, old, None)
        return True

    def _forget(self, name: Name, old: Json | None) -> None:
        if old is not None and (uid := owner_uid(old)):
            self._owned[uid].pop(name, None)
            if not self._owned[uid]:
                del self._owned[uid]


class Cache:
    """The stores of all kinds, and who listens to their changes."""

    def __init__(self) -> None:
        self._stores: dict[Kind, Store] = {}
        self._trims: dict[Kind, Callable[[Json], Json]] = {}
        self._listeners: list[Listener] = []

    def set_trim(self, kind: Kind, trim: Callable[[Json], Json]) -> None:
        """`trim` is what remains of an object of that kind; set before the first object arrives."""
        self._trims[kind] = trim

    def store(self, kind: Kind) -> Store:
        """The store of that kind, made at the first call."""
        if kind not in self._stores:
            self._stores[kind] = Store(kind, self._trims.get(kind, lambda obj: obj), self._notify)
        return self._stores[kind]

    def stores(self) -> list[Store]:
        """Every store."""
        return list(self._stores.values())

    def subscribe(self, listener: Listener) -> None:
        """`listener(kind, old, new)` is called at each change; it must be quick and must not raise."""
        self._listeners.append(listener)

    def _notify(self, kind: Kind, old: Json | None, new: Json | None) -> None:
        for listener in self._listeners:
            listener(kind, old, new)
