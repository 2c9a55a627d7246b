"""Compares objects with their models: which types are wrong, and which fields mean nothing.

type_errors         all wrong types of an object
require_types       SpecRejected with the first of them
unknown_fields      fields that no model and no pod type knows; a misspelt field is one of these

A pod template's and a job's own fields are compared with Kubernetes' types; what is wrong in them is reported by
the API server when a ReplicaSet or Job is made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ferrata.api.spec_error import SpecError, invalid, shortened
from ferrata.api.written import ObjectMeta, PodType, Written, bare
from ferrata.errors import SpecRejected
from ferrata.model.pod_types import unknown_paths

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


_SHOWN: Final = 10
"""Unknown fields that are named in one sentence."""
_ALIKE: Final = 0.75
"""How alike two names are (0 to 1) for the one to be taken for the other misspelt."""


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field that nothing reads. `path` is such as `spec.strategy.canary.stepz`; `meant` the known name, if any."""

    path: str
    meant: str = ""

    def __str__(self) -> str:
        return f"{shortened(self.path)}{self.hint}"

    @property
    def hint(self) -> str:
        """` (did you mean "steps"?)`, or nothing."""
        return f' (did you mean "{self.meant}"?)' if self.meant else ""


def named(fields: Iterable[UnknownField]) -> str:
    """The first few of `fields` in one line, and how many more there are."""
    texts = [str(field) for field in fields]
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def type_errors(model: type[Written], obj: Any, place: tuple[str, ...] = ()) -> Iterator[SpecError]:
    """An error for each field of `obj` whose type is not that of `model`; the names in `place` lead to `obj`."""
    try:
        model.model_validate(obj)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            yield _spec_error(details, model, place)


def require_types(model: type[Written], obj: Any, prefix: str = "") -> None:
    """Raises SpecRejected, naming the first field whose type is wrong; `prefix` says whose field it is."""
    if (error := next(type_errors(model, obj), None)) is not None:
        raise SpecRejected(f"{prefix}{error}", error.field)


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


def unknown_fields(model: type[Written], value: Any, path: str = "") -> Iterator[UnknownField]:
    """Fields of the object `value` and below that `model` does not have. Never raises: a wrong type has no fields."""
    if not isinstance(value, dict) or model is ObjectMeta:
        return
    known = _fields(model)
    for name, item in value.items():
        here = _joined((name,), path)
        if (field := known.get(name)) is None:
            yield UnknownField(here, _meant(str(name), known))
        elif item is not None:
            yield from _unknown_in(item, field, here)


def _unknown_in(value: Any, field: _Field, path: str) -> Iterator[UnknownField]:
    if field.pod_type is not None:
        yield from (UnknownField(f"{path}.{name}") for name in unknown_paths(field.pod_type, value))
    elif field.model is None:
        return
    elif field.container is tuple:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from unknown_fields(field.model, item, f"{path}[{index}]")
    elif field.container is dict:
        for key, item in value.items() if isinstance(value, dict) else ():
            yield from unknown_fields(field.model, item, _joined((key,), path))
    else:
        yield from unknown_fields(field.model, value, path)


def _meant(name: str, known: Iterable[str]) -> str:
    """The known name that `name` is most like, "" when it is like none."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(name.lower()[:64], by_lower, n=1, cutoff=_ALIKE)
    return by_lower[found[0]] if found else ""


@dataclass(frozen=True, slots=True)
class _Field:
    """What a field holds: a pod type, or a model, alone or in a list (`tuple`) or map (`dict`); or plain values."""

    pod_type: str | None = None
    model: type[Written] | None = None
    container: Any = None


@cache
def _fields(model: type[Written]) -> dict[str, _Field]:
    """What each field holds, by its JSON name."""
    return {info.alias or name: _field(info.annotation) for name, info in model.model_fields.items()}


def _field(annotation: Any) -> _Field:
    type_, markers = bare(annotation)
    pod_type = next((marker.name for marker in markers if isinstance(marker, PodType)), None)
    container, parts = get_origin(type_), get_args(type_)
    inner = bare(parts[0 if container is tuple else 1])[0] if container in {tuple, dict} else type_
    model = inner if isinstance(inner, type) and issubclass(inner, Written) else None
    return _Field(pod_type, model, container)
