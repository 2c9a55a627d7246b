"""`setWeight`: the canary gets a share of the traffic or, without a router, of the pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferrata.plan.rollout.canary import sizes
from ferrata.plan.rollout.canary.steps.base import ClimbStep
from ferrata.plan.rollout.canary.weights import serves
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


@dataclass(frozen=True, slots=True)
class SetWeight(ClimbStep):
    """Done when the pods for it are there and, with a router, the weight is served."""

    weight: int

    @classmethod
    def parse(cls, body: Any, field: str) -> SetWeight:  # noqa: ARG003 - validation has seen it
        return cls(int(body))

    @property
    def traffic_weight(self) -> int:
        return self.weight

    def is_done(self, s: RolloutSnapshot, d: Draft) -> bool:
        return sizes.are_reached(s, d.status) and (not s.spec.canary.routed or serves(s, self.weight))

    def __str__(self) -> str:
        return f"setWeight: {self.weight}"
