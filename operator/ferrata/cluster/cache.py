"""What the watches told us: objects by kind and name, with an index by owner. Never older than what it saw before.

Watch events, lists and live reads all enter through `apply`, which ignores what is older than what is held, so that
the order in which they arrive does not matter. Reads cost a dictionary look-up; nothing here waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from ferrata.cluster.kinds import Kind
from ferrata.cluster.trims import Trim, without_noise

Json = dict[str, Any]
Name = tuple[str, str]
Listener = Callable[[Kind, Json | None, Json | None], None]
_TOMBSTONES = 10_000


def version(obj: Json) -> int:
    """The object's resourceVersion as a number; 0 when it is none."""
    text = str(obj.get("metadata", {}).get("resourceVersion", ""))
    return int(text) if text.isdigit() else 0


def owner_uid(obj: Json) -> str:
    """The uid of the controller that owns the object; "" without one."""
    owners = obj.get("metadata", {}).get("ownerReferences") or ()
    return next((str(owner.get("uid")) for owner in owners if owner.get("controller")), "")


class Store:
    """The objects of one kind. They are shared: nobody changes them. `synced` after the first whole list.

    `served` is false while the API server does not know the kind; `want` then asks for another look.
    """

    def __init__(self, kind: Kind, trim: Trim, notify: Listener) -> None:
        self.kind, self.synced, self.served = kind, False, True
        self.wanted = asyncio.Event()
        self._trim, self._notify = trim, notify
        self._objects: dict[Name, Json] = {}
        self._owned: dict[str, dict[Name, Json]] = {}
        self._dead: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, namespace: str | None, name: str) -> Json | None:
        """The object, or None. Cluster-wide objects have no namespace."""
        return self._objects.get((namespace or "", name))

    def owned_by(self, uid: str) -> list[Json]:
        """Objects whose controller has that uid."""
        return list(self._owned.get(uid, {}).values())

    def all(self) -> list[Json]:
        """Every object."""
        return list(self._objects.values())

    def in_namespace(self, namespace: str) -> list[Json]:
        """Every object of that namespace."""
        return [obj for (held, _), obj in self._objects.items() if held == namespace]

    def want(self) -> None:
        """Says that somebody refers to objects of this kind. Nobody asks for a kind that nobody refers to."""
        if not self.served:
            self.wanted.set()

    def is_dead(self, uid: str) -> bool:
        """Whether the object of that uid is known to be deleted."""
        return uid in self._dead

    def apply(self, event: str | None, obj: Json) -> bool:
        """Takes in one object; False when it changed nothing: older than what is held, or known to be deleted."""
        metadata = obj["metadata"]
        name: Name = (metadata.get("namespace", ""), metadata["name"])
        old = self._objects.get(name)
        if event == "DELETED":
            self._bury(metadata["uid"])
            return old is not None and old["metadata"]["uid"] == metadata["uid"] and self._remove(name, old)
        if metadata["uid"] in self._dead or (old is not None and not _newer(obj, old)):
            return False
        same = old is not None and old["metadata"]["uid"] == metadata["uid"]
        kept = self._trim(without_noise(obj), old if same else None)
        if old is not None and same and "spec" in kept and kept["spec"] == old.get("spec"):
            kept = kept | {"spec": old["spec"]}  # the very same object: what was worked out from it still holds
        self._unlink(name, old)
        self._objects[name] = kept
        if uid := owner_uid(kept):
            self._owned.setdefault(uid, {})[name] = kept
        self._notify(self.kind, old, kept)
        return True

    def prune(self, seen: set[str], resource_version: str) -> int:
        """Removes what a whole list of that version did not show (`seen` holds its uids); how many that were."""
        limit = int(resource_version) if resource_version.isdigit() else 0
        gone = [
            (name, held)
            for name, held in self._objects.items()
            if held["metadata"]["uid"] not in seen and version(held) <= limit
        ]
        for name, held in gone:
            self._bury(held["metadata"]["uid"])
            self._remove(name, held)
        self.synced, self.served = True, True
        return len(gone)

    def replace(self, items: Iterable[Json], resource_version: str) -> int:
        """Takes in a whole list: what is held, not in it and not newer than it, was deleted. Counts the changes."""
        seen, changed = set(), 0
        for item in items:
            seen.add(item["metadata"]["uid"])
            changed += self.apply(None, item)
        return changed + self.prune(seen, resource_version)

    def vanished(self, namespace: str | None, name: str) -> None:
        """Takes in that a live read did not find the object."""
        if (old := self.get(namespace, name)) is not None:
            self._bury(old["metadata"]["uid"])
            self._remove((namespace or "", name), old)

    def empty(self) -> None:
        """Takes in that the API server does not serve this kind; from now on `want` is heard."""
        for name, held in list(self._objects.items()):
            self._bury(held["metadata"]["uid"])
            self._remove(name, held)
        self.synced, self.served = True, False
        self.wanted.clear()

    def _bury(self, uid: str) -> None:
        self._dead[uid] = None
        if len(self._dead) > _TOMBSTONES:
            del self._dead[next(iter(self._dead))]

    def _remove(self, name: Name, old: Json) -> bool:
        self._unlink(name, old)
        del self._objects[name]
        self._notify(self.kind, old, None)
        return True

    def _unlink(self, name: Name, old: Json | None) -> None:
        if old is not None and (uid := owner_uid(old)):
            siblings = self._owned[uid]
            del siblings[name]
            if not siblings:
                del self._owned[uid]


def _newer(obj: Json, held: Json) -> bool:
    """Same object: a later version. Another of the same name: not an earlier one."""
    if obj["metadata"]["uid"] == held["metadata"]["uid"]:
        return version(obj) > version(held) or version(obj) == 0
    return version(obj) >= version(held)


class Cache:
    """The stores of all kinds, and who listens to their changes."""

    def __init__(self) -> None:
        self._stores: dict[Kind, Store] = {}
        self._trims: dict[Kind, Trim] = {}
        self._listeners: list[Listener] = []

    def set_trim(self, kind: Kind, trim: Trim) -> None:
        """`trim(new, old)` is what remains of an object of that kind. Raises RuntimeError when its store exists."""
        if kind in self._stores:
            raise RuntimeError(f"the store of {kind.plural} is in use already: nothing would be trimmed")
        self._trims[kind] = trim

    def store(self, kind: Kind) -> Store:
        """The store of that kind, made at the first call."""
        if kind not in self._stores:
            self._stores[kind] = Store(kind, self._trims.get(kind, _whole), self._notify)
        return self._stores[kind]

    def watches(self, kind: Kind) -> bool:
        """Whether that kind was ever listed whole, so that its absence from the cache says something."""
        return kind in self._stores and self._stores[kind].synced

    def stores(self) -> list[Store]:
        """Every store."""
        return list(self._stores.values())

    def subscribe(self, listener: Listener) -> None:
        """`listener(kind, old, new)` is called at each change; it must be quick and must not raise."""
        self._listeners.append(listener)

    def _notify(self, kind: Kind, old: Json | None, new: Json | None) -> None:
        for listener in self._listeners:
            listener(kind, old, new)


def _whole(obj: Json, old: Json | None) -> Json:  # noqa: ARG001
    return obj
