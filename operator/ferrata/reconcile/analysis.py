"""The loop of an AnalysisRun: what is due is measured at the same time, then everything is judged and published."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from ferrata.api.analysis import AnalysisRun
from ferrata.api.parsing import named, require_types
from ferrata.api.spec_error import shortened
from ferrata.api.unknown import unknown_in_run
from ferrata.cluster.controller import Key, Priority
from ferrata.cluster.kinds import ANALYSIS_RUNS, SECRETS, Kind
from ferrata.cluster.machinery import Machinery
from ferrata.errors import FerrataError, NotFound, SpecRejected
from ferrata.execute.measure import Backends
from ferrata.metrics import prometheus
from ferrata.metrics.arguments import masked
from ferrata.metrics.base import Failure, Sample
from ferrata.model.analysis import ERROR, TERMINAL, Measurement, Metric, RunSpec, RunState
from ferrata.observe.analysis import argument_values, read_run, secret_references
from ferrata.plan.actions import Event
from ferrata.plan.analysis.assess import assess
from ferrata.plan.analysis.record import record
from ferrata.plan.analysis.tasks import due, wake_up
from ferrata.plan.analysis.validate import fault
from ferrata.reconcile.publish import merge_patch

Json = dict[str, Any]
log = structlog.get_logger(__name__)
_LONGEST = 4000
"""Characters of a message; a status is no place for a megabyte."""


class AnalysisRunController:
    """Brings AnalysisRuns forward."""

    name = "analysisruns"
    kind = ANALYSIS_RUNS

    def __init__(self, machinery: Machinery, backends: Backends, default_address: str = "") -> None:
        self._machinery, self._backends, self._default_address = machinery, backends, default_address

    async def reconcile(self, key: Key) -> float | None:
        run = self._machinery.cache.store(ANALYSIS_RUNS).get(*key)
        if run is None:
            return None
        now = self._machinery.clock.now()
        state = RunState.from_json(run.get("status") or {})
        if state.phase in TERMINAL:
            return await self._expire(run, state, now)
        require_types(AnalysisRun, {key: value for key, value in run.items() if key != "status"})
        if not state.phase and (unknown := unknown_in_run(run)):
            text = f"Nothing reads these fields: {named(unknown)}"
            self._machinery.recorder.record(run, "Warning", "UnknownFields", text)
        spec = read_run(run, argument_values(run))
        if text := fault(spec.metrics):
            raise SpecRejected(f"Analysis spec invalid: {text}")
        return await self._step(run, spec, state, now)

    async def _step(self, run: Json, spec: RunSpec, state: RunState, now: datetime) -> float | None:
        state = await self._measure(run, spec, state, now)
        after = self._machinery.clock.now()
        assessment = assess(spec, state, after)
        await self._publish(run, assessment.state, assessment.events)
        at = wake_up(spec, assessment.state, after)
        return None if at is None else max(0.01, (at - after).total_seconds())

    async def _measure(self, run: Json, spec: RunSpec, state: RunState, now: datetime) -> RunState:
        """The state with everything that is due measured."""
        names = {metric.name for metric in due(spec, state, now)}
        if not names:
            return state
        secrets = await self._secrets(run)
        filled = read_run(run, argument_values(run, secrets))
        hidden = tuple(secrets.values())
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(m, hidden)) for m in filled.metrics if m.name in names]
        for name, measurement, metadata in (task.result() for task in tasks):
            state = record(spec, state, name, measurement, metadata)
        return state

    async def _one(self, metric: Metric, hidden: tuple[str, ...]) -> tuple[str, Measurement, Json]:
        started = self._machinery.clock.now()
        found, metadata = await self._sample(metric)
        finished = self._machinery.clock.now()
        if isinstance(found, Failure):
            text = masked(found.message, hidden)
            return metric.name, Measurement(ERROR, started, finished, message=text), metadata
        conditions = metric.success_condition, metric.failure_condition
        verdict = await self._backends.judges.judge(*conditions, found.value, finished)
        value = "" if verdict.phase == ERROR else found.text
        message = masked(verdict.message, hidden)
        return metric.name, Measurement(verdict.phase, started, finished, value, message, found.metadata), metadata

    async def _sample(self, metric: Metric) -> tuple[Sample | Failure, Json]:
        kind = next((key for key, value in metric.provider.items() if value is not None), "")
        if kind != "prometheus":
            return Failure(f"not yet supported: provider {kind}"), {}
        config = metric.provider["prometheus"]
        metadata = {"ResolvedPrometheusQuery": str(config.get("query", ""))}
        try:
            request = prometheus.request(config, self._default_address)
        except SpecRejected as error:
            return Failure(str(error)), metadata
        return await self._backends.prometheus(request), metadata

    async def _secrets(self, run: Json) -> dict[tuple[str, str], str]:
        """Values of the secrets that arguments name; read anew each time, never kept."""
        found: dict[tuple[str, str], str] = {}
        for name, key in secret_references(run):
            try:
                secret = await self._machinery.client.get(SECRETS, run["metadata"]["namespace"], name)
            except NotFound as error:
                raise SpecRejected(f"Unable to resolve metric arguments: {error}") from error
            if key not in (secret.get("data") or {}):
                text = f"Unable to resolve metric arguments: key '{key}' does not exist in secret '{name}'"
                raise SpecRejected(text)
            found[name, key] = base64.b64decode(secret["data"][key]).decode(errors="replace")
        return found

    async def _publish(self, run: Json, state: RunState, events: tuple[Event, ...]) -> None:
        change = merge_patch(run.get("status") or {}, state.to_json())
        if change:
            metadata = run["metadata"]
            body = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "status": change}
            client = self._machinery.client
            answer = await client.patch(ANALYSIS_RUNS, metadata["namespace"], metadata["name"], body)
            self._machinery.cache.store(ANALYSIS_RUNS).apply(None, answer)
            log.info("assessed", run=metadata["name"], phase=state.phase, message=state.message)
        for event in events:
            self._machinery.recorder.record(run, event.type, event.reason, event.message)

    async def _expire(self, run: Json, state: RunState, now: datetime) -> float | None:
        """Deletes a finished run whose time to live is over; seconds until then otherwise."""
        ttl = (run.get("spec") or {}).get("ttlStrategy") or {}
        specific = {"Successful": "secondsAfterSuccess", "Failed": "secondsAfterFailure"}.get(state.phase, "")
        limit = ttl.get(specific, ttl.get("secondsAfterCompletion"))
        if limit is None or state.completed is None:
            return None
        left = float(limit) - (now - state.completed).total_seconds()
        if left >= 0:
            return left + 1
        metadata = run["metadata"]
        await self._machinery.client.delete(ANALYSIS_RUNS, metadata["namespace"], metadata["name"], uid=metadata["uid"])
        return None

    async def rejected(self, key: Key, error: FerrataError) -> None:
        run = self._machinery.cache.store(ANALYSIS_RUNS).get(*key)
        if run is None:
            return
        text = shortened(str(error), _LONGEST)
        state = replace(RunState.from_json(run.get("status") or {}), phase=ERROR, message=text)
        events = (
            Event("InvalidSpec", text, "Warning"),
            Event("AnalysisRunError", "Analysis Completed. Result: Error", "Warning"),
        )
        await self._publish(run, state, events if isinstance(error, SpecRejected) else events[1:])

    def keys_for(self, kind: Kind, old: Json | None, new: Json | None) -> Iterable[tuple[Key, Priority]]:
        if kind != ANALYSIS_RUNS or new is None:
            return ()
        del old
        return [((new["metadata"]["namespace"], new["metadata"]["name"]), Priority.ACTIVE)]
