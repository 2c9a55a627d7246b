"""What no plan may ever do, checked on every plan before it is carried out, in production too.

No revision loses a pod, and no traffic is sent, in a way that could leave a request without a ready pod.
"""

from __future__ import annotations

from ferrata.model.rollout import share
from ferrata.plan.actions import Action, Plan, PointService, ScaleRevision, SetSplit
from ferrata.snapshot.rollout import Confirmation, RolloutSnapshot


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
            target = next((r for r in s.revisions if r.hash == to), None)
            if target is None or target.available < 1:
                return f"Service {name} would select revision {to}, which has no available pod"
        case ScaleRevision(name, replicas):
            return _shrink_fault(s, plan, name, replicas)
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


def _shrink_fault(s: RolloutSnapshot, plan: Plan, name: str, replicas: int) -> str | None:
    revision = next((r for r in s.revisions if r.name == name), None)
    if revision is None or not s.spec.canary.routed or s.spec.replicas == 0 or replicas >= revision.replicas:
        return None
    if s.spec.canary.dynamic_stable and s.distinct_stable is not None and s.distinct_stable.name == name:
        return _dynamic_fault(s, plan, name, replicas)
    if replicas > 0:
        return None
    if s.distinct_stable is not None and s.distinct_stable.name == name:
        return f"the stable revision {name} would be scaled to zero"
    is_canary = s.new is not None and s.new.name == name
    if is_canary and s.route is not None and s.route.reaches_canary:
        return f"the canary {name} would be scaled to zero while {s.route.weight} of the traffic may reach it"
    return None


def _dynamic_fault(s: RolloutSnapshot, plan: Plan, name: str, replicas: int) -> str | None:
    """A dynamic stable revision keeps the pods for its share, both of what is served and of what is to be."""
    full, route = s.spec.canary.max_weight, s.route
    if route is None or route.weight is None or route.confirmation is Confirmation.PENDING:
        return f"the stable revision {name} would lose pods while it is not known what is served"
    weight = min([route.weight, *(action.canary for action in plan.actions if isinstance(action, SetSplit))])
    needed = share(s.spec.replicas, full - weight, full)
    return f"the stable revision {name} would get {replicas} of {needed} pods" if replicas < needed else None
