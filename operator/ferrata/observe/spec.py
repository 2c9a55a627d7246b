"""A Rollout object as a `RolloutSpec`. What is malformed raises SpecRejected naming its field."""

from __future__ import annotations

from typing import Any

from ferrata.errors import SpecRejected
from ferrata.model import keys
from ferrata.model.anti_affinity import AntiAffinity
from ferrata.model.int_or_percent import resolve
from ferrata.model.pod_metadata import PodMetadata
from ferrata.model.rollout import (
    FULL_WEIGHT,
    REVISION_MARK,
    BlueGreen,
    Canary,
    ProgressThreshold,
    RolloutSpec,
    ThresholdType,
)
from ferrata.model.status import parse_time
from ferrata.plan.rollout.canary import steps
from ferrata.routers.registry import takes_managed_routes

Json = dict[str, Any]
_STEPS = "spec.strategy.canary.steps"


def read_spec(rollout: Json) -> RolloutSpec:
    """The spec of `rollout`, defaults applied. Raises SpecRejected for what cannot be carried out."""
    metadata, spec = rollout["metadata"], rollout.get("spec") or {}
    replicas = _count(spec.get("replicas"), 1, "spec.replicas")
    history = spec.get("analysis") or {}
    return RolloutSpec(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        replicas=replicas,
        strategy=_strategy(spec, replicas),
        selector=selector_text(spec.get("selector") or {}),
        revision_selector=selector_text(_revision_selector(spec.get("selector") or {})),
        min_ready_seconds=_count(spec.get("minReadySeconds"), 0, "spec.minReadySeconds"),
        paused=spec.get("paused") is True,
        progress_deadline_seconds=_count(spec.get("progressDeadlineSeconds"), 600, "spec.progressDeadlineSeconds"),
        progress_deadline_abort=spec.get("progressDeadlineAbort") is True,
        revision_history_limit=_count(spec.get("revisionHistoryLimit"), 10, "spec.revisionHistoryLimit"),
        successful_run_limit=_count(history.get("successfulRunHistoryLimit"), 5, "spec.analysis"),
        unsuccessful_run_limit=_count(history.get("unsuccessfulRunHistoryLimit"), 5, "spec.analysis"),
        restart_at=parse_time(spec.get("restartAt")),
        annotations=metadata.get("annotations") or {},
    )


def _strategy(spec: Json, replicas: int) -> Canary | BlueGreen:
    blue_green = (spec.get("strategy") or {}).get("blueGreen")
    return _blue_green(blue_green, replicas) if isinstance(blue_green, dict) else _canary(spec, replicas)


def _blue_green(strategy: Json, replicas: int) -> BlueGreen:
    pre, post = (strategy.get(f"{name}PromotionAnalysis") or {} for name in ("pre", "post"))
    return BlueGreen(
        active_service=strategy.get("activeService") or "",
        preview_service=strategy.get("previewService") or "",
        preview_replicas=strategy.get("previewReplicaCount"),
        promotes_itself=strategy.get("autoPromotionEnabled") is not False,
        promotion_seconds=strategy.get("autoPromotionSeconds") or 0,
        scale_down_delay=strategy.get("scaleDownDelaySeconds"),
        scale_down_delay_revision_limit=strategy.get("scaleDownDelayRevisionLimit"),
        abort_scale_down_delay=strategy.get("abortScaleDownDelaySeconds"),
        pre_promotion_analysis=bool(pre.get("templates")),
        post_promotion_analysis=bool(post.get("templates")),
        max_unavailable=_spared(strategy.get("maxUnavailable"), replicas),
        anti_affinity=AntiAffinity.read(strategy.get("antiAffinity")),
        new_metadata=PodMetadata.read(strategy.get("previewMetadata")),
        stable_metadata=PodMetadata.read(strategy.get("activeMetadata")),
    )


def _canary(spec: Json, replicas: int) -> Canary:
    strategy = (spec.get("strategy") or {}).get("canary")
    if not isinstance(strategy, dict):
        raise SpecRejected("spec.strategy: neither canary nor blueGreen is set", "spec.strategy")
    routing = strategy.get("trafficRouting")
    _check_routes(strategy.get("steps") or [], routing)
    surge, unavailable = _budget(strategy, replicas)
    return Canary(
        steps=tuple(steps.parse(step, f"{_STEPS}[{i}]") for i, step in enumerate(strategy.get("steps") or [])),
        max_surge=surge,
        max_unavailable=unavailable,
        canary_service=strategy.get("canaryService") or "",
        stable_service=strategy.get("stableService") or "",
        routed=isinstance(routing, dict),
        max_weight=(routing or {}).get("maxTrafficWeight") or FULL_WEIGHT,
        scale_down_delay=strategy.get("scaleDownDelaySeconds"),
        scale_down_delay_revision_limit=strategy.get("scaleDownDelayRevisionLimit"),
        abort_scale_down_delay=strategy.get("abortScaleDownDelaySeconds"),
        anti_affinity=AntiAffinity.read(strategy.get("antiAffinity")),
        dynamic_stable=strategy.get("dynamicStableScale") is True,
        managed_routes=tuple(
            str((route or {}).get("name") or "") for route in (routing or {}).get("managedRoutes") or ()
        ),
        min_pods=strategy.get("minPodsPerReplicaSet") or 0,
        threshold=_threshold(strategy.get("replicaProgressThreshold")),
        background_analysis=bool((strategy.get("analysis") or {}).get("templates")),
        starting_step=(strategy.get("analysis") or {}).get("startingStep") or 0,
        new_metadata=PodMetadata.read(strategy.get("canaryMetadata")),
        stable_metadata=PodMetadata.read(strategy.get("stableMetadata")),
    )


def _check_routes(asked: list[Json], routing: Json | None) -> None:
    """Raises SpecRejected when a step places a route and no router has a place for it."""
    if takes_managed_routes(routing):
        return
    for index, step in enumerate(asked):
        for kind in ("setHeaderRoute", "setMirrorRoute"):
            if (step or {}).get(kind) is not None:
                field = f"{_STEPS}[{index}].{kind}"
                raise SpecRejected(f"{field}: no HTTPRoute of trafficRouting has useHeaderRoutes: true", field)


def _spared(asked: int | str | None, replicas: int) -> int:
    """maxUnavailable of blue-green in pods, which limits restarts and nothing else."""
    try:
        return min(resolve("25%" if asked is None else asked, replicas, round_up=False), replicas)
    except ValueError as error:
        raise SpecRejected(str(error), "spec.strategy.blueGreen.maxUnavailable") from error


def _budget(strategy: Json, replicas: int) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) in pods; when both come to nothing, one pod may be unavailable."""
    asked = {"maxSurge": "25%", "maxUnavailable": "25%"} | {k: v for k, v in strategy.items() if v is not None}
    try:
        surge = resolve(asked["maxSurge"], replicas, round_up=True)
        unavailable = resolve(asked["maxUnavailable"], replicas, round_up=False)
    except ValueError as error:
        raise SpecRejected(str(error), "spec.strategy.canary.maxSurge") from error
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, replicas)


def _threshold(body: Json | None) -> ProgressThreshold | None:
    if not isinstance(body, dict):
        return None
    try:
        return ProgressThreshold(ThresholdType(body.get("type")), int(body.get("value", 0)))
    except (ValueError, TypeError) as error:
        raise SpecRejected(str(error), "spec.strategy.canary.replicaProgressThreshold") from error


def _count(value: object, default: int, field: str) -> int:
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SpecRejected(f"{field}: must be greater than or equal to 0", field)
    return value


def _revision_selector(selector: Json) -> Json:
    labels = (selector.get("matchLabels") or {}) | {keys.POD_TEMPLATE_HASH: REVISION_MARK}
    return selector | {"matchLabels": labels}


def selector_text(selector: Json) -> str:
    """A label selector in its text form: `app=x,tier in (a,b)`."""
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for term in selector.get("matchExpressions") or []:
        key, values = term.get("key", ""), ",".join(sorted(term.get("values") or []))
        forms = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        parts.append(forms.get(term.get("operator"), f"!{key}"))
    return ",".join(parts)
