"""What no plan may ever do, checked on every plan before it is carried out, in production too.

No revision loses a pod, and no traffic is sent, in a way that could leave a request without a ready pod.
"""

from __future__ import annotations

from ferrata.model.rollout import BlueGreen, Canary, share
from ferrata.plan.actions import Action, Plan, PointService, ScaleRevision, SetSplit
from ferrata.snapshot.rollout import Confirmation, Revision, RolloutSnapshot


def broken_by(s: RolloutSnapshot, plan: Plan) -> str | None:
    """The first thing in `plan` that must not be done, as a sentence; None when it may be carried out."""
    return next((fault for action in plan.actions if (fault := _fault(s, plan, action)) is not None), None)


def _fault(s: RolloutSnapshot, plan: Plan, action: Action) -> str | None:
    match action:
        case SetSplit(canary, total, routes):
            if routes and (s.new is None or s.new.available < 1):
                return f"route {routes[0].name} would lead to a canary without available pods"
            return _split_fault(s, plan, canary, total)
        case PointService(name, to):
            return _point_fault(s, plan, name, to)
        case ScaleRevision(name, replicas):
            revision = next((r for r in s.revisions if r.name == name), None)
            return None if revision is None else _shrink_fault(s, plan, revision, replicas)
    return None


def _point_fault(s: RolloutSnapshot, plan: Plan, name: str, to: str) -> str | None:
    """A preview may be empty, and so may everything be while no pods are asked for."""
    strategy = s.spec.strategy
    if isinstance(strategy, BlueGreen) and name == strategy.preview_service:
        return None
    if isinstance(strategy, BlueGreen) and plan.status.abort and to != s.status.stable_rs:
        return f"Service {name} would select revision {to}, which is aborted"
    target = next((r for r in s.revisions if r.hash == to), None)
    may_be_empty = isinstance(strategy, BlueGreen) and s.spec.replicas == 0
    if target is None or (target.available < 1 and not may_be_empty):
        return f"Service {name} would select revision {to}, which has no available pod"
    return None


def _split_fault(s: RolloutSnapshot, plan: Plan, canary: int, total: int) -> str | None:
    if not 0 <= canary <= total:
        return f"{canary} is no share of {total}"
    is_lowered = s.route is not None and s.route.weight is not None and canary < s.route.weight
    if canary and not is_lowered and (s.new is None or s.new.available < 1):
        return f"weight {canary} would go to a canary without available pods"
    if plan.status.abort and s.route is not None and s.route.weight is not None and canary > s.route.weight:
        return f"an aborted canary would get more traffic: {s.route.weight} to {canary}"
    return None


def _shrink_fault(s: RolloutSnapshot, plan: Plan, revision: Revision, replicas: int) -> str | None:
    if replicas >= revision.replicas or s.spec.replicas == 0:
        return None
    match s.spec.strategy:
        case Canary(routed=True):
            return _routed_fault(s, plan, revision, replicas)
        case BlueGreen() as strategy:
            return _served_fault(s, plan, strategy, revision, replicas)
    return None


def _routed_fault(s: RolloutSnapshot, plan: Plan, revision: Revision, replicas: int) -> str | None:
    name, route = revision.name, s.route
    if s.distinct_stable is not None and s.distinct_stable.name == name:
        if s.spec.canary.dynamic_stable:
            return _dynamic_fault(s, plan, name, replicas)
        return None if replicas else f"the stable revision {name} would be scaled to zero"
    is_canary = s.new is not None and s.new.name == name
    if replicas == 0 and is_canary and route is not None and route.reaches_canary:
        return f"the canary {name} would be scaled to zero while {route.weight} of the traffic may reach it"
    return None


def _served_fault(s: RolloutSnapshot, plan: Plan, strategy: BlueGreen, revision: Revision, replicas: int) -> str | None:
    """What serves users keeps what was asked for; what a preview selects is emptied by an abort only."""
    targets = {(a.name, a.hash) for a in plan.actions if isinstance(a, PointService)}
    targets |= {(view.name, view.selects) for view in s.services.values()}
    if replicas == 0 and revision.hash == s.status.stable_rs and s.distinct_stable is not None:
        return f"the stable revision {revision.name} would be scaled to zero"
    if (strategy.active_service, revision.hash) in targets and replicas < s.spec.replicas:
        return f"revision {revision.name} would lose pods while {strategy.active_service} selects it"
    if (strategy.preview_service, revision.hash) in targets and replicas == 0 and not plan.status.abort:
        return f"revision {revision.name} would be scaled to zero while {strategy.preview_service} selects it"
    return None


def _dynamic_fault(s: RolloutSnapshot, plan: Plan, name: str, replicas: int) -> str | None:
    """A dynamic stable revision keeps the pods for its share, both of what is served and of what is to be."""
    full, route = s.spec.canary.max_weight, s.route
    if route is None or route.weight is None or route.confirmation is Confirmation.PENDING:
        return f"the stable revision {name} would lose pods while it is not known what is served"
    weight = min([route.weight, *(action.canary for action in plan.actions if isinstance(action, SetSplit))])
    needed = share(s.spec.replicas, full - weight, full)
    return f"the stable revision {name} would get {replicas} of {needed} pods" if replicas < needed else None
