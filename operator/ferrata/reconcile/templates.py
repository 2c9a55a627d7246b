"""Analysis templates: they do nothing by themselves, so all that is done for them is to say what is wrong, early.

A template has no status. What is wrong is told as events on it, once for each time that it is written, and as the
condition InvalidSpec of every Rollout that uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ferrata.api.analysis import AnalysisTemplate
from ferrata.api.parsing import named, type_errors
from ferrata.api.spec_error import shortened
from ferrata.api.unknown import refused_in_metrics, unknown_in_template
from ferrata.cluster.controller import Key, Priority
from ferrata.cluster.kinds import Kind
from ferrata.cluster.machinery import Machinery
from ferrata.errors import FerrataError
from ferrata.metrics.expression import check as expression_fault
from ferrata.metrics.promql import query_fault

Json = dict[str, Any]
_LONGEST = 1000
_TAG = "{{"
"""Begins an argument, whose value is not known before a run."""


class TemplateController:
    """Tells what is wrong with AnalysisTemplates, or with ClusterAnalysisTemplates."""

    def __init__(self, machinery: Machinery, kind: Kind) -> None:
        self._machinery = machinery
        self.kind, self.name = kind, kind.plural

    async def reconcile(self, key: Key) -> float | None:
        template = self._machinery.cache.store(self.kind).get(*key)
        if template is None:
            return None
        if unknown := unknown_in_template(template):
            self._tell(template, "UnknownFields", f"Nothing reads these fields: {named(unknown)}")
        if (text := next(template_faults(template), None)) is not None:
            self._tell(template, "InvalidSpec", f'The {self.kind.kind} "{key[1]}" is invalid: {text}')
        return None

    async def rejected(self, key: Key, error: FerrataError) -> None:
        """Nothing is asked of the API server here, so nothing is ever rejected."""

    def _tell(self, template: Json, reason: str, text: str) -> None:
        self._machinery.recorder.record(template, "Warning", reason, shortened(text, _LONGEST))

    def keys_for(self, kind: Kind, old: Json | None, new: Json | None) -> Iterable[tuple[Key, Priority]]:
        if kind != self.kind or new is None or (old is not None and _is_same(old, new)):
            return ()
        return [((new["metadata"].get("namespace", ""), new["metadata"]["name"]), Priority.IDLE)]


def _is_same(old: Json, new: Json) -> bool:
    return bool(old["metadata"]["uid"] == new["metadata"]["uid"] and old.get("spec") == new.get("spec"))


def template_faults(template: Json) -> Iterator[str]:
    """What is wrong with a template, whatever its arguments will be; wrong types hide all else."""
    if (error := next(type_errors(AnalysisTemplate, template), None)) is not None:
        yield str(error)
        return
    yield from (str(error) for error in refused_in_metrics(template))
    for place, metric in enumerate((template.get("spec") or {}).get("metrics") or ()):
        yield from _metric_faults(metric, f"spec.metrics[{place}]")


def _metric_faults(metric: Json, path: str) -> Iterator[str]:
    for name in ("successCondition", "failureCondition"):
        source = metric.get(name) or ""
        if source and _TAG not in source and (text := expression_fault(source)):
            yield f"{path}.{name}: {text}"
    query = ((metric.get("provider") or {}).get("prometheus") or {}).get("query")
    if query is not None and _TAG not in query and (text := query_fault(query)):
        yield f"{path}.provider.prometheus.query: {text}"
