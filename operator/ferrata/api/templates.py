"""From templates and arguments to the spec of an AnalysisRun. Pure, on plain objects; the texts are clients' own.

resolve_templates   references -> templates, those that they name in turn included
flatten             several templates -> one spec
resolve_args        a Rollout's arguments -> values
merge_args          supplied and declared arguments -> those of the run
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ferrata.errors import SpecRejected

Json = dict[str, Any]
_METADATA_KEY = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_PLAIN_METADATA = {"metadata.name", "metadata.namespace", "metadata.uid"}


class LookUp(Protocol):
    """Finds a template by name, cluster-wide or in the namespace; None when there is none."""

    def __call__(self, name: str, *, cluster: bool) -> Json | None: ...


def resolve_templates(refs: Sequence[Json], look_up: LookUp) -> list[Json]:
    """Every template once, those of the namespace first, then the cluster's. A cycle is followed once around.

    Raises SpecRejected for one that does not exist.
    """
    found: dict[tuple[bool, str], Json] = {}

    def visit(ref: Json) -> None:
        name, cluster = str(ref.get("templateName", "")), ref.get("clusterScope") is True
        if (cluster, name) in found:
            return
        template = look_up(name, cluster=cluster)
        if template is None:
            raise SpecRejected(f"{'ClusterAnalysisTemplate' if cluster else 'AnalysisTemplate'} '{name}' not found")
        found[cluster, name] = template
        for nested in (template.get("spec") or {}).get("templates") or []:
            visit(nested)

    for ref in refs:
        visit(ref)
    return [template for (cluster, _), template in sorted(found.items(), key=lambda item: item[0][0])]


def flatten(templates: Sequence[Json], dry_run: Sequence[Json] = (), retention: Sequence[Json] = ()) -> Json:
    """One spec with the metrics, arguments and rules of all; rules given here come first.

    Raises SpecRejected for a metric or rule that occurs twice, or an argument with two values.
    """
    specs = [template.get("spec") or {} for template in templates]
    metrics = [metric for spec in specs for metric in spec.get("metrics") or []]
    _refuse_twice(metrics, "name", "two metrics have the same name")
    rules = [*dry_run, *(rule for spec in specs for rule in spec.get("dryRun") or [])]
    _refuse_twice(rules, "metricName", "two Dry-Run metric rules have the same name")
    kept = [*retention, *(rule for spec in specs for rule in spec.get("measurementRetention") or [])]
    _refuse_twice(kept, "metricName", "two Measurement Retention metric rules have the same name")
    return {"metrics": metrics, "args": _union(specs), "dryRun": rules, "measurementRetention": kept}


def _refuse_twice(items: Sequence[Json], key: str, text: str) -> None:
    seen = set()
    for item in items:
        if item.get(key) in seen:
            raise SpecRejected(f"{text} '{item.get(key)}'")
        seen.add(item.get(key))


def _union(specs: Sequence[Json]) -> list[Json]:
    found: dict[str, Json] = {}
    for argument in (argument for spec in specs for argument in spec.get("args") or []):
        name = _name(argument)
        old, new = found.get(name, {}).get("value"), argument.get("value")
        if old is not None and new is not None and old != new:
            raise SpecRejected(f"Argument `{name}` specified multiple times with different values: '{old}', '{new}'")
        if name not in found or old is None:
            found[name] = argument
    return list(found.values())


def resolve_args(args: Sequence[Json], rollout: Json, stable_hash: str, latest_hash: str) -> list[Json]:
    """`{name, value}` of each argument that a Rollout supplies. Raises SpecRejected for a field that is not there."""
    return [{"name": _name(a), "value": _supplied(a, rollout, stable_hash, latest_hash)} for a in args]


def _name(argument: Json) -> str:
    return argument.get("name") or ""


def _supplied(argument: Json, rollout: Json, stable_hash: str, latest_hash: str) -> str:
    source = argument.get("valueFrom") or {}
    if wanted := source.get("podTemplateHashValue"):
        return latest_hash if wanted == "Latest" else stable_hash
    if path := (source.get("fieldRef") or {}).get("fieldPath"):
        return field_value(rollout, str(path))
    return str(argument.get("value") or "")


def field_value(rollout: Json, path: str) -> str:
    """The text at `path` of the Rollout; a label or annotation that is not there is empty.

    Raises SpecRejected for a path that leads nowhere, or not to a plain value.
    """
    metadata = rollout.get("metadata") or {}
    if match := _METADATA_KEY.fullmatch(path):
        return str((metadata.get(match[1]) or {}).get(match[2], ""))
    if path in _PLAIN_METADATA:
        return str(metadata.get(path.removeprefix("metadata."), ""))
    if path.startswith("metadata"):
        raise SpecRejected(f"unsupported fieldPath: {path}")
    return _walk(rollout, path)


def _walk(rollout: Json, path: str) -> str:
    value: Any = rollout
    for token in (part for part in re.split(r"[.\[\]]", path) if part):
        if isinstance(value, list):
            value = _item(value, token, path)
        elif isinstance(value, dict) and token in value:
            value = value[token]
        else:
            raise SpecRejected(f"invalid path {path} in rollout")
    if isinstance(value, dict | list) or value is None:
        raise SpecRejected(f"path {path} in rollout must terminate in a primitive value")
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _item(values: list[Any], token: str, path: str) -> Any:
    if not token.isdigit():
        raise SpecRejected(f"invalid index {token} in path {path}")
    if int(token) >= len(values):
        raise SpecRejected(f"index {token} out of range in path {path}")
    return values[int(token)]


def merge_args(supplied: Sequence[Json], declared: Sequence[Json]) -> list[Json]:
    """The declared arguments with supplied values; what is supplied and not declared is left out.

    Raises SpecRejected for one that has neither a value nor a source.
    """
    given: Mapping[str, Json] = {_name(argument): argument for argument in supplied}
    return [_merged(argument, given.get(_name(argument), {})) for argument in declared]


def _merged(declared: Json, incoming: Json) -> Json:
    key = "value" if incoming.get("value") is not None else "valueFrom"
    merged = declared | {key: incoming[key]} if incoming.get(key) is not None else declared
    if merged.get("value") is None and merged.get("valueFrom") is None:
        raise SpecRejected(f"args.{_name(declared)} was not resolved")
    return merged
