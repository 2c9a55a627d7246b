"""What all models of written objects share: the base class and the scalar types of Kubernetes' JSON.

Every field may be absent or `null`, as in Go: None stands for both. `REQUIRED` names the fields that the API server
asks for; an object that came another way is read all the same. Unknown fields are kept aside, not lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Final, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, Strict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Written(BaseModel):
    """A JSON object of a manifest; JSON names are the camelCase of the attributes' unless an alias says otherwise."""

    model_config = ConfigDict(frozen=True, extra="allow", alias_generator=to_camel)
    REQUIRED: ClassVar[tuple[str, ...]] = ()
    """JSON names of the fields that the CustomResourceDefinition asks for."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenApi:
    """In an annotation: the schema of the type, instead of the one that its Python type would give."""

    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PodType:
    """In an annotation: the type is a struct of `model/pod_types.json`."""

    name: str


OPEN: Final = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
"""Schema of an object in which everything is kept as it was written."""


def _int_or_string(value: Any) -> int | str:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31):
        return value
    raise PydanticCustomError("int_or_string", "a whole number or text")


Text = Annotated[str, Strict()]
Flag = Annotated[bool, Strict()]
Int32 = Annotated[int, Strict(), Field(ge=-(2**31), lt=2**31), OpenApi({"type": "integer", "format": "int32"})]
Int64 = Annotated[int, Strict(), Field(ge=-(2**63), lt=2**63), OpenApi({"type": "integer", "format": "int64"})]
IntOrString = Annotated[int | str, PlainValidator(_int_or_string), OpenApi({"x-kubernetes-int-or-string": True})]
Time = Annotated[str, Strict(), OpenApi({"type": "string", "format": "date-time"})]
Opaque = Annotated[dict[str, Any], OpenApi(OPEN)]
TextMap = dict[str, Text]
PodTemplate = Annotated[dict[str, Any], PodType("PodTemplateSpec")]
JobSpec = Annotated[dict[str, Any], PodType("JobSpec")]
Texts = tuple[Text, ...]


def bare(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type in `annotation` without None, and what was annotated to it."""
    markers: tuple[Any, ...] = ()
    if get_origin(annotation) in (Union, UnionType):
        others = [part for part in get_args(annotation) if part is not NoneType]
        annotation = others[0] if len(others) == 1 else annotation
    if get_origin(annotation) is Annotated:
        annotation, *found = get_args(annotation)
        markers = tuple(found)
    return annotation, markers


def said(description: str, *, alias: str | None = None) -> Any:
    """An optional field that `kubectl explain` describes."""
    return Field(default=None, description=description, alias=alias)


class ObjectMeta(Written):
    """The parts of an object's metadata that are read; what else is there is the API server's business."""

    model_config = ConfigDict(extra="ignore")
    name: Text | None = None
    namespace: Text | None = None
    uid: Text | None = None
    labels: TextMap | None = None
    annotations: TextMap | None = None


class PodTemplateMetadata(Written):
    """Labels and annotations for pods or runs."""

    labels: TextMap | None = None
    annotations: TextMap | None = None


class SelectorTerm(Written):
    """One expression of a label selector."""

    REQUIRED = ("key", "operator")
    key: Text | None = None
    operator: Text | None = None
    values: Texts | None = None


class LabelSelector(Written):
    """Selects pods by their labels; both parts must hold."""

    match_labels: TextMap | None = None
    match_expressions: tuple[SelectorTerm, ...] | None = None


class Condition(Written):
    """One line of `status.conditions`."""

    REQUIRED = ("type", "status", "lastUpdateTime", "lastTransitionTime", "reason", "message")
    type: Text | None = None
    status: Text | None = None
    last_update_time: Time | None = None
    last_transition_time: Time | None = None
    reason: Text | None = None
    message: Text | None = None


class KubernetesObject(Written):
    """What every object has."""

    REQUIRED = ("spec",)
    api_version: Text | None = None
    kind: Text | None = None
    metadata: ObjectMeta | None = None
