"""An AnalysisRun as values: what is to be measured, what was measured, what follows. JSON forms are the API's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ferrata.model.status import format_time, parse_time

Json = dict[str, Any]
SUCCESSFUL, FAILED, ERROR, INCONCLUSIVE = "Successful", "Failed", "Error", "Inconclusive"
PENDING, RUNNING = "Pending", "Running"
TERMINAL = frozenset({SUCCESSFUL, FAILED, ERROR, INCONCLUSIVE})


@dataclass(frozen=True, slots=True)
class Metric:
    """What to measure and how to judge it. Times are seconds; `count` None means without end.

    `given_count` is the count as written, 0 where none is: validation looks at that, and not at what it comes to.
    """

    name: str
    interval: float | None = None
    initial_delay: float | None = None
    count: int | None = 1
    success_condition: str | None = None
    failure_condition: str | None = None
    failure_limit: int = 0
    inconclusive_limit: int = 0
    error_limit: int = 4
    success_limit: int = 0
    given_count: int = 0
    provider: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement; `finished` is None while it is under way."""

    phase: str
    started: datetime | None = None
    finished: datetime | None = None
    value: str = ""
    message: str = ""
    metadata: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        """Its JSON form, empty fields left out."""
        body: Json = {"phase": self.phase}
        for key, value in (("value", self.value), ("message", self.message), ("metadata", self.metadata)):
            if value:
                body[key] = value
        for key, instant in (("startedAt", self.started), ("finishedAt", self.finished)):
            if instant is not None:
                body[key] = format_time(instant)
        return body

    @staticmethod
    def from_json(body: Json) -> Measurement:
        """The measurement that `body` describes."""
        return Measurement(
            phase=str(body.get("phase", "")),
            started=parse_time(body.get("startedAt")),
            finished=parse_time(body.get("finishedAt")),
            value=str(body.get("value", "")),
            message=str(body.get("message", "")),
            metadata=body.get("metadata") or {},
        )


_COUNTERS = (
    "count",
    "successful",
    "failed",
    "inconclusive",
    "error",
    "consecutiveError",
    "consecutiveSuccess",
)


@dataclass(frozen=True, slots=True)
class MetricResult:
    """What became of one metric. `count` holds completed measurements without errors."""

    name: str
    phase: str = RUNNING
    measurements: tuple[Measurement, ...] = ()
    message: str = ""
    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    consecutive_error: int = 0
    consecutive_success: int = 0
    dry_run: bool = False
    metadata: Json = field(default_factory=dict)

    @property
    def last(self) -> Measurement | None:
        """The newest measurement."""
        return self.measurements[-1] if self.measurements else None

    def to_json(self) -> Json:
        """Its JSON form, zero numbers and empty fields left out."""
        values = (
            self.count,
            self.successful,
            self.failed,
            self.inconclusive,
            self.error,
            self.consecutive_error,
            self.consecutive_success,
        )
        body: Json = {"name": self.name, "phase": self.phase}
        body |= {key: value for key, value in zip(_COUNTERS, values, strict=True) if value}
        if self.measurements:
            body["measurements"] = [m.to_json() for m in self.measurements]
        if self.message:
            body["message"] = self.message
        if self.dry_run:
            body["dryRun"] = True
        return body | ({"metadata": self.metadata} if self.metadata else {})

    @staticmethod
    def from_json(body: Json) -> MetricResult:
        """The result that `body` describes; counters that are no numbers read as 0."""

        def counted(key: str) -> int:
            value = body.get(key)
            return value if isinstance(value, int) else 0

        return MetricResult(
            name=str(body.get("name", "")),
            phase=str(body.get("phase", "")),
            measurements=tuple(Measurement.from_json(m) for m in body.get("measurements") or []),
            message=str(body.get("message", "")),
            count=counted("count"),
            successful=counted("successful"),
            failed=counted("failed"),
            inconclusive=counted("inconclusive"),
            error=counted("error"),
            consecutive_error=counted("consecutiveError"),
            consecutive_success=counted("consecutiveSuccess"),
            dry_run=body.get("dryRun") is True,
            metadata=body.get("metadata") or {},
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """How many metrics ended how."""

    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0

    def to_json(self) -> Json:
        """Its JSON form without zeros; it is always printed, at least as `{}`."""
        pairs = {
            "count": self.count,
            "successful": self.successful,
            "failed": self.failed,
            "inconclusive": self.inconclusive,
            "error": self.error,
        }
        return {key: value for key, value in pairs.items() if value}


@dataclass(frozen=True, slots=True)
class RunState:
    """The status of an AnalysisRun."""

    phase: str = ""
    message: str = ""
    results: tuple[MetricResult, ...] = ()
    started: datetime | None = None
    completed: datetime | None = None
    summary: Summary = Summary()
    dry_run_summary: Summary | None = None

    def result(self, name: str) -> MetricResult | None:
        """The result of that metric."""
        return next((r for r in self.results if r.name == name), None)

    def to_json(self) -> Json:
        """Its JSON form."""
        body: Json = {"phase": self.phase, "runSummary": self.summary.to_json()}
        if self.message:
            body["message"] = self.message
        if self.results:
            body["metricResults"] = [r.to_json() for r in self.results]
        if self.dry_run_summary is not None:
            body["dryRunSummary"] = self.dry_run_summary.to_json()
        for key, instant in (("startedAt", self.started), ("completedAt", self.completed)):
            if instant is not None:
                body[key] = format_time(instant)
        return body

    @staticmethod
    def from_json(body: Json) -> RunState:
        """The status that `body` describes."""
        return RunState(
            phase=str(body.get("phase", "")),
            message=str(body.get("message", "")),
            results=tuple(MetricResult.from_json(r) for r in body.get("metricResults") or []),
            started=parse_time(body.get("startedAt")),
            completed=parse_time(body.get("completedAt")),
        )


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What an AnalysisRun asks for, arguments filled in. `retention` gives measurements kept per metric name."""

    metrics: tuple[Metric, ...]
    terminate: bool = False
    dry_run: frozenset[str] = frozenset()
    retention: Json = field(default_factory=dict)
    ttl_completion: int | None = None
    ttl_failure: int | None = None
    ttl_success: int | None = None
