"""What a Rollout asks for, as values: parsed once at the border, frozen from there on.

A `RolloutSpec` holds a `Canary` strategy; its steps are one union, so that a step of two kinds cannot be built.
Field names, defaults and meanings are those of `argoproj.io/v1alpha1`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

FULL_WEIGHT = 100
"""Weight of all traffic, in percent, where a router has no scale of its own."""


@dataclass(frozen=True, slots=True)
class SetWeight:
    """Step: the canary gets this share of traffic (or, without a router, of the pods)."""

    weight: int

    def __str__(self) -> str:
        return f"setWeight: {self.weight}"


@dataclass(frozen=True, slots=True)
class Pause:
    """Step: wait `seconds`, or for a promotion when that is None. `text` is the duration as it was written."""

    seconds: float | None = None
    text: str = ""

    def __str__(self) -> str:
        return f"pause: {self.text}" if self.text else "pause"


@dataclass(frozen=True, slots=True)
class SetCanaryScale:
    """Step: size the canary apart from its traffic. The first of replicas, weight that is set counts."""

    weight: int | None = None
    replicas: int | None = None
    match_traffic_weight: bool = False

    def __str__(self) -> str:
        if self.match_traffic_weight:
            return "setCanaryScale{matchTrafficWeight: true}"
        return (
            f"setCanaryScale{{replicas: {self.replicas}}}"
            if self.replicas is not None
            else (f"setCanaryScale{{weight: {self.weight}}}")
        )


@dataclass(frozen=True, slots=True)
class Analysis:
    """Step: one AnalysisRun must succeed. Without templates the step is done at once."""

    has_templates: bool = True

    def __str__(self) -> str:
        return "analysis"


Step = SetWeight | Pause | SetCanaryScale | Analysis


class ThresholdType(Enum):
    """How `replicaProgressThreshold.value` counts."""

    PERCENT = "Percent"
    PODS = "Pods"


@dataclass(frozen=True, slots=True)
class ProgressThreshold:
    """`replicaProgressThreshold`: how many available pods are enough to go on."""

    type: ThresholdType
    value: int


@dataclass(frozen=True, slots=True)
class Canary:
    """The canary strategy. Delays are in seconds; None means not set, so that the default of the case applies."""

    steps: tuple[Step, ...] = ()
    max_surge: int = 0
    max_unavailable: int = 0
    canary_service: str = ""
    stable_service: str = ""
    routed: bool = False
    max_weight: int = FULL_WEIGHT
    scale_down_delay: int | None = None
    scale_down_delay_revision_limit: int | None = None
    abort_scale_down_delay: int | None = None
    min_pods: int = 0
    threshold: ProgressThreshold | None = None
    background_analysis: bool = False
    starting_step: int = 0

    @property
    def retirement_delay(self) -> int:
        """Seconds that an old ReplicaSet keeps its pods after traffic left it."""
        if not self.routed:
            return 0
        return 30 if self.scale_down_delay is None else self.scale_down_delay

    @property
    def abort_delay(self) -> int | None:
        """Seconds that the canary stays up after an abort; None when it stays for ever (explicit 0)."""
        if self.abort_scale_down_delay is None:
            return 30
        return self.abort_scale_down_delay or None


@dataclass(frozen=True, slots=True)
class RolloutSpec:
    """One Rollout as its author wrote it, defaults applied."""

    namespace: str
    name: str
    uid: str
    generation: int
    replicas: int
    canary: Canary
    selector: str = ""
    min_ready_seconds: int = 0
    paused: bool = False
    progress_deadline_seconds: int = 600
    progress_deadline_abort: bool = False
    revision_history_limit: int = 10
    successful_run_limit: int = 5
    unsuccessful_run_limit: int = 5
    restarting: bool = False
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def step_count(self) -> int:
        """How many steps there are; a step index of this value means that all are done."""
        return len(self.canary.steps)


def share(replicas: int, weight: int, max_weight: int) -> int:
    """Pods needed to carry `weight` of `max_weight` when `replicas` carry all of it, rounded up."""
    return math.ceil(replicas * weight / max_weight)
