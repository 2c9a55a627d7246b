"""Whether the analysis templates that a Rollout uses exist, fit together, and get the arguments they want.

Use               one place of a Rollout that starts an analysis
template_errors   yields what is wrong there
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ferrata.api.spec_error import SpecError, invalid

Json = dict[str, Any]
Objects = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Use:
    """An analysis section at `path`. A background analysis may run without end, all others must come to one."""

    path: str
    analysis: Json
    is_background: bool = False

    @property
    def refs(self) -> tuple[Json, ...]:
        """The templates named there."""
        return tuple(self.analysis.get("templates") or ())


def template_errors(use: Use, templates: Objects, cluster_templates: Objects) -> Iterator[SpecError]:
    """What is wrong with the templates of `use`: missing ones first, then contradictions, then arguments."""
    found: list[Json] = []
    for index, ref in enumerate(use.refs):
        yield from _collect(ref, f"{use.path}.templates[{index}].templateName", (templates, cluster_templates), found)
    if not found:
        return
    names = " ".join(ref.get("templateName") or "" for ref in use.refs)
    path, value = f"{use.path}.templates", f"templateNames: [{names}]"
    metrics = [metric for template in found for metric in _items(template, "metrics")]
    for text in (*_duplicates(metrics), *_conflicts(found), *_missing_arguments(use, found)):
        yield invalid(path, value, text)
    if not use.is_background:
        for metric in metrics:
            yield from _endless_errors(metric, names, path, value)


def _items(template: Json, part: str) -> list[Json]:
    items = (template.get("spec") or {}).get(part)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _collect(ref: Json, path: str, known: tuple[Objects, Objects], found: list[Json]) -> Iterator[SpecError]:
    """Adds the template of `ref` and those that it names to `found`, each once, so that a circle ends."""
    is_cluster, name = bool(ref.get("clusterScope")), ref.get("templateName") or ""
    template = known[is_cluster].get(name)
    if template is None:
        kind = "ClusterAnalysisTemplate" if is_cluster else "AnalysisTemplate"
        yield invalid(path, name, f"{kind} '{name}' not found")
    elif not any(template is other for other in found):
        found.append(template)
        for nested in _items(template, "templates"):
            yield from _collect(nested, path, known, found)


def _duplicates(metrics: list[Json]) -> Iterator[str]:
    seen: set[str] = set()
    for name in (metric.get("name") or "" for metric in metrics):
        if name in seen:
            yield f"two metrics have the same name '{name}'"
        seen.add(name)


def _conflicts(templates: list[Json]) -> Iterator[str]:
    values: dict[str, str] = {}
    for argument in (argument for template in templates for argument in _items(template, "args")):
        name, value = argument.get("name") or "", argument.get("value")
        if value is not None and values.setdefault(name, value) != value:
            yield f"Argument `{name}` specified multiple times with different values: '{values[name]}', '{value}'"


def _missing_arguments(use: Use, templates: list[Json]) -> Iterator[str]:
    declared = [argument for template in templates for argument in _items(template, "args")]
    given = {argument.get("name") for argument in (*declared, *_with_empty(use)) if _has_value(argument)}
    for argument in declared:
        name = argument.get("name") or ""
        if name in given:
            continue
        if use.is_background:
            yield name if use.analysis.get("args") else "missing analysis arguments in rollout spec"
        else:
            yield f"args.{name} was not resolved"


def _with_empty(use: Use) -> list[Json]:
    """The Rollout's own arguments; one without a value counts as given, with an empty text."""
    return [{"value": "", **argument} for argument in use.analysis.get("args") or ()]


def _has_value(argument: Json) -> bool:
    return argument.get("value") is not None or argument.get("valueFrom") is not None


def _endless_errors(metric: Json, names: str, path: str, value: str) -> Iterator[SpecError]:
    """A metric with an interval and no count, or count 0, measures for ever. A count may be an argument."""
    count = metric.get("count")
    if metric.get("interval") and count in (None, 0, "0"):
        shown = "<nil>" if count is None else count
        text = f"AnalysisTemplate {names} has metric {metric.get('name') or ''} which runs indefinitely."
        yield invalid(path, value, f"{text} Invalid value for count: {shown}")
