"""A small world without I/O in which plans come true: ReplicaSets, Services, one router and a clock.

`tick` shows the core a snapshot, checks its plan against the invariant and carries out its actions, all of them or
only the first few, as if the process had been killed there. Pods become available when `settle` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ferrata.model.managed_routes import ManagedRoute
from ferrata.model.rollout import RolloutSpec
from ferrata.model.status import RolloutStatus
from ferrata.plan import actions as act
from ferrata.plan.rollout.decide import decide
from ferrata.plan.rollout.invariant import broken_by
from ferrata.snapshot.rollout import Confirmation, Revision, RolloutSnapshot, RouteView, ServiceView

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class World:
    """What exists. `template` names the desired revision; its hash is the name itself."""

    spec: RolloutSpec
    template: str = "v1"
    status: RolloutStatus = field(default_factory=RolloutStatus)
    now: datetime = START
    revisions: dict[str, Revision] = field(default_factory=dict)
    services: dict[str, ServiceView] = field(default_factory=dict)
    weight: int | None = None
    routes: tuple[ManagedRoute, ...] = ()
    annotation: int = 0
    events: list[tuple[str, str]] = field(default_factory=list)
    timeline: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    lost_requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in (self.spec.canary.canary_service, self.spec.canary.stable_service):
            if name:
                self.services[name] = ServiceView(name, "")

    def snapshot(self) -> RolloutSnapshot:
        new = self.revisions.get(self.template)
        stable = self.revisions.get(self.status.stable_rs)
        others = tuple(r for r in self.revisions.values() if r not in (new, stable))
        state = Confirmation.CONFIRMED if self.weight is not None else Confirmation.ABSENT
        return RolloutSnapshot(
            spec=self.spec,
            status=self.status,
            template_hash=self.template,
            step_hash=repr(self.spec.canary.steps),
            now=self.now,
            new=new,
            stable=stable,
            others=others,
            services=dict(self.services),
            revision_annotation=self.annotation,
            route=RouteView(self.weight, state, managed=self.routes) if self.spec.canary.routed else None,
        )

    def tick(self, killed_after: int | None = None) -> bool:
        """One pass; whether it changed anything. `killed_after` writes the process dies."""
        snapshot = self.snapshot()
        plan = decide(snapshot)
        assert decide(snapshot) == plan, "the same snapshot gave two plans"
        assert (fault := broken_by(snapshot, plan)) is None, f"{fault}\n{self.story()}"
        writes = plan.actions if killed_after is None else plan.actions[:killed_after]
        for action in writes:
            self._perform(action)
            self._serve()
        if killed_after is not None and killed_after <= len(plan.actions):
            return True
        is_changed = plan.status != self.status
        self.status = plan.status
        self.events += [(event.reason, event.message) for event in plan.events]
        if plan.actions or is_changed:
            self.timeline.append(f"{self._seconds():>5} s  {plan.reason:60} {', '.join(map(str, plan.actions))}")
        return bool(plan.actions) or is_changed

    def settle(self) -> None:
        """Kubernetes does its part: pods of healthy revisions become available, surplus ones go."""
        for name, revision in self.revisions.items():
            able = 0 if revision.hash in self.broken else revision.replicas
            self.revisions[name] = replace(revision, actual=revision.replicas, ready=able, available=able)
        self._serve()

    def run(self, seconds: float = 0) -> World:
        """Passes until nothing changes; then time moves on to the next wake-up, `seconds` in all."""
        end = self.now + timedelta(seconds=seconds)
        while True:
            for _ in range(100):
                self.settle()
                if not self.tick():
                    break
            else:
                raise AssertionError(f"it never comes to rest\n{self.story()}")
            wake_up = decide(self.snapshot()).wake_up
            if wake_up is None or wake_up > end:
                self.now = end
                return self
            self.now = max(self.now + timedelta(seconds=1), wake_up)

    def release(self, template: str) -> World:
        self.template = template
        self.spec = replace(self.spec, generation=self.spec.generation + 1)
        return self

    def user(self, **status: object) -> World:
        """Somebody patches the status, as the plugin and Argo CD do."""
        self.status = replace(self.status, **status)
        return self

    def promote(self) -> World:
        return self.user(pauses=())

    def pods(self, name: str) -> int:
        return self.revisions[name].replicas

    def reasons(self) -> list[str]:
        return [reason for reason, _ in self.events]

    def story(self) -> str:
        """What happened, a line a pass."""
        return "\n".join(self.timeline)

    def _seconds(self) -> int:
        return int((self.now - START).total_seconds())

    def _perform(self, action: act.Action) -> None:
        match action:
            case act.CreateRevision(name, number, replicas, _, avoids):
                self.revisions[name] = Revision(
                    f"app-{name}", name, number, replicas, 0, 0, 0, self.now, self.spec.replicas, avoids=avoids
                )
            case act.PlaceRevision(name, avoids):
                key = name.removeprefix("app-")
                self.revisions[key] = replace(self.revisions[key], avoids=avoids)
            case act.ScaleRevision(name, replicas, _, deadline):
                key = name.removeprefix("app-")
                held = self.revisions[key]
                self.revisions[key] = replace(
                    held,
                    replicas=replicas,
                    desired_annotation=self.spec.replicas,
                    available=min(held.available, replicas),
                    ready=min(held.ready, replicas),
                    scale_down_deadline=held.scale_down_deadline if deadline is None else deadline,
                )
            case act.NumberRevision(name, number):
                key = name.removeprefix("app-")
                self.revisions[key] = replace(self.revisions[key], number=number)
            case act.NumberRollout(number):
                self.annotation = number
            case act.PointService(name, to):
                self.services[name] = ServiceView(name, to, "app")
            case act.SetSplit(canary, _, routes):
                self.weight, self.routes = canary, routes
            case act.DeleteRevision(name):
                del self.revisions[name.removeprefix("app-")]
            case _:
                raise AssertionError(f"this world has no analysis: {action}")

    def _serve(self) -> None:
        """Notes every moment at which a request would have found no pod, once the first release is served."""
        if not self.spec.canary.routed or self.weight is None:
            return
        full = self.spec.canary.max_weight
        shares = {self.spec.canary.canary_service: self.weight, self.spec.canary.stable_service: full - self.weight}
        if self.routes:
            shares[self.spec.canary.canary_service] = self.weight or 1
        for service, share in shares.items():
            target = self.revisions.get(self.services[service].selects)
            if share and (target is None or target.available < 1):
                self.lost_requests.append(f"{self._seconds()} s: {share} % of requests to {service} find no pod")
