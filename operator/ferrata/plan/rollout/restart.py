"""`spec.restartAt`: pods that were created before that time are evicted, a few at a time, until none is left.

Never more pods are missing than the strategy allows, whatever else is under way, and a Service never loses its last
pod to a restart that an update is waiting behind. Where not one pod may be missing, or there is only one, another is
started first. Nothing is remembered: what is left to do follows from the pods' own times.
"""

from __future__ import annotations

from datetime import timedelta

from ferrata.model.rollout import BlueGreen, RolloutSpec
from ferrata.model.status import RolloutStatus, format_time
from ferrata.plan.actions import EvictPod
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import PodView, Revision, RolloutSnapshot

_UNTIL_NEXT_TRY = timedelta(seconds=30)
"""Until pods that could not be evicted are tried again, if nothing else happens before."""


def is_asked(spec: RolloutSpec, status: RolloutStatus) -> bool:
    """Whether a restart is asked for that has not been carried out, be it for later."""
    return spec.restart_at is not None and status.restarted_at != format_time(spec.restart_at)


def needs_pods(s: RolloutSnapshot) -> bool:
    """Whether the decision depends on the single pods, which nobody watches."""
    return _is_due(s, s.status) and not _is_superseded(s)


def pods_are_restarted(s: RolloutSnapshot, d: Draft) -> Draft:
    """Old pods are evicted as far as availability allows; without any left, the restart is over."""
    if s.spec.restart_at is None or not is_asked(s.spec, d.status):
        return d
    if _is_superseded(s):
        return d.put(restarted_at=format_time(s.spec.restart_at))
    if s.now < s.spec.restart_at:
        return d.wake_at(s.spec.restart_at)
    if s.pods is None:
        return d.wake_at(s.now + _UNTIL_NEXT_TRY)
    old = [pod for pod in s.pods if pod.created < s.spec.restart_at]
    if not old:
        return d.put(restarted_at=format_time(s.spec.restart_at))
    return d.do(*(EvictPod(pod.name) for pod in _may_go(s, old))).wake_at(s.now + _UNTIL_NEXT_TRY)


def extra_pods(s: RolloutSnapshot, d: Draft, revision: Revision) -> int:
    """How many pods more than otherwise `revision` has while it is restarted."""
    is_whole = s.is_fully_promoted and s.new is not None and s.new.name == revision.name
    return int(is_whole and _is_due(s, d.status) and _starts_another_first(s))


def _is_due(s: RolloutSnapshot, status: RolloutStatus) -> bool:
    return s.spec.restart_at is not None and s.spec.restart_at <= s.now and is_asked(s.spec, status)


def _is_superseded(s: RolloutSnapshot) -> bool:
    """Whether another template or other steps came meanwhile: their pods are new anyway."""
    old = s.status
    return old.current_pod_hash not in {"", s.new_hash} or old.current_step_hash not in {"", s.step_hash}


def _starts_another_first(s: RolloutSnapshot) -> bool:
    """Whether the strategy has room for one more pod where none can be spared; blue-green has it always."""
    strategy, replicas = s.spec.strategy, s.spec.replicas
    has_room = isinstance(strategy, BlueGreen) or strategy.max_surge > 0
    return has_room and replicas > 0 and (replicas == 1 or strategy.max_unavailable == 0)


def _may_go(s: RolloutSnapshot, old: list[PodView]) -> list[PodView]:
    """The pods among `old` that can be spared now, in their order. One that serves nobody can always be."""
    budget, gone = _budget(s), list[PodView]()
    for pod in old:
        is_spared = not pod.is_available or (budget > 0 and not _is_last_of_its_service(s, pod, gone))
        if is_spared and not pod.is_terminating:
            budget -= pod.is_available
            gone.append(pod)
    return gone


def _budget(s: RolloutSnapshot) -> int:
    """Pods that may be taken away now: those available beyond what has to stay."""
    available = sum(pod.is_available for pod in s.pods or ())
    allowed = 0 if s.is_fully_promoted and _starts_another_first(s) else s.spec.strategy.max_unavailable
    wanted = max(s.spec.replicas, sum(revision.replicas for revision in s.revisions))
    return available - max(wanted - max(allowed, 1), s.spec.replicas - allowed)


def _is_last_of_its_service(s: RolloutSnapshot, pod: PodView, gone: list[PodView]) -> bool:
    """Whether, during an update, a Service that selects one revision would be left without a pod of it."""
    if s.is_fully_promoted or pod.hash not in {service.selects for service in s.services.values()}:
        return False
    return not any(p.is_available and p.hash == pod.hash and p not in (*gone, pod) for p in s.pods or ())
