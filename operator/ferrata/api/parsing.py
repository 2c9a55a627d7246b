"""Reads objects into their models, and says which of their fields mean nothing.

parse_rollout ...   one for each kind: the model with the paths of unknown fields; SpecRejected for a wrong type
type_errors         all wrong types of an object, for whoever wants them one by one
unknown_fields      paths that no model and no pod type knows; a misspelt field is one of these

A pod template's and a job's own fields are compared with Kubernetes' types; what is wrong in them is reported by
the API server when a ReplicaSet or Job is made of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ferrata.api.analysis import AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate
from ferrata.api.experiment import Experiment
from ferrata.api.rollout import Rollout
from ferrata.api.spec_error import SpecError, invalid
from ferrata.api.written import PodType, Written, bare
from ferrata.errors import SpecRejected
from ferrata.model.pod_types import unknown_paths

M = TypeVar("M", bound=Written)
_OBJECT: Final = "an object"
_INT32: Final = "a whole number of 32 bits"
_WORDS: Final = {
    "int_type": _INT32,
    "int_from_float": _INT32,
    "int_parsing_size": _INT32,
    "greater_than_equal": _INT32,
    "less_than": _INT32,
    "string_type": "text",
    "bool_type": "true or false",
    "model_type": _OBJECT,
    "dict_type": _OBJECT,
    "tuple_type": "a list",
}
"""What pydantic's errors say in our words, after `must be`; other errors say it themselves."""


@dataclass(frozen=True, slots=True)
class Parsed(Generic[M]):
    """An object that was read. `unknown` holds paths such as `spec.strategy.canary.steps[0].setWieght`."""

    model: M
    unknown: tuple[str, ...] = ()


def parse_rollout(obj: Any) -> Parsed[Rollout]:
    """Raises SpecRejected, naming the first field whose type is wrong."""
    return _parsed(Rollout, obj)


def parse_analysis_template(obj: Any) -> Parsed[AnalysisTemplate]:
    """Raises SpecRejected, naming the first field whose type is wrong."""
    return _parsed(AnalysisTemplate, obj)


def parse_cluster_analysis_template(obj: Any) -> Parsed[ClusterAnalysisTemplate]:
    """Raises SpecRejected, naming the first field whose type is wrong."""
    return _parsed(ClusterAnalysisTemplate, obj)


def parse_analysis_run(obj: Any) -> Parsed[AnalysisRun]:
    """Raises SpecRejected, naming the first field whose type is wrong."""
    return _parsed(AnalysisRun, obj)


def parse_experiment(obj: Any) -> Parsed[Experiment]:
    """Raises SpecRejected, naming the first field whose type is wrong."""
    return _parsed(Experiment, obj)


def _parsed(model: type[M], obj: Any) -> Parsed[M]:
    try:
        found = model.model_validate(obj)
    except ValidationError as error:
        first = _spec_error(error.errors(include_url=False)[0], model)
        raise SpecRejected(str(first), first.field) from error
    return Parsed(found, tuple(unknown_fields(found)))


def type_errors(model: type[Written], obj: Any, place: tuple[str, ...] = ()) -> Iterator[SpecError]:
    """An error for each field of `obj` whose type is not that of `model`; the names in `place` lead to `obj`."""
    try:
        model.model_validate(obj)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            yield _spec_error(details, model, place)


def _spec_error(details: ErrorDetails, model: type[Written], place: tuple[str, ...] = ()) -> SpecError:
    words = _WORDS.get(details["type"], details["msg"])
    field = _joined((*place, *details["loc"])) or model.__name__.lower()
    return invalid(field, details["input"], f"must be {words}")


def _joined(parts: tuple[int | str, ...], path: str = "") -> str:
    """Parts as Kubernetes writes a path: names after dots, indexes and odd keys in brackets."""
    for part in parts:
        if isinstance(part, str) and part.isidentifier():
            path = f"{path}.{part}" if path else part
        else:
            path += f"[{part}]"
    return path


def unknown_fields(model: Written, path: str = "") -> Iterator[str]:
    """Paths of the fields in `model` and below that nothing reads, in the order of the schema."""
    fields = _fields(type(model))
    for name, value in model.__dict__.items():
        if isinstance(value, Written | tuple | dict):
            field = fields[name]
            yield from _unknown_in(value, field.pod_type, f"{path}.{field.json}" if path else field.json)
    for name in model.model_extra or ():
        yield _joined((name,), path)


def _unknown_in(value: Any, pod_type: str | None, path: str) -> Iterator[str]:
    if pod_type is not None:
        yield from (f"{path}.{name}" for name in unknown_paths(pod_type, value))
    elif isinstance(value, Written):
        yield from unknown_fields(value, path)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _unknown_in(item, None, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, Written):
                yield from unknown_fields(item, _joined((key,), path))


@dataclass(frozen=True, slots=True)
class _Field:
    json: str
    pod_type: str | None


@cache
def _fields(model: type[Written]) -> dict[str, _Field]:
    """JSON name and pod type, if it has one, of each attribute."""
    found = {}
    for name, info in model.model_fields.items():
        _, markers = bare(info.annotation)
        pod_type = next((marker.name for marker in markers if isinstance(marker, PodType)), None)
        found[name] = _Field(info.alias or name, pod_type)
    return found
