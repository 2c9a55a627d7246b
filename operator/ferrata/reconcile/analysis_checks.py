"""Whether the analyses of a Rollout could be carried out, found out before a release depends on it.

An analysis that can only end in an error would otherwise abort a good release in its middle, or hold it for ever. The
run is made up as it would be when its time comes, and looked at as the AnalysisRun's own controller does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ferrata.api.spec_error import SpecError, invalid
from ferrata.api.templates import LookUp, resolve_args, resolve_templates
from ferrata.api.unknown import refused_in_metrics
from ferrata.api.unsupported import unsupported_metric
from ferrata.api.validation_references import uses
from ferrata.api.validation_templates import Use
from ferrata.errors import SpecRejected
from ferrata.execute.analysis import run_spec
from ferrata.metrics import prometheus
from ferrata.metrics.expression import check as expression_fault
from ferrata.metrics.promql import query_fault
from ferrata.model.analysis import Metric
from ferrata.observe.analysis import argument_values, read_run
from ferrata.plan.analysis.validate import fault

Json = dict[str, Any]
_STABLE, _LATEST = "dummy-stable-hash", "dummy-new-hash"
_ANY_ADDRESS: Final = "http://prometheus"
"""Stands for the operator's own default, which a query may go without."""


def analysis_error(rollout: Json, look_up: LookUp) -> SpecError | None:
    """The first thing that is wrong with an analysis of `rollout`, whose references are known to exist and fit."""
    for use in uses(rollout):
        if use.refs:
            names = " ".join(ref.get("templateName") or "" for ref in use.refs)
            for text in _faults(use, rollout, look_up):
                return invalid(f"{use.path}.templates", f"templateNames: [{names}]", text)
    return None


def _faults(use: Use, rollout: Json, look_up: LookUp) -> Iterator[str]:
    for template in resolve_templates(use.refs, look_up):
        who = f"{template.get('kind') or 'AnalysisTemplate'} '{template['metadata']['name']}'"
        yield from (f"{who}: {error}" for error in refused_in_metrics(template))
    try:
        yield from _run_faults(use.analysis, rollout, look_up)
    except SpecRejected as error:
        yield str(error)


def _run_faults(analysis: Json, rollout: Json, look_up: LookUp) -> Iterator[str]:
    known, later = _arguments(analysis.get("args") or (), rollout)
    spec = run_spec(analysis | {"args": known}, rollout, look_up, _STABLE, _LATEST)
    certain = [metric for metric in spec["metrics"] if not any(_mentions(metric, name) for name in later)]
    if len(certain) < len(spec["metrics"]):
        spec |= {"metrics": certain, "dryRun": [], "measurementRetention": []}
        if not certain:
            return
    metrics = read_run({"spec": spec}, argument_values({"spec": spec})).metrics
    if text := fault(metrics):
        yield f"Analysis spec invalid: {text}"
    for place, metric in enumerate(metrics):
        yield from metric_faults(metric, f"metrics[{place}]")


def _arguments(args: Sequence[Json], rollout: Json) -> tuple[list[Json], set[str]]:
    """The arguments as values, and the names of those whose field the Rollout does not have yet."""
    known, later = list[Json](), set[str]()
    for argument in args:
        try:
            known += resolve_args([argument], rollout, _STABLE, _LATEST)
        except SpecRejected:
            known.append({"name": argument.get("name") or "", "value": "dummy-value"})
            later.add(argument.get("name") or "")
    return known, later


def _mentions(metric: Json, name: str) -> bool:
    return f"args.{name}" in json.dumps(metric, ensure_ascii=False)


def metric_faults(metric: Metric, path: str) -> Iterator[str]:
    """What is wrong with the conditions and the provider of `metric`, which is reported below `path`."""
    conditions = (("successCondition", metric.success_condition), ("failureCondition", metric.failure_condition))
    for name, source in conditions:
        if source and (text := expression_fault(source)):
            yield str(invalid(f"{path}.{name}", source, text))
    if text := unsupported_metric({"name": metric.name, "provider": metric.provider}):
        yield text
    elif (config := metric.provider.get("prometheus")) is not None:
        yield from _prometheus_faults(config, f"{path}.provider.prometheus")


def _prometheus_faults(config: Json, path: str) -> Iterator[str]:
    query = str(config.get("query") or "")
    if text := query_fault(query):
        yield str(invalid(f"{path}.query", query, text))
    try:
        prometheus.request(config, _ANY_ADDRESS)
    except SpecRejected as error:
        yield f"{path}: {error}"
