"""What a plan may ask for: a closed union of absolute statements, each with the phase it belongs to.

GROW adds capacity, SHIFT moves traffic, SHRINK takes capacity away. Actions are carried out in that order, so that a
crash between any two leaves users served.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from ferrata.model.managed_routes import ManagedRoute
from ferrata.model.pod_metadata import NO_METADATA, PodMetadata
from ferrata.model.status import RolloutStatus


class Phase(IntEnum):
    """The order in which actions are carried out."""

    GROW = 0
    SHIFT = 1
    SHRINK = 2


@dataclass(frozen=True, slots=True)
class CreateRevision:
    """A ReplicaSet for the desired template exists, with that revision number and that many pods.
    Those are kept off the nodes of revision `avoids`, unless that is "", and carry `metadata` besides their own.
    """

    hash: str
    number: int
    replicas: int
    phase: Phase = Phase.GROW
    avoids: str = ""
    metadata: PodMetadata = NO_METADATA


@dataclass(frozen=True, slots=True)
class PlaceRevision:
    """Pods that the ReplicaSet `name` creates from now on are kept off the nodes of revision `avoids`."""

    name: str
    avoids: str
    phase: Phase = Phase.GROW


@dataclass(frozen=True, slots=True)
class LabelRevision:
    """Pods that the ReplicaSet `name` creates from now on carry `metadata` and nothing else of `former`. With
    `has_pods`, those that it has are noted as not known to.
    """

    name: str
    metadata: PodMetadata
    former: PodMetadata
    has_pods: bool
    phase: Phase = Phase.GROW


@dataclass(frozen=True, slots=True)
class LabelPods:
    """The live pods of the ReplicaSet `name`, of revision `hash`, carry `metadata` and nothing else of `former`. It
    comes last: a pod that cannot be written holds up nothing.
    """

    name: str
    hash: str
    metadata: PodMetadata
    former: PodMetadata
    phase: Phase = Phase.SHRINK


@dataclass(frozen=True, slots=True)
class ScaleRevision:
    """That ReplicaSet asks for `replicas` pods. `deadline` None leaves its scale-down deadline, "" drops it."""

    name: str
    replicas: int
    phase: Phase
    deadline: str | None = None


@dataclass(frozen=True, slots=True)
class NumberRevision:
    """That ReplicaSet carries revision `number`."""

    name: str
    number: int
    phase: Phase = Phase.GROW


@dataclass(frozen=True, slots=True)
class NumberRollout:
    """The Rollout is annotated with revision `number`."""

    number: int
    phase: Phase = Phase.GROW


@dataclass(frozen=True, slots=True)
class PointService:
    """That Service selects the pods of revision `hash`."""

    name: str
    hash: str
    previous: str
    phase: Phase = Phase.SHIFT


@dataclass(frozen=True, slots=True)
class SetSplit:
    """The routers send `canary` of `total` to the canary Service and the rest to the stable one. Beside the split
    there are exactly the managed `routes`, in the order of their precedence.
    """

    canary: int
    total: int
    routes: tuple[ManagedRoute, ...] = ()
    phase: Phase = Phase.SHIFT


@dataclass(frozen=True, slots=True)
class EvictPod:
    """That pod is asked to go, which a PodDisruptionBudget may refuse for now."""

    name: str
    phase: Phase = Phase.SHRINK


@dataclass(frozen=True, slots=True)
class StartAnalysis:
    """An AnalysisRun of that kind (a value of the label `rollout-type`) for that revision exists."""

    kind: str
    hash: str
    revision: int
    step_index: int | None = None
    avoid: tuple[str, ...] = ()
    phase: Phase = Phase.GROW


@dataclass(frozen=True, slots=True)
class StopAnalysis:
    """That AnalysisRun is asked to end."""

    name: str
    phase: Phase = Phase.SHRINK


@dataclass(frozen=True, slots=True)
class DeleteRevision:
    """That ReplicaSet, empty and beyond the history limit, is gone."""

    name: str
    phase: Phase = Phase.SHRINK


@dataclass(frozen=True, slots=True)
class DeleteAnalysis:
    """That finished AnalysisRun, beyond the history limit, is gone."""

    name: str
    phase: Phase = Phase.SHRINK


Action = (
    CreateRevision
    | PlaceRevision
    | LabelRevision
    | LabelPods
    | ScaleRevision
    | NumberRevision
    | NumberRollout
    | PointService
    | SetSplit
    | EvictPod
    | StartAnalysis
    | StopAnalysis
    | DeleteRevision
    | DeleteAnalysis
)


@dataclass(frozen=True, slots=True)
class Event:
    """What is told about a decision: a Kubernetes Event on the object, and a line in the log."""

    reason: str
    message: str
    type: str = "Normal"


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer to one snapshot: what to do, what to publish, what to say, and when to ask again."""

    actions: tuple[Action, ...]
    status: RolloutStatus
    events: tuple[Event, ...]
    reason: str
    wake_up: datetime | None = None


def in_safe_order(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """The same actions, GROW before SHIFT before SHRINK, otherwise in their order."""
    return tuple(sorted(actions, key=lambda action: action.phase))
