"""What a Rollout asks for, as values: parsed once at the border, frozen from there on.

A `RolloutSpec` holds one strategy, `Canary` or `BlueGreen`, and each step of a canary is a value of one kind: what is
neither or both cannot be built.
Field names, defaults and meanings are those of `argoproj.io/v1alpha1`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from ferrata.model.anti_affinity import AntiAffinity
from ferrata.model.managed_routes import ManagedRoute
from ferrata.model.pod_metadata import NO_METADATA, PodMetadata

REVISION_MARK = "{}"
"""Stands in `revision_selector` where the hash of a revision belongs."""

FULL_WEIGHT = 100
"""Weight of all traffic, in percent, where a router has no scale of its own."""


@dataclass(frozen=True, slots=True)
class CanaryScale:
    """A size for the canary apart from its traffic: pods, or the share of pods that a weight means."""

    replicas: int | None = None
    weight: int | None = None


class Step:
    """What the rest of the core may ask of any step. Each kind is a module of `plan/rollout/canary/steps`."""

    __slots__ = ()

    @property
    def traffic_weight(self) -> int | None:
        """The weight that the canary's traffic has from this step on; None when it stays as it was."""
        return None

    @property
    def scale(self) -> CanaryScale | None:
        """How the canary is sized from this step on; None when that stays as it was. An empty one ends an earlier."""
        return None

    @property
    def managed_route(self) -> ManagedRoute | None:
        """The route that is there beside the split from this step on; None when those stay as they were."""
        return None

    @property
    def is_meant_to_wait(self) -> bool:
        """Whether nothing moving is what this step is for, so that the progress deadline does not count."""
        return False

    @property
    def waits_for_a_person(self) -> bool:
        """Whether only a promotion ends this step."""
        return False


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
    dynamic_stable: bool = False
    anti_affinity: AntiAffinity | None = None
    managed_routes: tuple[str, ...] = ()
    threshold: ProgressThreshold | None = None
    background_analysis: bool = False
    starting_step: int = 0
    new_metadata: PodMetadata = NO_METADATA
    stable_metadata: PodMetadata = NO_METADATA

    @property
    def services(self) -> frozenset[str]:
        """Names of the Services whose selectors follow the release."""
        return frozenset({self.canary_service, self.stable_service} - {""})

    @property
    def retirement_delay(self) -> int:
        """Seconds that an old ReplicaSet keeps its pods after traffic left it."""
        if not self.routed:
            return 0
        return 30 if self.scale_down_delay is None else self.scale_down_delay

    @property
    def abort_delay(self) -> int | None:
        """Seconds that the canary stays up after an abort; None when it stays for ever (explicit 0)."""
        return _abort_delay(self.abort_scale_down_delay)

    @property
    def keeps_aborted_pods(self) -> bool:
        """Whether the canary keeps its pods after an abort, for its delay or for ever, whatever its weight."""
        return self.routed and not (self.dynamic_stable and self.abort_scale_down_delay is None)


@dataclass(frozen=True, slots=True)
class BlueGreen:
    """The blue-green strategy. Delays are in seconds; None means not set, so that the default of the case applies."""

    active_service: str
    preview_service: str = ""
    preview_replicas: int | None = None
    promotes_itself: bool = True
    promotion_seconds: int = 0
    scale_down_delay: int | None = None
    scale_down_delay_revision_limit: int | None = None
    abort_scale_down_delay: int | None = None
    pre_promotion_analysis: bool = False
    post_promotion_analysis: bool = False
    max_unavailable: int = 0
    anti_affinity: AntiAffinity | None = None
    new_metadata: PodMetadata = NO_METADATA
    stable_metadata: PodMetadata = NO_METADATA

    @property
    def services(self) -> frozenset[str]:
        """Names of the Services whose selectors follow the release."""
        return frozenset({self.active_service, self.preview_service} - {""})

    @property
    def retirement_delay(self) -> int:
        """Seconds that an old ReplicaSet keeps its pods after traffic left it."""
        return 30 if self.scale_down_delay is None else self.scale_down_delay

    @property
    def abort_delay(self) -> int | None:
        """Seconds that the preview stays up after an abort; None when it stays for ever (explicit 0)."""
        return _abort_delay(self.abort_scale_down_delay)

    @property
    def waits_before_switch(self) -> bool:
        """Whether a release waits before it is switched to, for a while or for a person."""
        return not self.promotes_itself or self.promotion_seconds > 0


Strategy = Canary | BlueGreen
"""How new revisions are released: closed, one class per strategy."""


@dataclass(frozen=True, slots=True)
class RolloutSpec:
    """One Rollout as its author wrote it, defaults applied."""

    namespace: str
    name: str
    uid: str
    generation: int
    replicas: int
    strategy: Strategy
    selector: str = ""
    revision_selector: str = ""
    min_ready_seconds: int = 0
    paused: bool = False
    progress_deadline_seconds: int = 600
    progress_deadline_abort: bool = False
    revision_history_limit: int = 10
    successful_run_limit: int = 5
    unsuccessful_run_limit: int = 5
    restart_at: datetime | None = None
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def canary(self) -> Canary:
        """The canary strategy. Raises TypeError when it is another: only what belongs to it may ask."""
        if not isinstance(self.strategy, Canary):
            raise TypeError(f"{self.namespace}/{self.name} is no canary")
        return self.strategy

    @property
    def blue_green(self) -> BlueGreen:
        """The blue-green strategy. Raises TypeError when it is another: only what belongs to it may ask."""
        if not isinstance(self.strategy, BlueGreen):
            raise TypeError(f"{self.namespace}/{self.name} is no blue-green release")
        return self.strategy

    def selector_of(self, pod_hash: str) -> str:
        """The selector that finds the pods of the revision with that hash, in its text form."""
        return self.revision_selector.replace(REVISION_MARK, pod_hash)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the climb; blue-green has none."""
        return self.strategy.steps if isinstance(self.strategy, Canary) else ()

    @property
    def step_count(self) -> int:
        """How many steps there are; a step index of this value means that all are done."""
        return len(self.steps)


def _abort_delay(asked: int | None) -> int | None:
    return 30 if asked is None else asked or None


def share(replicas: int, weight: int, max_weight: int) -> int:
    """Pods needed to carry `weight` of `max_weight` when `replicas` carry all of it, rounded up."""
    return math.ceil(replicas * weight / max_weight)
