"""An AnalysisRun object as the core's values, arguments filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ferrata.errors import SpecRejected
from ferrata.metrics.arguments import substitute
from ferrata.model.analysis import Metric, RunSpec
from ferrata.model.durations import parse_go_duration

Json = dict[str, Any]
PLACEHOLDER = "temp-for-secret"
"""Stands for a secret's value where only the form matters."""


def argument_values(run: Json, secrets: Mapping[tuple[str, str], str] | None = None) -> dict[str, str | None]:
    """Argument values by name; those from secrets are looked up in `secrets` by (name, key), or stand in for it."""
    found: dict[str, str | None] = {}
    for argument in (run.get("spec") or {}).get("args") or []:
        reference = ((argument.get("valueFrom") or {}).get("secretKeyRef")) or None
        if reference is None:
            found[argument.get("name") or ""] = argument.get("value")
        elif secrets is None:
            found[argument.get("name") or ""] = PLACEHOLDER
        else:
            found[argument.get("name") or ""] = secrets[_secret(reference)]
    return found


def _secret(reference: Json) -> tuple[str, str]:
    return reference.get("name") or "", reference.get("key") or ""


def secret_references(run: Json) -> list[tuple[str, str]]:
    """(secret, key) of every argument that comes from a Secret."""
    references = [
        ((argument.get("valueFrom") or {}).get("secretKeyRef"))
        for argument in (run.get("spec") or {}).get("args") or []
    ]
    return [_secret(reference) for reference in references if reference]


def read_run(run: Json, values: Mapping[str, str | None]) -> RunSpec:
    """The run's spec. Raises SpecRejected when it cannot be read, with the text that becomes its message."""
    spec = run.get("spec") or {}
    try:
        bodies = [substitute(metric, values) for metric in spec.get("metrics") or []]
    except SpecRejected as error:
        raise SpecRejected(f"Unable to resolve metric arguments: {error}") from error
    metrics = tuple(_metric(body, place) for place, body in enumerate(bodies))
    names = [metric.name for metric in metrics]
    ttl = spec.get("ttlStrategy") or {}
    return RunSpec(
        metrics=metrics,
        terminate=spec.get("terminate") is True,
        dry_run=frozenset(_matched(spec.get("dryRun"), names, "dryRun")),
        retention=_matched(spec.get("measurementRetention"), names, "measurementRetention"),
        ttl_completion=ttl.get("secondsAfterCompletion"),
        ttl_failure=ttl.get("secondsAfterFailure"),
        ttl_success=ttl.get("secondsAfterSuccess"),
    )


def _metric(body: Json, place: int) -> Metric:
    given = _number(body.get("count"), 0)
    interval = _duration(body, "interval", f"metrics[{place}]: invalid interval string")
    return Metric(
        name=str(body.get("name", "")),
        interval=interval,
        initial_delay=_duration(body, "initialDelay", f"metrics[{place}]: invalid startDelay string"),
        count=given or (1 if interval is None else None),
        given_count=given,
        success_condition=body.get("successCondition") or None,
        failure_condition=body.get("failureCondition") or None,
        failure_limit=_number(body.get("failureLimit"), 0),
        inconclusive_limit=_number(body.get("inconclusiveLimit"), 0),
        error_limit=_number(body.get("consecutiveErrorLimit"), 4),
        success_limit=_number(body.get("consecutiveSuccessLimit"), 0),
        provider=body.get("provider") or {},
    )


def _duration(body: Json, key: str, fault: str) -> float | None:
    text = body.get(key)
    if not text:
        return None
    try:
        return parse_go_duration(str(text))
    except ValueError as error:
        raise SpecRejected(f"Analysis spec invalid: {fault}: {error}") from error


def _number(value: object, default: int) -> int:
    """An int-or-string; what is no number counts as 0, as clients of the API know it."""
    if value is None:
        return default
    text = str(value)
    return int(text) if re.fullmatch(r"[+-]?\d+", text, re.ASCII) else 0


def _matched(rules: list[Json] | None, names: list[str], field: str) -> Json:
    """Limit (or 0) per metric that a rule's pattern finds, unanchored; the later rule wins."""
    found: Json = {}
    for place, rule in enumerate(rules or []):
        try:
            pattern = re.compile(str(rule.get("metricName", "")))
            matching = [name for name in names if pattern.search(name)]
        except re.error:
            matching = []
        if not matching:
            raise SpecRejected(f"Analysis spec invalid: {field}[{place}]: Rule didn't match any metric name(s)")
        found |= {name: max(0, int(rule.get("limit") or 0)) for name in matching}
    return found
