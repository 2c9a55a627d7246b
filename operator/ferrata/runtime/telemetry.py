"""Our own metrics. Names are Argo Rollouts' where it has them, so that its dashboards keep working.

Labels are bounded: by fixed sets, or by the objects that exist now (a deleted object's series go with it). What can be
read off the cache (`rollout_info`, sizes) is read when somebody scrapes, and costs nothing meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from ferrata.cluster.cache import Cache
from ferrata.cluster.controller import Key
from ferrata.cluster.kinds import ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS
from ferrata.cluster.telemetry import Telemetry
from ferrata.runtime.queue import KeyedQueue

_RECONCILE = (0.01, 0.15, 0.25, 0.5, 1.0)
_QUEUE = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
_PREFIX = {"rollouts": "rollout", "analysisruns": "analysis_run", "experiments": "experiment"}


class Metrics(Telemetry):
    """Counters and histograms of one process, in a registry of their own. `text` may run in another thread."""

    def __init__(self, version: str) -> None:
        registry = self.registry = CollectorRegistry()
        self._seconds = _histogram(registry, "ferrata_reconcile_seconds", "One pass", ["controller"], _RECONCILE)
        self._waited = _histogram(registry, "workqueue_queue_duration_seconds", "Wait in the queue", ["name"], _QUEUE)
        self._requests = _counter(
            registry, "controller_clientset_k8s_request", "API requests", ["kind", "verb", "status_code"]
        )
        self._request_seconds = _histogram(registry, "ferrata_request_seconds", "API requests", ["verb"], _QUEUE)
        self._dropped = _counter(registry, "ferrata_events_dropped", "Events that were never sent", [])
        self._opened = _counter(registry, "ferrata_watch_opened", "Watch streams opened", ["kind", "relisted"])
        self._drift = _counter(registry, "ferrata_drift_found", "Changes that no watch had told", ["kind"])
        self._stale = _counter(registry, "ferrata_stale_put_off", "Passes put off for our own writes", ["controller"])
        self._decisions = _counter(registry, "ferrata_decisions", "Decisions", ["controller", "reason"])
        self._broken = _counter(registry, "ferrata_invariant_broken", "Plans refused", ["controller"])
        self._unforeseen = _counter(registry, "ferrata_unforeseen_errors", "Errors nobody foresaw", ["controller"])
        self.leader = Gauge("ferrata_leader", "1 while this process holds the lease", registry=registry)
        self.loop_lag = Gauge("ferrata_loop_lag_seconds", "How late the event loop is", registry=registry)
        Gauge("argo_rollouts_controller_info", "Version", ["version"], registry=registry).labels(version).set(1)
        self._events: dict[tuple[str, str, str, str], int] = {}
        self._passes: defaultdict[tuple[str, Key], list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._errors: defaultdict[tuple[str, Key], int] = defaultdict(int)
        registry.register(_PerObject(self))

    def watch(self, cache: Cache, queues: Mapping[str, KeyedQueue]) -> None:
        """Reads the cache and the queues at each scrape from now on."""
        self.registry.register(_State(cache, queues))

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def request(self, verb: str, kind: str, code: int, seconds: float) -> None:
        self._requests.labels(kind, verb, str(code)).inc()
        self._request_seconds.labels(verb).observe(seconds)

    def event(self, namespace: str, name: str, type_: str, reason: str) -> None:
        key = (namespace, name, type_, reason)
        self._events[key] = self._events.get(key, 0) + 1

    def events_dropped(self, count: int) -> None:
        self._dropped.inc(count)

    def watch_opened(self, kind: str, relisted: bool) -> None:
        self._opened.labels(kind, str(relisted).lower()).inc()

    def drift_found(self, kind: str, count: int) -> None:
        self._drift.labels(kind).inc(count)

    def stale_put_off(self, controller: str) -> None:
        self._stale.labels(controller).inc()

    def decision(self, controller: str, reason: str) -> None:
        self._decisions.labels(controller, reason).inc()

    def invariant_broken(self, controller: str) -> None:
        self._broken.labels(controller).inc()

    def reconciled(self, controller: str, key: Key, waited: float, seconds: float) -> None:
        """A pass over `key` took `seconds`, after `waited` seconds in the queue."""
        self._waited.labels(controller).observe(waited)
        self._seconds.labels(controller).observe(seconds)
        passes = self._passes[controller, key]
        passes[0] += 1
        passes[1] += seconds

    def failed(self, controller: str, key: Key, *, unforeseen: bool = False) -> None:
        """A pass over `key` ended in an error; `unforeseen`: in one that is our bug."""
        self._errors[controller, key] += 1
        if unforeseen:
            self._unforeseen.labels(controller).inc()

    def forget(self, controller: str, key: Key) -> None:
        """The object is gone: so are its series."""
        self._passes.pop((controller, key), None)
        self._errors.pop((controller, key), None)
        for series in [series for series in self._events if series[:2] == key]:
            del self._events[series]

    def per_object(self) -> Iterator[Metric]:
        """Passes, errors and events by object, under the names that dashboards know."""
        for controller, prefix in _PREFIX.items():
            passes = Metric(f"{prefix}_reconcile", "Passes and their seconds", "unknown")
            errors = Metric(f"{prefix}_reconcile_error", "Passes that failed", "unknown")
            for (owner, (namespace, name)), (count, seconds) in list(self._passes.items()):
                if owner == controller:
                    labels = {"namespace": namespace, "name": name}
                    passes.add_sample(f"{prefix}_reconcile_count", labels, count)
                    passes.add_sample(f"{prefix}_reconcile_sum", labels, seconds)
            for (owner, (namespace, name)), failures in list(self._errors.items()):
                if owner == controller:
                    errors.add_sample(errors.name, {"namespace": namespace, "name": name}, failures)
            yield passes
            yield errors
        events = Metric("rollout_events_total", "Events recorded", "unknown")
        for (namespace, name, type_, reason), count in list(self._events.items()):
            labels = {"namespace": namespace, "name": name, "type": type_, "reason": reason}
            events.add_sample("rollout_events_total", labels, count)
        yield events


class _PerObject(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics.per_object()


class _State(Collector):
    """What the cache and the queues hold now."""

    def __init__(self, cache: Cache, queues: Mapping[str, KeyedQueue]) -> None:
        self._cache, self._queues = cache, queues

    def collect(self) -> Iterator[Metric]:
        objects = Metric("ferrata_cache_objects", "Objects held", "gauge")
        for store in self._cache.stores():
            objects.add_sample(objects.name, {"kind": store.kind.plural}, len(store))
        yield objects
        yield from self._queue_metrics()
        for kind, name in ((ROLLOUTS, "rollout"), (ANALYSIS_RUNS, "analysis_run"), (EXPERIMENTS, "experiment")):
            info = Metric(f"{name}_info", "One for each object", "gauge")
            for obj in self._cache.store(kind).all():
                info.add_sample(info.name, _info(obj), 1)
            yield info

    def _queue_metrics(self) -> Iterator[Metric]:
        figures: dict[str, tuple[str, Callable[[KeyedQueue], int]]] = {
            "workqueue_depth": ("Keys that wait", len),
            "workqueue_active": ("Keys being worked on", lambda queue: queue.active),
            "workqueue_delayed": ("Keys with a wake-up ahead", lambda queue: queue.delayed),
            "workqueue_adds_total": ("Keys queued", lambda queue: queue.adds),
            "workqueue_retries_total": ("Keys queued again after a failure", lambda queue: queue.retries),
        }
        for name, (text, figure) in figures.items():
            metric = Metric(name, text, "unknown")
            for controller, queue in self._queues.items():
                metric.add_sample(name, {"name": controller}, figure(queue))
            yield metric


def _info(obj: Mapping[str, object]) -> dict[str, str]:
    """Labels of one object; whatever shape a user gave it."""
    metadata, status, spec = (_mapping(obj.get(part)) for part in ("metadata", "status", "spec"))
    strategy = _mapping(spec.get("strategy"))
    labels = {"namespace": str(metadata.get("namespace", "")), "name": str(metadata.get("name", ""))}
    if "strategy" in spec:
        name = next(iter(strategy), "none")
        routing = _mapping(_mapping(strategy.get(name)).get("trafficRouting"))
        labels |= {"strategy": str(name), "traffic_router": ",".join(sorted(map(str, routing)))}
    return labels | {"phase": str(status.get("phase", ""))}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _counter(registry: CollectorRegistry, name: str, text: str, labels: list[str]) -> Counter:
    return Counter(name, text, labels, registry=registry)


def _histogram(
    registry: CollectorRegistry, name: str, text: str, labels: list[str], buckets: tuple[float, ...]
) -> Histogram:
    return Histogram(name, text, labels, buckets=buckets, registry=registry)
