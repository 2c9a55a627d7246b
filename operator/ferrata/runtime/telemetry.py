"""Our own metrics. Names are Argo Rollouts' where it has them; labels are bounded by the number of objects."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from ferrata.cluster.controller import Key


class Telemetry:
    """Counters and histograms of one process, in a registry of their own."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "rollout_reconcile",
            "Seconds of one pass",
            ["controller"],
            buckets=(0.01, 0.15, 0.25, 0.5, 1),
            registry=self.registry,
        )
        self._errors = Counter(
            "rollout_reconcile_error", "Passes that failed unexpectedly", ["namespace", "name"], registry=self.registry
        )
        self._requests = Counter(
            "controller_clientset_k8s_request", "API requests", ["kind", "verb", "status_code"], registry=self.registry
        )
        self.leader = Gauge("ferrata_leader", "1 while this process holds the lease", registry=self.registry)
        self.depth = Gauge("workqueue_depth", "Keys that wait", ["name"], registry=self.registry)
        info = Gauge("argo_rollouts_controller_info", "Version", ["version"], registry=self.registry)
        info.labels(version).set(1)

    def reconciled(self, controller: str, key: Key, seconds: float) -> None:
        """One pass over `key` took `seconds`."""
        del key  # a histogram per object would grow without bound
        self._seconds.labels(controller).observe(seconds)

    def failed(self, controller: str, key: Key) -> None:
        """A pass over `key` failed in a way that nobody foresaw."""
        del controller
        self._errors.labels(*key).inc()

    def requested(self, verb: str, kind: str, status: int, seconds: float) -> None:
        """One API request was answered."""
        del seconds
        self._requests.labels(kind, verb, str(status)).inc()

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
