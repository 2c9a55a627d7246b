"""Steps of a canary as they are written: each says exactly one thing."""

from __future__ import annotations

from ferrata.api.analysis import DryRun, RolloutAnalysis, RolloutArgument
from ferrata.api.written import Flag, Int32, IntOrString, LabelSelector, Opaque, PodTemplateMetadata, Text, Written


class PauseStep(Written):
    """Waits: without a duration until somebody promotes."""

    duration: IntOrString | None = None


class SetCanaryScale(Written):
    """Sizes the canary by pods, by a share, or by its weight again."""

    weight: Int32 | None = None
    replicas: Int32 | None = None
    match_traffic_weight: Flag | None = None


class StringMatch(Written):
    """Matches text; exactly one of these."""

    exact: Text | None = None
    prefix: Text | None = None
    regex: Text | None = None


class HeaderMatch(Written):
    """Matches one header."""

    REQUIRED = ("headerName", "headerValue")
    header_name: Text | None = None
    header_value: StringMatch | None = None


class SetHeaderRoute(Written):
    """Sends requests with certain headers to the canary; without a match the route is removed."""

    name: Text | None = None
    match: tuple[HeaderMatch, ...] | None = None


class RouteMatch(Written):
    """Matches requests; all parts must hold."""

    method: StringMatch | None = None
    path: StringMatch | None = None
    headers: dict[str, StringMatch] | None = None


class SetMirrorRoute(Written):
    """Copies requests to the canary; without a match the route is removed."""

    REQUIRED = ("name",)
    name: Text | None = None
    match: tuple[RouteMatch, ...] | None = None
    percentage: Int32 | None = None


class PluginStep(Written):
    """A step that a plugin carries out."""

    REQUIRED = ("name",)
    name: Text | None = None
    config: Opaque | None = None


class TemplateService(Written):
    """A Service for an experiment's pods."""

    name: Text | None = None


class StepExperimentTemplate(Written):
    """Pods of one version for the time of an experiment; `specRef` is `stable` or `canary`."""

    REQUIRED = ("name", "specRef")
    name: Text | None = None
    spec_ref: Text | None = None
    replicas: Int32 | None = None
    metadata: PodTemplateMetadata | None = None
    selector: LabelSelector | None = None
    weight: Int32 | None = None
    service: TemplateService | None = None


class StepExperimentAnalysis(Written):
    """An analysis of an experiment."""

    REQUIRED = ("name", "templateName")
    name: Text | None = None
    template_name: Text | None = None
    cluster_scope: Flag | None = None
    args: tuple[RolloutArgument, ...] | None = None
    required_for_completion: Flag | None = None


class ExperimentStep(Written):
    """Runs versions side by side and judges them."""

    REQUIRED = ("templates",)
    templates: tuple[StepExperimentTemplate, ...] | None = None
    duration: Text | None = None
    analyses: tuple[StepExperimentAnalysis, ...] | None = None
    dry_run: tuple[DryRun, ...] | None = None
    analysis_run_metadata: PodTemplateMetadata | None = None
    scale_down_delay_seconds: Int32 | None = None


class CanaryStep(Written):
    """One step."""

    set_weight: Int32 | None = None
    pause: PauseStep | None = None
    experiment: ExperimentStep | None = None
    analysis: RolloutAnalysis | None = None
    set_canary_scale: SetCanaryScale | None = None
    set_header_route: SetHeaderRoute | None = None
    set_mirror_route: SetMirrorRoute | None = None
    plugin: PluginStep | None = None
