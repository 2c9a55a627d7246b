"""Where traffic goes: the Services' selectors and the routers' split.

A Service that carries weight is never pointed elsewhere: the weight leaves it first and is confirmed to have left.
"""

from __future__ import annotations

from ferrata.model.managed_routes import ManagedRoute, in_force
from ferrata.model.status import Weights
from ferrata.plan.actions import Action, PointService, SetSplit
from ferrata.plan.rollout.canary import dynamic, sizes
from ferrata.plan.rollout.canary.weights import is_taken, last_set_weight
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import Revision, RolloutSnapshot


def desired_weight(s: RolloutSnapshot, d: Draft) -> int:
    """Weight that the canary should have now, 0 to the maximum; first answer that fits."""
    status, spec = d.status, s.spec
    if status.abort and spec.canary.dynamic_stable and not s.is_fully_promoted and not is_taken(s):
        return dynamic.rollback_weight(s)
    if s.is_fully_promoted or status.abort or s.new is None or s.new.available == 0 or is_taken(s):
        return 0
    if status.promote_full:
        if spec.canary.dynamic_stable:
            return dynamic.promoted_weight(s)
        return s.status.weights.canary if s.status.weights else 0
    if not spec.step_count:
        return 0
    index = status.current_step_index if status.current_step_index is not None else spec.step_count
    steps = spec.steps
    weight = spec.canary.max_weight if index >= spec.step_count else last_set_weight(steps, index + 1)
    # Pods come before a higher weight, and a lower weight comes before fewer pods.
    return weight if sizes.are_reached(s, status) else min(weight, last_set_weight(steps, index))


def stable_can_take(s: RolloutSnapshot, weight: int) -> bool:
    """Whether the stable revision can carry what the canary does not: the gate of every change of weight."""
    if s.stable is None:
        return False
    full = s.spec.canary.max_weight
    needed = (full - weight) * s.spec.replicas // full
    return s.stable.available >= needed or (
        s.spec.canary.threshold is not None and sizes.is_enough(s.spec, s.stable, needed)
    )


def traffic_follows(s: RolloutSnapshot, d: Draft) -> Draft:
    """Selectors and split that the present position asks for and the capacity allows."""
    canary, stable = s.spec.canary.canary_service, s.spec.canary.stable_service
    to_stable = [a for a in (_point(s, stable, s.stable),) if a is not None]
    to_canary = [a for a in (_point_canary(s, d, canary),) if a is not None]
    if not s.spec.canary.routed:
        return d.do(*to_stable, *to_canary)
    weight = desired_weight(s, d)
    if not stable_can_take(s, weight):
        return d
    split = _split(s, weight, desired_routes(s, d), to_canary)
    # A Service selects who is to serve before weight comes to it, and somebody else only after weight has left it.
    return d.do(*to_stable, *split, *to_canary) if _is_lowered(s, weight) else d.do(*to_stable, *to_canary, *split)


def _is_lowered(s: RolloutSnapshot, weight: int) -> bool:
    route = s.route
    return route is not None and (bool(route.managed) or (route.weight is not None and weight < route.weight))


def desired_routes(s: RolloutSnapshot, d: Draft) -> tuple[ManagedRoute, ...]:
    """Managed routes that should be there now: those of the steps up to the present one, while the canary serves."""
    status, index = d.status, d.status.current_step_index
    is_over = s.is_fully_promoted or status.abort or status.promote_full or not status.stable_rs
    if is_over or index is None or s.new is None or s.new.available == 0 or is_taken(s):
        return ()
    asked = (step.managed_route for step in s.spec.steps[: index + 1])
    return in_force([route for route in asked if route is not None], s.spec.canary.managed_routes)


def _split(
    s: RolloutSnapshot, weight: int, routes: tuple[ManagedRoute, ...], points: list[PointService]
) -> tuple[Action, ...]:
    """The split, unless it is written already, or the canary Service does not select the canary yet."""
    if s.route is None or (s.route.weight == weight and s.route.managed == routes):
        return ()
    if (weight > 0 or routes) and not _selects(s, s.spec.canary.canary_service, points, s.new_hash):
        return ()
    return (SetSplit(weight, s.spec.canary.max_weight, routes),)


def _selects(s: RolloutSnapshot, service: str, points: list[PointService], wanted: str) -> bool:
    view = s.services.get(service)
    return (view is not None and view.selects == wanted) or any(p.name == service and p.hash == wanted for p in points)


def _point_canary(s: RolloutSnapshot, d: Draft, name: str) -> PointService | None:
    """The canary Service follows the new revision; after an abort it goes to the stable one."""
    if d.status.abort and s.distinct_stable is not None:
        return _point(s, name, s.stable) if _carries_nothing(s) else None
    return _point(s, name, s.new) if _carries_nothing(s) or s.is_fully_promoted else None


def _carries_nothing(s: RolloutSnapshot) -> bool:
    """Whether no router sends anything to the canary Service, as far as is known."""
    if not s.spec.canary.routed:
        return True
    return s.route is not None and not s.route.reaches_canary


def _point(s: RolloutSnapshot, name: str, to: Revision | None) -> PointService | None:
    """`name` pointed at `to` once it has pods to serve: all of them at the first time, one from then on."""
    view = s.services.get(name)
    if view is None or to is None or view.selects == to.hash or to.available < 1:
        return None
    if not view.managed_by and not (to.replicas > 0 and to.available >= to.replicas):
        return None
    return PointService(name, to.hash, view.selects)


def weights_are_published(s: RolloutSnapshot, d: Draft) -> Draft:
    """`status.canary.weights` as they will be once the plan is carried out, and an event when the split changed."""
    canary = _planned_weight(s, d)
    if canary is None or s.new is None or s.stable is None:
        return d if s.spec.canary.routed else d.put(weights=None)
    names = s.spec.canary.canary_service, s.spec.canary.stable_service
    to = s.stable.hash if d.status.abort and canary == 0 else s.new.hash
    old = d.status.weights
    if old is not None and old.canary != canary:
        d = d.say("TrafficWeightUpdated", f"Traffic weight updated from {old.canary} to {canary}")
    elif old is None:
        d = d.say("TrafficWeightUpdated", f"Traffic weight updated to {canary}")
    return d.put(weights=Weights(canary, s.spec.canary.max_weight - canary, to, s.stable.hash, *names))


def _planned_weight(s: RolloutSnapshot, d: Draft) -> int | None:
    """The canary's weight as it will be; None while no router carries anything."""
    if not s.spec.canary.routed or s.route is None:
        return None
    return next((a.canary for a in d.actions if isinstance(a, SetSplit)), s.route.weight)
