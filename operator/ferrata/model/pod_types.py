"""Typed reading of plain JSON, as Go does it: the fields a type has, in the order in which Go prints them.

`pod_types.json` beside this file lists every struct of a pod template (made by tools/podtypes from the Kubernetes
libraries): for each field its name `n`, its type `t`, and with `o` whether an empty value is left out. What else is
there (`r` required, `k` keys of a list, `b` bits) is for schemas.
A type is a struct's name, `*T`, `[]T`, `map:T`, or a scalar.

decode         a JSON value -> the same value as Go would print it after reading it into the type
encode         a JSON value -> its bytes, as Go's encoding/json prints them
unknown_paths  a JSON value -> the paths in it that the type does not have
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ferrata.model import quantities

Json = dict[str, Any]
Read = Callable[[Any], Any]

_ESCAPED: Final = re.compile("[<>&\u2028\u2029]")
_to_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_STEP_STRUCTS: Final[dict[str, list[tuple[str, str, bool]]]] = {
    "CanaryStep": [
        ("setWeight", "*int", True),
        ("pause", "*RolloutPause", True),
        ("experiment", "*RolloutExperimentStep", True),
        ("analysis", "*RolloutAnalysis", True),
        ("setCanaryScale", "*SetCanaryScale", True),
        ("setHeaderRoute", "*SetHeaderRoute", True),
        ("setMirrorRoute", "*SetMirrorRoute", True),
        ("plugin", "*PluginStep", True),
    ],
    "RolloutPause": [("duration", "*intOrString", True)],
    "SetCanaryScale": [("weight", "*int", True), ("replicas", "*int", True), ("matchTrafficWeight", "bool", True)],
    "SetHeaderRoute": [("name", "string", True), ("match", "[]HeaderRoutingMatch", True)],
    "HeaderRoutingMatch": [("headerName", "string", False), ("headerValue", "*StringMatch", False)],
    "StringMatch": [("exact", "string", True), ("prefix", "string", True), ("regex", "string", True)],
    "SetMirrorRoute": [("name", "string", False), ("match", "[]RouteMatch", True), ("percentage", "*int", True)],
    "RouteMatch": [
        ("method", "*StringMatch", True),
        ("path", "*StringMatch", True),
        ("headers", "map:StringMatch", True),
    ],
    "PluginStep": [("name", "string", False), ("config", "any", True)],
    "RolloutAnalysis": [
        ("templates", "[]TemplateRef", True),
        ("args", "[]AnalysisRunArgument", True),
        ("dryRun", "[]DryRun", True),
        ("measurementRetention", "[]MeasurementRetention", True),
        ("analysisRunMetadata", "*RunMetadata", True),
    ],
    "TemplateRef": [("templateName", "string", False), ("clusterScope", "bool", True)],
    "AnalysisRunArgument": [("name", "string", False), ("value", "string", True), ("valueFrom", "*ArgSource", True)],
    "ArgSource": [("podTemplateHashValue", "*string", True), ("fieldRef", "*ArgFieldRef", True)],
    "ArgFieldRef": [("fieldPath", "string", False)],
    "DryRun": [("metricName", "string", False)],
    "MeasurementRetention": [("metricName", "string", False), ("limit", "int", False)],
    "RunMetadata": [("labels", "map:string", True), ("annotations", "map:string", True)],
    "RolloutExperimentStep": [
        ("templates", "[]ExperimentTemplate", False),
        ("duration", "string", True),
        ("analyses", "[]ExperimentAnalysis", True),
        ("dryRun", "[]DryRun", True),
        ("analysisRunMetadata", "RunMetadata", False),
        ("scaleDownDelaySeconds", "*int", True),
    ],
    "ExperimentTemplate": [
        ("name", "string", False),
        ("specRef", "string", False),
        ("replicas", "*int", True),
        ("metadata", "RunMetadata", False),
        ("selector", "*LabelSelector", True),
        ("weight", "*int", True),
        ("service", "*ExperimentService", True),
    ],
    "ExperimentService": [("name", "string", True)],
    "ExperimentAnalysis": [
        ("name", "string", False),
        ("templateName", "string", False),
        ("clusterScope", "bool", True),
        ("args", "[]AnalysisRunArgument", True),
        ("requiredForCompletion", "bool", True),
    ],
}
"""Steps of a canary, in the order of `argoproj.io/v1alpha1`'s Go types."""


@dataclass(frozen=True, slots=True)
class _Type:
    """`read` gives a value as printed, or None when it is absent or unreadable; `zero` gives what is printed then."""

    read: Read
    zero: Callable[[], Any]
    drops_empty: bool = True
    """False for pointers: a pointer to an empty value is not empty."""


def decode(type_name: str, value: Any, *, by_value: bool = False) -> Any:
    """`value` as Go would print it after reading it into `type_name`: unknown and unreadable parts are gone.

    `type_name` is a struct of a pod template or of canary steps, or made of one (`[]CanaryStep`). With `by_value`
    two values that mean the same come out the same: quantities as numbers, a missing list as an empty one.
    Raises KeyError for a type that does not exist.
    """
    type_ = _type(type_name, by_value)
    read = type_.read(value)
    return type_.zero() if read is None else read


def encode(value: Any) -> bytes:
    """`value` as Go's encoding/json prints it, in the order of its keys.

    Go escapes `<`, `>`, `&` and the two Unicode line separators, and leaves all other text as it is.
    """
    text = _to_text(value)
    if _ESCAPED.search(text):
        text = _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return text.encode("utf-8", "replace")


def unknown_paths(type_name: str, value: Any) -> Iterator[str]:
    """Paths below `value` (`spec.containers[0].imagPullPolicy`) that a struct of a pod template does not have."""
    types = _field_types(type_name)
    for key, item in value.items() if isinstance(value, dict) else ():
        type_ = types.get(key)
        if type_ is None:
            yield key
            continue
        name = type_.removeprefix("*").removeprefix("[]")
        if name in _structs():
            many = item if isinstance(item, list) else [item]
            for index, one in enumerate(many):
                here = f"{key}[{index}]" if many is item else key
                yield from (f"{here}.{below}" for below in unknown_paths(name, one))


@cache
def _field_types(struct: str) -> dict[str, str]:
    return {name: type_ for name, type_, _ in _structs()[struct]}


@cache
def _structs() -> dict[str, list[tuple[str, str, bool]]]:
    listed = json.loads(files("ferrata.model").joinpath("pod_types.json").read_bytes())
    pod = {name: [(f["n"], f["t"], f.get("o", False)) for f in fields] for name, fields in listed.items()}
    return pod | _STEP_STRUCTS


@cache
def _type(name: str, by_value: bool) -> _Type:
    if name.startswith("*"):
        return _Type(_type(name[1:], by_value).read, lambda: None, drops_empty=False)
    if name.startswith("[]"):
        return _Type(_list_reader(_type(name[2:], by_value)), list if by_value else lambda: None)
    if name.startswith("map:"):
        return _Type(_map_reader(_type(name[4:], by_value)), dict if by_value else lambda: None)
    if by_value and name == "quantity":
        return _Type(_milli, int, drops_empty=False)
    if name in _SCALARS:
        return _SCALARS[name]
    read = _struct_reader(name, by_value)
    return _Type(read, lambda: read({}))


def _struct_reader(name: str, by_value: bool) -> Read:
    fields = [(field, _type(type_name, by_value), omit) for field, type_name, omit in _structs()[name]]

    def read(value: Any) -> Json | None:
        if not isinstance(value, dict):
            return None
        out: Json = {}
        for field, type_, omit in fields:
            given = value.get(field)
            found = None if given is None else type_.read(given)
            if omit and (found is None or (type_.drops_empty and not found)):
                continue
            out[field] = type_.zero() if found is None else found
        return out

    return read


def _list_reader(inner: _Type) -> Read:
    def read(value: Any) -> list[Any] | None:
        if not isinstance(value, list):
            return None
        return [inner.zero() if item is None else item for item in map(inner.read, value)]

    return read


def _map_reader(inner: _Type) -> Read:
    def read(value: Any) -> Json | None:
        if not isinstance(value, dict):
            return None
        found = {key: inner.read(value[key]) for key in sorted(value)}
        return {key: item for key, item in found.items() if item is not None}

    return read


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _int(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def _int_or_string(value: Any) -> int | str | None:
    return value if isinstance(value, str) else _int(value)


def _read_quantity(value: Any) -> quantities.Quantity:
    """A quantity that cannot be read counts as 0, as in Argo Rollouts: one bad limit must not hide all others."""
    try:
        return quantities.parse(value)
    except ValueError:
        return quantities.ZERO


def _quantity(value: Any) -> str:
    return _read_quantity(value).text


def _milli(value: Any) -> int:
    """In thousandths, rounded up: finer amounts do not survive in the API server."""
    return -(-_read_quantity(value).nano // 1_000_000)


def _time(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _any(value: Any) -> Any:
    """Free-form JSON, keys sorted as Go's maps print them."""
    if isinstance(value, dict):
        return {key: _any(value[key]) for key in sorted(value)}
    return [_any(item) for item in value] if isinstance(value, list) else value


_SCALARS: Final = {
    "string": _Type(_string, str),
    "bytes": _Type(_string, lambda: None),
    "bool": _Type(_bool, bool),
    "int": _Type(_int, int),
    "intOrString": _Type(_int_or_string, int, drops_empty=False),
    "quantity": _Type(_quantity, lambda: quantities.ZERO.text, drops_empty=False),
    "time": _Type(_time, lambda: None),
    "any": _Type(_any, lambda: None, drops_empty=False),
}
