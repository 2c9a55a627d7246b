"""Structural OpenAPI schemas, as CustomResourceDefinitions want them, of our models and of Kubernetes' pod types.

model_schema   of a model of written objects
pod_schema     of a struct in model/pod_types.json, above all PodTemplateSpec and JobSpec
strict         a schema whose objects keep only what they list

References are written out and `null` is not mentioned: neither is allowed in a CustomResourceDefinition.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from ferrata.api.written import ObjectMeta, OpenApi, PodType, Written, bare

Json = dict[str, Any]
KEEPS_UNKNOWN: Final = "x-kubernetes-preserve-unknown-fields"
_ANYTHING: Final = {KEEPS_UNKNOWN: True}
_INT_OR_STRING: Final = {"x-kubernetes-int-or-string": True}
_PLAIN: Final[dict[Any, Json]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    ObjectMeta: {"type": "object"},
    Any: _ANYTHING,
}
_POD_SCALARS: Final[dict[str, Json]] = {
    "string": {"type": "string"},
    "int": {"type": "integer", "format": "int64"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time"},
    "quantity": _INT_OR_STRING,
    "intOrString": _INT_OR_STRING,
    "any": _ANYTHING,
}
_RELAXED: Final = frozenset(
    {("ResourceRequirements", "limits"), ("ResourceRequirements", "requests"), ("PodSpec", "volumes")}
)
"""Fields of a pod in which users' mistakes are the pod's to report, not the schema's."""
_DEFAULTS: Final[dict[tuple[str, str], Any]] = {
    ("ContainerPort", "protocol"): "TCP",
    ("FileKeySelector", "optional"): False,
    ("GRPCAction", "service"): "",
    ("LocalObjectReference", "name"): "",
}
"""Filled in by the API server before anybody reads the template, so they count in the hash of a pod template."""
_TEMPLATE_METADATA: Final = ("labels", "annotations")


def model_schema(model: type[Written]) -> Json:
    """The schema of `model`, with the descriptions that its fields have; its objects keep unknown fields."""
    properties = {info.alias or name: _field_schema(info) for name, info in model.model_fields.items()}
    return _object(properties, model.REQUIRED) | _ANYTHING


def _field_schema(info: FieldInfo) -> Json:
    schema = _schema(info.annotation, tuple(info.metadata))
    return schema | ({"description": info.description} if info.description else {})


def _schema(annotation: Any, metadata: tuple[Any, ...] = ()) -> Json:
    type_, markers = bare(annotation)
    for marker in (*markers, *metadata):
        if isinstance(marker, OpenApi):
            return dict(marker.schema)
        if isinstance(marker, PodType):
            return pod_schema(marker.name)
    if type_ in _PLAIN:
        return dict(_PLAIN[type_])
    if isinstance(type_, type) and issubclass(type_, Written):
        return model_schema(type_)
    origin, parts = get_origin(type_), get_args(type_)
    if origin is Literal:
        return {"type": "string", "enum": list(parts)}
    if origin is tuple:
        return {"type": "array", "items": _schema(parts[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(parts[1])}
    raise TypeError(f"no schema for {annotation!r}: annotate it with OpenApi(...)")


def pod_schema(type_: str) -> Json:
    """The schema of a type as model/pod_types.json names it. Raises KeyError for one that is not there."""
    if type_.startswith("*"):
        return pod_schema(type_[1:])
    if type_.startswith("[]"):
        return {"type": "array", "items": pod_schema(type_[2:])}
    if type_.startswith("map:"):
        return {"type": "object", "additionalProperties": pod_schema(type_[4:])}
    if type_ in _POD_SCALARS:
        return dict(_POD_SCALARS[type_])
    fields = [f for f in _structs()[type_] if type_ != "ObjectMeta" or f["n"] in _TEMPLATE_METADATA]
    properties = {field["n"]: _pod_field_schema(type_, field) for field in fields}
    return _object(properties, tuple(f["n"] for f in fields if f.get("r") and (type_, f["n"]) not in _DEFAULTS))


def _pod_field_schema(struct: str, field: Json) -> Json:
    place = struct, field["n"]
    if place in _RELAXED:
        return dict(_ANYTHING)
    schema = pod_schema(field["t"])
    if "k" in field:
        schema |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": field["k"]}
    if "b" in field:
        number = schema.get("items", schema)
        number["format"] = f"int{field['b']}"
    if place in _DEFAULTS:
        schema["default"] = _DEFAULTS[place]
    return schema


def strict(schema: Json) -> Json:
    """`schema` without the unknown fields of those objects that list their properties."""
    kept = {key: value for key, value in schema.items() if key != KEEPS_UNKNOWN or "properties" not in schema}
    for part in ("items", "additionalProperties"):
        if part in kept:
            kept[part] = strict(kept[part])
    if "properties" in kept:
        kept["properties"] = {name: strict(value) for name, value in kept["properties"].items()}
    return kept


def _object(properties: Json, required: tuple[str, ...]) -> Json:
    body: Json = {"type": "object"} | ({"properties": properties} if properties else {})
    return body | ({"required": list(required)} if required else {})


@cache
def _structs() -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = json.loads(files("ferrata.model").joinpath("pod_types.json").read_bytes())
    return found
