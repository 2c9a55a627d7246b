"""The picture of one Rollout: what was asked for, what runs, where traffic goes, what the time is.

RolloutSnapshot
├── spec, status          what the author asked for; what was last published (and what users patched into it)
├── revisions             every ReplicaSet that this Rollout owns; `new` and `stable` are two of them
├── services              the Services that the strategy names
├── unknown_fields        what of the manifest nothing reads, in one line
├── route                 what the data plane is known to serve, when there is a router
├── runs                  its AnalysisRuns
└── pods                  its pods, looked at while they are restarted and only then; None otherwise
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from ferrata.model.managed_routes import ManagedRoute
from ferrata.model.pod_metadata import NO_METADATA, PodMetadata
from ferrata.model.rollout import RolloutSpec
from ferrata.model.status import RolloutStatus


@dataclass(frozen=True, slots=True)
class Revision:
    """One owned ReplicaSet. `replicas` is wanted, `actual`, `ready` and `available` are counted by Kubernetes.
    `avoids` is the revision off whose nodes its pods are kept, `metadata` what they are created with for their role.
    While those that run are not known to carry just that, `former_metadata` has every key that one may carry.

    One that does not exist yet is how the core speaks of the desired revision before it is created.
    """

    name: str
    hash: str
    number: int
    replicas: int
    actual: int
    ready: int
    available: int
    created: datetime
    desired_annotation: int | None = None
    scale_down_deadline: str = ""
    is_observed: bool = True
    is_deleting: bool = False
    exists: bool = True
    avoids: str = ""
    metadata: PodMetadata = NO_METADATA
    former_metadata: PodMetadata | None = None
    failure: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class PodView:
    """One pod of an owned ReplicaSet, read live. Available: ready for minReadySeconds, and not about to go."""

    name: str
    hash: str
    created: datetime
    is_available: bool
    is_terminating: bool = False


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A Service that the strategy names: the revision it selects ("" for none) and who manages it."""

    name: str
    selects: str
    managed_by: str = ""


class Confirmation(Enum):
    """What is known about a written split having reached the data plane."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class RouteView:
    """What the routers say: the canary's weight as written (None when they disagree or say nothing) and whether it
    is served; `blocked_by` says what a pending confirmation waits for. `managed` are the routes that steps placed
    beside the split, None when the routers disagree about them."""

    weight: int | None
    confirmation: Confirmation
    blocked_by: str = ""
    managed: tuple[ManagedRoute, ...] | None = ()

    @property
    def reaches_canary(self) -> bool:
        """Whether anything may reach the canary Service, as far as is known."""
        return self.weight not in {0, None} or self.managed != () or self.confirmation is Confirmation.PENDING


@dataclass(frozen=True, slots=True)
class AnalysisView:
    """One AnalysisRun of this Rollout."""

    name: str
    phase: str
    message: str
    kind: str
    step_index: int | None
    hash: str
    revision: int
    created: datetime
    is_terminating: bool = False

    @property
    def is_finished(self) -> bool:
        """Whether its verdict is final."""
        return self.phase in {"Successful", "Failed", "Error", "Inconclusive"}


@dataclass(frozen=True, slots=True)
class RolloutSnapshot:
    """Everything that a decision about one Rollout may depend on."""

    spec: RolloutSpec
    status: RolloutStatus
    template_hash: str
    step_hash: str
    now: datetime
    new: Revision | None = None
    stable: Revision | None = None
    others: tuple[Revision, ...] = ()
    services: Mapping[str, ServiceView] = field(default_factory=dict)
    route: RouteView | None = None
    runs: tuple[AnalysisView, ...] = ()
    revision_annotation: int = 0
    pods: tuple[PodView, ...] | None = None
    unknown_fields: str = ""

    @property
    def revisions(self) -> tuple[Revision, ...]:
        """Every owned ReplicaSet once."""
        named = [r for r in (self.new, self.stable) if r is not None]
        return tuple({r.name: r for r in (*named, *self.others)}.values())

    @property
    def new_hash(self) -> str:
        """The hash that the desired revision is known by: its label once it exists, the computed one before."""
        return self.new.hash if self.new else self.template_hash

    @property
    def older(self) -> tuple[Revision, ...]:
        """Every owned ReplicaSet but the new one."""
        return tuple(r for r in self.revisions if self.new is None or r.name != self.new.name)

    @property
    def is_fully_promoted(self) -> bool:
        """Whether the desired revision is the stable one."""
        return bool(self.status.stable_rs) and self.status.stable_rs == self.new_hash

    @property
    def distinct_stable(self) -> Revision | None:
        """The stable revision when it is another than the new one."""
        return None if self.stable is None or (self.new and self.stable.name == self.new.name) else self.stable
