"""One thing that is wrong in a manifest: where, what kind, which value, why; printed as the API server prints it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ferrata.model.pod_types import encode

_LONGEST: Final = 1000
"""Characters of a value that are printed: conditions must stay small, whatever the value is."""
NOTHING: Final = object()
"""Stands for the value of an error that has none."""


class Kind(Enum):
    """What is wrong with a field; the value is the printed text."""

    REQUIRED = "Required value"
    INVALID = "Invalid value"
    UNSUPPORTED = "Unsupported value"
    FORBIDDEN = "Forbidden"
    NOT_FOUND = "Not found"
    DUPLICATE = "Duplicate value"
    INTERNAL = "Internal error"


@dataclass(frozen=True, slots=True)
class SpecError:
    """`field` is a path such as `spec.strategy.steps[0].setWeight`; `value` is the JSON found there, or NOTHING.

    `str()` gives `<field>: <kind>[: <value>][: <detail>]`, which clients show in conditions and messages.
    """

    field: str
    kind: Kind
    value: Any = NOTHING
    detail: str = ""

    def __str__(self) -> str:
        value = "" if self.value is NOTHING else f": {shortened(_printed(self.value))}"
        detail = f": {self.detail}" if self.detail else ""
        return f"{shortened(self.field)}: {self.kind.value}{value}{detail}"


def shortened(text: str, longest: int = _LONGEST) -> str:
    """`text`, or its beginning when it is longer than `longest` characters."""
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text)} characters)"


def _printed(value: Any) -> str:
    """Text in double quotes, all else as compact JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else encode(value).decode()


def required(field: str, detail: str = "") -> SpecError:
    """A field that must be there is not."""
    return SpecError(field, Kind.REQUIRED, NOTHING, detail)


def invalid(field: str, value: Any, detail: str) -> SpecError:
    """A field holds something that cannot be."""
    return SpecError(field, Kind.INVALID, value, detail)


def unsupported_value(field: str, value: Any, allowed: tuple[str, ...]) -> SpecError:
    """A field holds none of the words that it may hold."""
    words = ", ".join(json.dumps(word) for word in sorted(allowed))
    return SpecError(field, Kind.UNSUPPORTED, value, f"supported values: {words}")


def forbidden(field: str, detail: str) -> SpecError:
    """A field may not be there."""
    return SpecError(field, Kind.FORBIDDEN, NOTHING, detail)


def internal(field: str, detail: str) -> SpecError:
    """Fields contradict each other."""
    return SpecError(field, Kind.INTERNAL, NOTHING, detail)
