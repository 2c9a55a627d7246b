"""Experiment as it is written: versions that run side by side for a while and are judged."""

from __future__ import annotations

from ferrata.api.analysis import Argument, DryRun, MeasurementRetention
from ferrata.api.steps import TemplateService
from ferrata.api.written import (
    Condition,
    Flag,
    Int32,
    KubernetesObject,
    LabelSelector,
    PodTemplate,
    PodTemplateMetadata,
    Text,
    Time,
    Written,
    said,
)


class ExperimentTemplate(Written):
    """Pods of one version."""

    REQUIRED = ("name", "selector", "template")
    name: Text | None = None
    replicas: Int32 | None = None
    min_ready_seconds: Int32 | None = None
    selector: LabelSelector | None = None
    template: PodTemplate | None = None
    service: TemplateService | None = None


class ExperimentAnalysis(Written):
    """An analysis that runs while the pods do."""

    REQUIRED = ("name", "templateName")
    name: Text | None = None
    template_name: Text | None = None
    cluster_scope: Flag | None = None
    args: tuple[Argument, ...] | None = None
    required_for_completion: Flag | None = None


class ExperimentSpec(Written):
    """Which versions run, for how long, and how they are judged."""

    REQUIRED = ("templates",)
    templates: tuple[ExperimentTemplate, ...] | None = said("Versions that run side by side.")
    duration: Text | None = said("How long they run once all are available; without it until they are ended.")
    progress_deadline_seconds: Int32 | None = said("Seconds for pods to become available; 600 when absent.")
    scale_down_delay_seconds: Int32 | None = said("Seconds that pods stay after the end; 30 when absent.")
    terminate: Flag | None = said("Ends the experiment.")
    analyses: tuple[ExperimentAnalysis, ...] | None = said("Analyses that run while the pods do.")
    dry_run: tuple[DryRun, ...] | None = said("Metrics that are measured without a say in the verdict.")
    measurement_retention: tuple[MeasurementRetention, ...] | None = said("Measurements to keep; 10 when absent.")
    analysis_run_metadata: PodTemplateMetadata | None = said("Labels and annotations of the AnalysisRuns.")


class TemplateStatus(Written):
    """How one version is."""

    REQUIRED = ("name", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    name: Text | None = None
    replicas: Int32 | None = None
    updated_replicas: Int32 | None = None
    ready_replicas: Int32 | None = None
    available_replicas: Int32 | None = None
    collision_count: Int32 | None = None
    status: Text | None = None
    message: Text | None = None
    last_transition_time: Time | None = None
    service_name: Text | None = None
    pod_template_hash: Text | None = None


class ExperimentRunStatus(Written):
    """How one analysis is; `analysisRun` names its AnalysisRun."""

    REQUIRED = ("name", "analysisRun", "phase")
    name: Text | None = None
    analysis_run: Text | None = None
    phase: Text | None = None
    message: Text | None = None


class ExperimentStatus(Written):
    """How far the experiment is, and its verdict."""

    phase: Text | None = said("Pending, Running, Successful, Failed, Error or Inconclusive.")
    message: Text | None = said("Why it ended.")
    available_at: Time | None = said("When all versions were available.")
    template_statuses: tuple[TemplateStatus, ...] | None = said("How each version is.")
    analysis_runs: tuple[ExperimentRunStatus, ...] | None = said("How each analysis is.")
    conditions: tuple[Condition, ...] | None = said("The latest observations.")


class Experiment(KubernetesObject):
    """Versions that run side by side for a while and are judged."""

    spec: ExperimentSpec | None = None
    status: ExperimentStatus | None = None
