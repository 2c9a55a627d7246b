"""How many pods each revision should have at the present position."""

from __future__ import annotations

from dataclasses import dataclass

from ferrata.model.rollout import RolloutSpec, ThresholdType, share
from ferrata.model.status import RolloutStatus
from ferrata.plan.rollout.canary import basic, dynamic
from ferrata.plan.rollout.canary.weights import canary_scale, is_taken, step_weight
from ferrata.snapshot.rollout import Revision, RolloutSnapshot


@dataclass(frozen=True, slots=True)
class Sizes:
    """Pods to ask for next. `stable` speaks of the stable revision only where it is another than the new one."""

    new: int
    stable: int


def goal(s: RolloutSnapshot, status: RolloutStatus) -> Sizes:
    """Where the present position leads in the end, whatever runs now."""
    spec = s.spec
    if not spec.canary.routed:
        if s.distinct_stable is None:
            return Sizes(spec.replicas, 0)
        weight = step_weight(s, status)
        return Sizes(*basic.closest(spec.replicas, weight, spec.canary.max_weight, spec.canary.max_surge))
    return Sizes(_routed_canary(s, status), _routed_stable(s, status) if s.distinct_stable else 0)


def _routed_stable(s: RolloutSnapshot, status: RolloutStatus) -> int:
    """All pods; with dynamicStableScale those that its share of the traffic needs."""
    spec, full = s.spec, s.spec.canary.max_weight
    # A superseded revision gives its traffic back to the stable one before the new revision gets any.
    if not spec.canary.dynamic_stable or is_taken(s):
        return spec.replicas
    return _at_least(spec, share(spec.replicas, full - step_weight(s, status), full))


def _routed_canary(s: RolloutSnapshot, status: RolloutStatus) -> int:
    spec, scale = s.spec, canary_scale(s.spec, status)
    is_whole = status.promote_full or not status.stable_rs or status.stable_rs == s.new_hash
    if scale is not None and not is_whole:
        if scale.replicas is not None:
            # Pods that a step names are exactly those, except beside a dynamic stable revision, as clients know it.
            return _at_least(spec, scale.replicas) if spec.canary.dynamic_stable else scale.replicas
        return _at_least(spec, share(spec.replicas, scale.weight or 0, spec.canary.max_weight))
    weight = step_weight(s, status)
    return _at_least(spec, share(spec.replicas, weight, spec.canary.max_weight))


def _at_least(spec: RolloutSpec, count: int) -> int:
    """`count` raised to minPodsPerReplicaSet, which itself ends at the number of replicas."""
    return max(count, min(spec.canary.min_pods, spec.replicas)) if count > 0 else count


def next_sizes(s: RolloutSnapshot, status: RolloutStatus) -> Sizes:
    """What to ask for now, on the way to the goal."""
    if s.spec.canary.dynamic_stable:
        return _held_by_traffic(s, status)
    if s.spec.canary.routed:
        return goal(s, status)
    limits = basic.Limits(s.spec.replicas, s.spec.canary.max_surge, s.spec.canary.max_unavailable)
    weight = step_weight(s, status)
    bystanders = tuple(o for o in s.others if o.replicas)
    new, stable = basic.sizes(s.new, s.distinct_stable, bystanders, limits, weight, s.spec.canary.max_weight)
    return Sizes(new, stable)


def _held_by_traffic(s: RolloutSnapshot, status: RolloutStatus) -> Sizes:
    """The goal, with the pods that traffic may reach still. What is no step's doing but an abort's is held for the
    canary too, whose size steps may set apart from its traffic.
    """
    wanted, stable, new = goal(s, status), s.distinct_stable, s.new
    held_stable = _at_least(s.spec, dynamic.least_stable(s, stable)) if stable is not None else 0
    held_new = _at_least(s.spec, dynamic.least_canary(s, new)) if new is not None and status.abort else 0
    return Sizes(max(wanted.new, min(held_new, new.replicas if new else 0)), max(wanted.stable, held_stable))


def is_enough(spec: RolloutSpec, revision: Revision | None, wanted: int) -> bool:
    """Whether `revision` has what `wanted` pods are for: all of them, or what the progress threshold asks."""
    threshold = spec.canary.threshold
    if threshold is None or threshold.value < 0 or revision is None:
        return revision is not None and revision.replicas == wanted and revision.available == wanted
    if threshold.type is ThresholdType.PODS:
        return revision.available >= threshold.value
    return wanted == 0 or revision.available * 100 >= threshold.value * wanted


def are_reached(s: RolloutSnapshot, status: RolloutStatus) -> bool:
    """Whether the revisions have the sizes of the present position, so that traffic and steps may go on."""
    wanted = goal(s, status)
    if not is_enough(s.spec, s.new, wanted.new):
        return False
    stable = s.distinct_stable
    if s.spec.canary.dynamic_stable:
        return True
    if stable is not None and (stable.replicas, stable.actual) != (wanted.stable, wanted.stable):
        return False
    return s.spec.canary.routed or sum(o.available for o in s.others) == 0
