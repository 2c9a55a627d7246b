"""`status` of a Rollout as clients read it, and as some of them write it (promote, abort, retry)."""

from __future__ import annotations

from ferrata.api.written import Condition, Flag, Int32, Opaque, Text, Time, Written, said


class PauseCondition(Written):
    """Why the controller paused, and since when."""

    REQUIRED = ("reason", "startTime")
    reason: Text | None = None
    start_time: Time | None = None


class RunStatus(Written):
    """An AnalysisRun that the update waits for."""

    REQUIRED = ("name", "status")
    name: Text | None = None
    status: Text | None = None
    message: Text | None = None


class WeightDestination(Written):
    """A share of the traffic, and whom it reaches."""

    REQUIRED = ("weight",)
    weight: Int32 | None = None
    service_name: Text | None = None
    pod_template_hash: Text | None = None


class TrafficWeights(Written):
    """The split that was last written."""

    REQUIRED = ("canary", "stable")
    canary: WeightDestination | None = None
    stable: WeightDestination | None = None
    additional: tuple[WeightDestination, ...] | None = None
    verified: Flag | None = None


class StepPluginStatus(Written):
    """How far a plugin step is."""

    REQUIRED = ("index", "name", "operation")
    index: Int32 | None = None
    name: Text | None = None
    operation: Text | None = None
    phase: Text | None = None
    message: Text | None = None
    started_at: Time | None = None
    updated_at: Time | None = None
    finished_at: Time | None = None
    backoff: Text | None = None
    executions: Int32 | None = None
    disabled: Flag | None = None
    status: Opaque | None = None


class CanaryStatus(Written):
    """What concerns the canary strategy."""

    current_step_analysis_run_status: RunStatus | None = None
    current_background_analysis_run_status: RunStatus | None = None
    current_experiment: Text | None = None
    weights: TrafficWeights | None = None
    stable_ping_pong: Text | None = None
    step_plugin_statuses: tuple[StepPluginStatus, ...] | None = None


class BlueGreenStatus(Written):
    """What concerns the blue-green strategy."""

    active_selector: Text | None = None
    preview_selector: Text | None = None
    scale_up_preview_check_point: Flag | None = None
    pre_promotion_analysis_run_status: RunStatus | None = None
    post_promotion_analysis_run_status: RunStatus | None = None


class AwsResource(Written):
    """A load balancer or target group."""

    REQUIRED = ("name", "arn")
    name: Text | None = None
    arn: Text | None = None
    full_name: Text | None = None


class AlbStatus(Written):
    """What a load balancer was seen to serve."""

    load_balancer: AwsResource | None = None
    canary_target_group: AwsResource | None = None
    stable_target_group: AwsResource | None = None
    ingress: Text | None = None


class DurationStatus(Written):
    """How long the update takes, and how long of it somebody was waited for."""

    rollout_started_at: Time | None = None
    finished_at: Time | None = None
    completion_status: Text | None = None
    manual_pause_started_at: Time | None = None
    total_manual_pause_duration_seconds: Int32 | None = None


class RolloutStatus(Written):
    """How far the update is."""

    abort: Flag | None = said("Sends all traffic back to the stable revision; set by people and by the controller.")
    aborted_at: Time | None = said("When the update was aborted.")
    alb: AlbStatus | None = said("The last of `albs`.")
    albs: tuple[AlbStatus, ...] | None = said("What load balancers were seen to serve.")
    available_replicas: Int32 | None = said("Pods that have been ready for `minReadySeconds`.")
    blue_green: BlueGreenStatus | None = said("What concerns the blue-green strategy.")
    canary: CanaryStatus | None = said("What concerns the canary strategy.")
    collision_count: Int32 | None = said("Counts ReplicaSet names that were taken.")
    conditions: tuple[Condition, ...] | None = said("The latest observations.")
    controller_pause: Flag | None = said("The controller paused; see `pauseConditions`.")
    current_pod_hash: Text | None = said("Hash of the desired pod template.")
    current_step_hash: Text | None = said("Hash of the steps; another one starts the update over.")
    current_step_index: Int32 | None = said("The step that is carried out, from 0; the number of steps when done.")
    duration: DurationStatus | None = said("How long the update takes.")
    hpa_replicas: Int32 | None = said("Pods that a HorizontalPodAutoscaler counts.", alias="HPAReplicas")
    message: Text | None = said("Why the phase is what it is.")
    observed_generation: Text | None = said("The generation of the spec that this status is about.")
    pause_conditions: tuple[PauseCondition, ...] | None = said("Why the update is paused; empty resumes it.")
    phase: Text | None = said("Healthy, Progressing, Paused or Degraded.")
    promote_full: Flag | None = said("Skips all steps and analyses; set by people.")
    ready_replicas: Int32 | None = said("Pods that are ready.")
    replicas: Int32 | None = said("Pods of all revisions.")
    restarted_at: Time | None = said("The last `restartAt` that was carried out.")
    selector: Text | None = said("Selects the pods; for autoscalers.")
    stable_rs: Text | None = said("Hash of the revision that was fully promoted last.", alias="stableRS")
    updated_replicas: Int32 | None = said("Pods of the desired revision.")
    workload_observed_generation: Text | None = said("The generation of the workload that the template came from.")
