"""What a metric provider is: a codec from its configuration to a request, and from a response to a sample.

A failure is a value: whatever a backend answers becomes a measurement, never an exception and never a pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. `timeout` is in seconds; `password` pairs with `username` for basic authentication."""

    url: str
    form: tuple[tuple[str, str], ...]
    timeout: float
    headers: tuple[tuple[str, str], ...] = ()
    verify: bool = True
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured: the value that conditions see, and its text."""

    value: object
    text: str
    metadata: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why nothing was measured."""

    message: str
