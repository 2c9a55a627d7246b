"""What a node's supervisor is told besides its plan: written outside, read inside."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from .forward import Door

INSIDE = "node.json"


@dataclass(frozen=True, slots=True)
class Inside:
    """What a node's supervisor is told besides its plan."""

    groups: tuple[str, ...]
    doors: tuple[Door, ...]
    redirects: dict[int, int]  # port of the node's address -> port that answers it
    manifests: str  # file of objects to apply before `plan.then` starts, empty for none

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> Inside:
        values: dict[str, Any] = json.loads(text)
        return Inside(
            tuple(values["groups"]),
            tuple(Door(**door) for door in values["doors"]),
            {int(port): target for port, target in values["redirects"].items()},
            values["manifests"],
        )
