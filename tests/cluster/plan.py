"""What a supervisor is told to run: written by the process that starts a cluster, read by the one that keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from .control_plane import Component
from .processes import Identity

PLAN = "plan.json"
READY = "ready.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """Programs in order, and how to ask the API server whether it is ready."""

    owner: Identity | None  # the cluster ends with this process; None: only when asked to
    server: str
    token: str
    authority: str  # path of the authority's certificate
    first: tuple[Component, ...]  # started at once
    then: tuple[Component, ...]  # started when the API server is ready

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> Plan:
        values: dict[str, Any] = json.loads(text)
        return Plan(
            Identity(**values["owner"]) if values["owner"] else None,
            values["server"],
            values["token"],
            values["authority"],
            _components(values["first"]),
            _components(values["then"]),
        )


def _components(values: list[dict[str, Any]]) -> tuple[Component, ...]:
    return tuple(Component(value["name"], tuple(value["command"]), value["environment"]) for value in values)
