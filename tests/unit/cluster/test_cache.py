"""The cache never goes back in time, whatever the order in which things are told."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.cluster.cache import Cache, Store, owner_uid, version
from ferrata.cluster.kinds import REPLICA_SETS, ROLLOUTS
from ferrata.cluster.trims import LAST_APPLIED

Json = dict[str, Any]


def rollout(name: str = "a", *, uid: str = "u1", rv: int = 10, owner: str = "", **metadata: Any) -> Json:
    owners = [{"uid": owner, "controller": True}] if owner else []
    told = {"name": name, "namespace": "ns", "uid": uid, "resourceVersion": str(rv), "ownerReferences": owners}
    return {"metadata": told | metadata}


@pytest.fixture
def heard() -> list[tuple[str | None, str | None]]:
    return []


@pytest.fixture
def store(heard: list[tuple[str | None, str | None]]) -> Store:
    cache = Cache()
    cache.subscribe(lambda _kind, old, new: heard.append((_rv(old), _rv(new))))
    return cache.store(ROLLOUTS)


def _rv(obj: Json | None) -> str | None:
    return obj["metadata"]["resourceVersion"] if obj else None


def test_a_later_version_replaces_an_earlier_one_and_listeners_hear_both(store: Store, heard: list[Any]) -> None:
    assert store.apply("ADDED", rollout(rv=10))
    assert store.apply("MODIFIED", rollout(rv=11))
    assert heard == [(None, "10"), ("10", "11")]


@pytest.mark.parametrize("rv", [9, 10])
def test_an_earlier_or_equal_version_changes_nothing(store: Store, heard: list[Any], rv: int) -> None:
    store.apply("ADDED", rollout(rv=10))
    assert not store.apply("MODIFIED", rollout(rv=rv))
    assert len(heard) == 1


def test_versions_are_compared_as_numbers(store: Store) -> None:
    store.apply(None, rollout(rv=99))
    assert store.apply(None, rollout(rv=100))


def test_a_deleted_object_is_not_brought_back_by_a_late_list(store: Store) -> None:
    store.apply("ADDED", rollout(rv=10))
    store.apply("DELETED", rollout(rv=12))
    assert not store.apply(None, rollout(rv=11))
    assert store.get("ns", "a") is None
    assert store.is_dead("u1")


def test_a_deletion_that_arrives_first_is_remembered(store: Store) -> None:
    assert not store.apply("DELETED", rollout(rv=12))
    assert not store.apply("ADDED", rollout(rv=10))


def test_a_new_object_of_the_same_name_takes_the_place(store: Store) -> None:
    store.apply("ADDED", rollout(uid="u1", rv=10))
    assert store.apply("ADDED", rollout(uid="u2", rv=20))
    assert not store.apply("DELETED", rollout(uid="u1", rv=15)), "the deletion is the former object's"
    held = store.get("ns", "a")
    assert held is not None
    assert held["metadata"]["uid"] == "u2"


def test_the_owner_index_follows_every_change(store: Store) -> None:
    store.apply("ADDED", rollout("a", rv=10, owner="o1"))
    store.apply("ADDED", rollout("b", uid="u2", rv=10, owner="o1"))
    store.apply("MODIFIED", rollout("b", uid="u2", rv=11, owner="o2"))
    assert [obj["metadata"]["name"] for obj in store.owned_by("o1")] == ["a"]
    assert [obj["metadata"]["name"] for obj in store.owned_by("o2")] == ["b"]
    store.apply("DELETED", rollout("a", rv=12, owner="o1"))
    assert store.owned_by("o1") == []


def test_a_list_prunes_what_it_does_not_show(store: Store, heard: list[Any]) -> None:
    store.apply("ADDED", rollout("a", rv=10))
    store.apply("ADDED", rollout("b", uid="u2", rv=11))
    assert store.replace([rollout("a", rv=10)], "15") == 1
    assert [obj["metadata"]["name"] for obj in store.all()] == ["a"]
    assert heard[-1] == ("11", None)
    assert store.synced


def test_a_list_does_not_prune_what_is_newer_than_itself(store: Store) -> None:
    store.apply("ADDED", rollout("new", rv=16))
    store.replace([], "15")
    assert store.get("ns", "new") is not None


def test_noise_is_dropped_on_entry_and_the_given_object_is_left_alone(store: Store) -> None:
    given = rollout(managedFields=[{}], annotations={LAST_APPLIED: "{}", "mine": "1"})
    store.apply("ADDED", given)
    held = store.get("ns", "a")
    assert held is not None
    assert held["metadata"]["annotations"] == {"mine": "1"}
    assert "managedFields" not in held["metadata"]
    assert given["metadata"]["managedFields"] == [{}]


def test_a_trim_sees_the_former_object_only_when_it_is_the_same_one() -> None:
    cache, former = Cache(), []
    cache.set_trim(REPLICA_SETS, lambda new, old: former.append(_rv(old)) or new)  # type: ignore[func-returns-value]
    store = cache.store(REPLICA_SETS)
    store.apply(None, rollout(rv=10))
    store.apply(None, rollout(rv=11))
    store.apply(None, rollout(uid="u2", rv=12))
    assert former == [None, "10", None]


def test_a_kind_counts_as_watched_only_after_its_first_list() -> None:
    cache = Cache()
    assert not cache.watches(ROLLOUTS)
    cache.store(ROLLOUTS).apply(None, rollout())
    assert not cache.watches(ROLLOUTS)
    cache.store(ROLLOUTS).replace([], "1")
    assert cache.watches(ROLLOUTS)


def test_objects_without_version_or_owner_are_understood() -> None:
    assert version({}) == 0
    assert version({"metadata": {"resourceVersion": "abc"}}) == 0
    assert owner_uid({"metadata": {"ownerReferences": [{"uid": "x"}]}}) == ""


def test_a_trim_that_would_come_too_late_is_refused() -> None:
    cache = Cache()
    cache.store(REPLICA_SETS)
    with pytest.raises(RuntimeError, match="replicasets is in use already"):
        cache.set_trim(REPLICA_SETS, lambda new, _: new)


def test_a_spec_that_stays_is_the_very_same_object_so_that_what_follows_from_it_holds(store: Store) -> None:
    store.apply("ADDED", rollout(rv=10) | {"spec": {"replicas": 1}})
    before = store.get("ns", "a")
    store.apply("MODIFIED", rollout(rv=11) | {"spec": {"replicas": 1}, "status": {"seen": True}})
    after = store.get("ns", "a")
    assert before is not None
    assert after is not None
    assert after["status"] == {"seen": True}
    assert after["spec"] is before["spec"]
    store.apply("MODIFIED", rollout(rv=12) | {"spec": {"replicas": 2}})
    assert (store.get("ns", "a") or {})["spec"] == {"replicas": 2}
