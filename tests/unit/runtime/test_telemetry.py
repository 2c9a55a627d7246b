"""Metrics: the names that dashboards know, and no series for what is gone."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from tests.support.clock import StandingClock

from ferrata.cluster.cache import Cache
from ferrata.cluster.kinds import ROLLOUTS
from ferrata.runtime.queue import KeyedQueue
from ferrata.runtime.telemetry import Metrics


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_the_peer_s_names_are_kept() -> None:
    metrics = Metrics("1.2")
    metrics.request("PATCH", "Rollout", 200, 0.01)
    metrics.event("ns", "a", "Normal", "RolloutPaused")
    metrics.reconciled("rollouts", ("ns", "a"), 0.1, 0.2)
    metrics.failed("rollouts", ("ns", "a"))
    found = samples(metrics)
    a = (("name", "a"), ("namespace", "ns"))
    labels = (("kind", "Rollout"), ("status_code", "200"), ("verb", "PATCH"))
    assert found["controller_clientset_k8s_request_total", labels] == 1
    event = (("name", "a"), ("namespace", "ns"), ("reason", "RolloutPaused"), ("type", "Normal"))
    assert found["rollout_events_total", event] == 1
    assert found["rollout_reconcile_count", a] == 1
    assert found["rollout_reconcile_sum", a] == 0.2
    assert found["rollout_reconcile_error", a] == 1


def test_series_of_a_deleted_object_go_with_it() -> None:
    metrics = Metrics("1.2")
    metrics.event("ns", "a", "Normal", "RolloutPaused")
    metrics.reconciled("rollouts", ("ns", "a"), 0.1, 0.2)
    metrics.failed("rollouts", ("ns", "a"))
    metrics.forget("rollouts", ("ns", "a"))
    assert not [name for name, labels in samples(metrics) if ("name", "a") in labels]


def test_the_cache_and_the_queues_are_read_at_each_scrape() -> None:
    clock, metrics, cache = StandingClock(), Metrics("1.2"), Cache()
    queue = KeyedQueue(clock, clock.call_later)
    metrics.watch(cache, {"rollouts": queue})
    metadata = {"name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "1"}
    spec = {"strategy": {"canary": {"trafficRouting": {"nginx": {}}}}}
    cache.store(ROLLOUTS).apply(None, {"metadata": metadata, "spec": spec, "status": {"phase": "Paused"}})
    queue.add(("ns", "a"))
    found = samples(metrics)
    info = {"name": "a", "namespace": "ns", "phase": "Paused", "strategy": "canary", "traffic_router": "nginx"}
    assert found["rollout_info", tuple(sorted(info.items()))] == 1
    assert found["ferrata_cache_objects", (("kind", "rollouts"),)] == 1
    assert found["workqueue_depth", (("name", "rollouts"),)] == 1


def test_an_object_of_any_shape_can_be_described() -> None:
    metrics, cache = Metrics("1.2"), Cache()
    metrics.watch(cache, {})
    metadata = {"name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "1"}
    for number, spec in enumerate([None, [], {"strategy": 5}, {"strategy": {"canary": "x"}}, {"strategy": {}}]):
        told = metadata | {"uid": str(number), "name": str(number)}
        cache.store(ROLLOUTS).apply(None, {"metadata": told, "spec": spec, "status": "x"})
    assert len([name for name, _ in samples(metrics) if name == "rollout_info"]) == 5
