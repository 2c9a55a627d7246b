"""Rollout as it is written. The pod template stays plain JSON: `ferrata.model.pod_template` reads it."""

from __future__ import annotations

from ferrata.api.analysis import BackgroundAnalysis, RolloutAnalysis
from ferrata.api.rollout_status import RolloutStatus
from ferrata.api.routing import TrafficRouting
from ferrata.api.steps import CanaryStep
from ferrata.api.written import (
    Flag,
    Int32,
    IntOrString,
    KubernetesObject,
    LabelSelector,
    PodTemplate,
    PodTemplateMetadata,
    Text,
    Time,
    Written,
    said,
)


class PreferredAntiAffinity(Written):
    """Revisions rather not on one node, with a weight from 1 to 100."""

    REQUIRED = ("weight",)
    weight: Int32 | None = None


class RequiredAntiAffinity(Written):
    """Revisions never on one node."""


class AntiAffinity(Written):
    """Keeps pods of two revisions apart; exactly one of these."""

    preferred_during_scheduling_ignored_during_execution: PreferredAntiAffinity | None = None
    required_during_scheduling_ignored_during_execution: RequiredAntiAffinity | None = None


class PingPong(Written):
    """Two Services that take turns as stable and canary."""

    REQUIRED = ("pingService", "pongService")
    ping_service: Text | None = None
    pong_service: Text | None = None


class ReplicaProgressThreshold(Written):
    """How much of the canary must be available before a step counts as done; `type` is `Percent` or `Pods`."""

    REQUIRED = ("type", "value")
    type: Text | None = None
    value: Int32 | None = None


class Canary(Written):
    """Replaces one revision by the next in steps."""

    canary_service: Text | None = None
    stable_service: Text | None = None
    steps: tuple[CanaryStep, ...] | None = None
    traffic_routing: TrafficRouting | None = None
    max_surge: IntOrString | None = None
    max_unavailable: IntOrString | None = None
    analysis: BackgroundAnalysis | None = None
    anti_affinity: AntiAffinity | None = None
    canary_metadata: PodTemplateMetadata | None = None
    stable_metadata: PodTemplateMetadata | None = None
    scale_down_delay_seconds: Int32 | None = None
    scale_down_delay_revision_limit: Int32 | None = None
    abort_scale_down_delay_seconds: Int32 | None = None
    dynamic_stable_scale: Flag | None = None
    ping_pong: PingPong | None = None
    min_pods_per_replica_set: Int32 | None = None
    replica_progress_threshold: ReplicaProgressThreshold | None = None


class BlueGreen(Written):
    """Brings the next revision up whole and switches over at once."""

    REQUIRED = ("activeService",)
    active_service: Text | None = None
    preview_service: Text | None = None
    preview_replica_count: Int32 | None = None
    auto_promotion_enabled: Flag | None = None
    auto_promotion_seconds: Int32 | None = None
    max_unavailable: IntOrString | None = None
    scale_down_delay_seconds: Int32 | None = None
    scale_down_delay_revision_limit: Int32 | None = None
    abort_scale_down_delay_seconds: Int32 | None = None
    pre_promotion_analysis: RolloutAnalysis | None = None
    post_promotion_analysis: RolloutAnalysis | None = None
    anti_affinity: AntiAffinity | None = None
    preview_metadata: PodTemplateMetadata | None = None
    active_metadata: PodTemplateMetadata | None = None


class Strategy(Written):
    """Exactly one of these."""

    canary: Canary | None = None
    blue_green: BlueGreen | None = None


class WorkloadRef(Written):
    """A Deployment, ReplicaSet or PodTemplate whose pod template is used."""

    api_version: Text | None = None
    kind: Text | None = None
    name: Text | None = None
    scale_down: Text | None = None


class RunHistory(Written):
    """How many ended AnalysisRuns and Experiments are kept."""

    successful_run_history_limit: Int32 | None = None
    unsuccessful_run_history_limit: Int32 | None = None


class RollbackWindow(Written):
    """Going back by no more than `revisions` skips the steps."""

    revisions: Int32 | None = None


class RolloutSpec(Written):
    """Which pods are wanted, and how a release replaces the one before."""

    replicas: Int32 | None = said("Pods that are wanted; 1 when absent.")
    selector: LabelSelector | None = said("Selects the pods; must match the template's labels, and never changes.")
    template: PodTemplate | None = said("The pods; every change of it is a new revision.")
    workload_ref: WorkloadRef | None = said("A workload to take the pod template from, instead of `template`.")
    min_ready_seconds: Int32 | None = said("Seconds that a pod must be ready to count as available; 0 when absent.")
    revision_history_limit: Int32 | None = said("Old ReplicaSets that are kept to go back to; 10 when absent.")
    paused: Flag | None = said("Holds the update where it is.")
    progress_deadline_seconds: Int32 | None = said("Seconds without progress until it counts as degraded; 600.")
    progress_deadline_abort: Flag | None = said("Aborts the update when that deadline passes.")
    restart_at: Time | None = said("Pods that were created before this time are replaced, once it has come.")
    analysis: RunHistory | None = said("How many ended AnalysisRuns and Experiments are kept; 5 of each kind.")
    rollback_window: RollbackWindow | None = said("Going back to one of the last revisions skips the steps.")
    strategy: Strategy | None = said("How a release replaces the one before: canary or blueGreen.")


class Rollout(KubernetesObject):
    """A workload whose releases climb in steps."""

    spec: RolloutSpec | None = None
    status: RolloutStatus | None = None
