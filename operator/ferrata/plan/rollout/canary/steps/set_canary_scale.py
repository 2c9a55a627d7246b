"""`setCanaryScale`: the canary is sized apart from its traffic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferrata.model.rollout import CanaryScale
from ferrata.plan.rollout.canary import sizes
from ferrata.plan.rollout.canary.steps.base import ClimbStep
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


@dataclass(frozen=True, slots=True)
class SetCanaryScale(ClimbStep):
    """Done when the canary has that size. The first of replicas, weight that is set counts."""

    weight: int | None = None
    replicas: int | None = None
    match_traffic_weight: bool = False

    @classmethod
    def parse(cls, body: Any, field: str) -> SetCanaryScale:  # noqa: ARG003 - validation has seen it
        return cls(body.get("weight"), body.get("replicas"), body.get("matchTrafficWeight") is True)

    @property
    def scale(self) -> CanaryScale:
        if self.match_traffic_weight:
            return CanaryScale()
        if self.replicas is not None:
            return CanaryScale(replicas=self.replicas)
        return CanaryScale(weight=self.weight or 0)

    def is_done(self, s: RolloutSnapshot, d: Draft) -> bool:
        return sizes.are_reached(s, d.status)

    def __str__(self) -> str:
        if self.match_traffic_weight:
            return "setCanaryScale{matchTrafficWeight: true}"
        if self.replicas is not None:
            return f"setCanaryScale{{replicas: {self.replicas}}}"
        return f"setCanaryScale{{weight: {self.weight}}}"
