"""AnalysisTemplate, ClusterAnalysisTemplate and AnalysisRun as they are written, and what Rollouts say of analysis."""

from __future__ import annotations

from ferrata.api.providers import Provider
from ferrata.api.written import (
    Flag,
    Int32,
    IntOrString,
    KubernetesObject,
    PodTemplateMetadata,
    Text,
    TextMap,
    Time,
    Written,
    said,
)


class FieldRef(Written):
    """A field of the object that starts the run."""

    REQUIRED = ("fieldPath",)
    field_path: Text | None = None


class SecretKeyRef(Written):
    """One key of a Secret beside the run."""

    REQUIRED = ("name", "key")
    name: Text | None = None
    key: Text | None = None


class ArgumentSource(Written):
    """Where the value of an argument comes from."""

    secret_key_ref: SecretKeyRef | None = None
    field_ref: FieldRef | None = None


class Argument(Written):
    """An input of a template."""

    REQUIRED = ("name",)
    name: Text | None = None
    value: Text | None = None
    value_from: ArgumentSource | None = None


class RolloutArgumentSource(Written):
    """Where a Rollout takes the value of an argument from; `podTemplateHashValue` is `Stable` or `Latest`."""

    pod_template_hash_value: Text | None = None
    field_ref: FieldRef | None = None


class RolloutArgument(Written):
    """An argument that a Rollout supplies."""

    REQUIRED = ("name",)
    name: Text | None = None
    value: Text | None = None
    value_from: RolloutArgumentSource | None = None


class DryRun(Written):
    """Metrics, by a regular expression of their names, that are measured without a verdict."""

    REQUIRED = ("metricName",)
    metric_name: Text | None = None


class MeasurementRetention(Written):
    """How many measurements of a metric are kept."""

    REQUIRED = ("metricName", "limit")
    metric_name: Text | None = None
    limit: Int32 | None = None


class TemplateRef(Written):
    """An AnalysisTemplate, or with `clusterScope` a ClusterAnalysisTemplate."""

    template_name: Text | None = None
    cluster_scope: Flag | None = None


class RolloutAnalysis(Written):
    """An analysis that a Rollout starts."""

    templates: tuple[TemplateRef, ...] | None = None
    args: tuple[RolloutArgument, ...] | None = None
    dry_run: tuple[DryRun, ...] | None = None
    measurement_retention: tuple[MeasurementRetention, ...] | None = None
    analysis_run_metadata: PodTemplateMetadata | None = None


class BackgroundAnalysis(RolloutAnalysis):
    """An analysis beside the steps, from step `startingStep` on."""

    starting_step: Int32 | None = None


class Metric(Written):
    """What is measured how often, and how it is judged."""

    REQUIRED = ("name", "provider")
    name: Text | None = None
    interval: Text | None = None
    initial_delay: Text | None = None
    count: IntOrString | None = None
    success_condition: Text | None = None
    failure_condition: Text | None = None
    failure_limit: IntOrString | None = None
    inconclusive_limit: IntOrString | None = None
    consecutive_error_limit: IntOrString | None = None
    consecutive_success_limit: IntOrString | None = None
    provider: Provider | None = None


class AnalysisTemplateSpec(Written):
    """Metrics with their inputs, own or taken from other templates."""

    metrics: tuple[Metric, ...] | None = said("What is measured, and how it is judged.")
    args: tuple[Argument, ...] | None = said("Inputs; whoever starts a run can set those that are declared here.")
    dry_run: tuple[DryRun, ...] | None = said("Metrics that are measured without a say in the verdict.")
    measurement_retention: tuple[MeasurementRetention, ...] | None = said("Measurements to keep; 10 when absent.")
    templates: tuple[TemplateRef, ...] | None = said("Other templates whose metrics are measured too.")


class TtlStrategy(Written):
    """Seconds after which a run that has ended is deleted."""

    seconds_after_completion: Int32 | None = None
    seconds_after_failure: Int32 | None = None
    seconds_after_success: Int32 | None = None


class AnalysisRunSpec(Written):
    """Metrics with their arguments filled in."""

    REQUIRED = ("metrics",)
    metrics: tuple[Metric, ...] | None = said("What is measured, and how it is judged.")
    args: tuple[Argument, ...] | None = said("Values of the inputs.")
    terminate: Flag | None = said("Ends the run.")
    dry_run: tuple[DryRun, ...] | None = said("Metrics that are measured without a say in the verdict.")
    measurement_retention: tuple[MeasurementRetention, ...] | None = said("Measurements to keep; 10 when absent.")
    ttl_strategy: TtlStrategy | None = said("When the run is deleted after its end.")


class Measurement(Written):
    """One measurement."""

    REQUIRED = ("phase",)
    phase: Text | None = None
    message: Text | None = None
    started_at: Time | None = None
    finished_at: Time | None = None
    value: Text | None = None
    metadata: TextMap | None = None
    resume_at: Time | None = None


class RunSummary(Written):
    """How many metrics ended how."""

    count: Int32 | None = None
    successful: Int32 | None = None
    failed: Int32 | None = None
    inconclusive: Int32 | None = None
    error: Int32 | None = None


class MetricResult(RunSummary):
    """What became of one metric; the counts are of measurements."""

    REQUIRED = ("name", "phase")
    name: Text | None = None
    phase: Text | None = None
    measurements: tuple[Measurement, ...] | None = None
    message: Text | None = None
    consecutive_error: Int32 | None = None
    consecutive_success: Int32 | None = None
    dry_run: Flag | None = None
    metadata: TextMap | None = None


class AnalysisRunStatus(Written):
    """How far the run is, and its verdict."""

    REQUIRED = ("phase",)
    phase: Text | None = said("Pending, Running, Successful, Failed, Error or Inconclusive.")
    message: Text | None = said("Why it ended.")
    metric_results: tuple[MetricResult, ...] | None = said("Measurements and verdict of each metric.")
    started_at: Time | None = said("When the first measurement was asked for.")
    completed_at: Time | None = said("When the verdict was reached.")
    run_summary: RunSummary | None = said("Metrics by their outcome.")
    dry_run_summary: RunSummary | None = said("The same for metrics without a say.")


class AnalysisTemplate(KubernetesObject):
    """Metrics that releases in the same namespace are judged by."""

    spec: AnalysisTemplateSpec | None = None


class ClusterAnalysisTemplate(KubernetesObject):
    """Metrics that releases in every namespace are judged by."""

    spec: AnalysisTemplateSpec | None = None


class AnalysisRun(KubernetesObject):
    """One judgement of a release by metrics."""

    spec: AnalysisRunSpec | None = None
    status: AnalysisRunStatus | None = None
