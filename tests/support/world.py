"""A small world without I/O in which plans come true: ReplicaSets, Services, one router, AnalysisRuns and a clock.

`tick` shows the core a snapshot, checks its plan against the invariant and carries out its actions, all of them or
only the first few, as if the process had been killed there. Pods become available when `settle` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ferrata.model.managed_routes import ManagedRoute
from ferrata.model.rollout import BlueGreen, Canary, RolloutSpec
from ferrata.model.status import RolloutStatus, RunStatus
from ferrata.plan import actions as act
from ferrata.plan.rollout.decide import decide
from ferrata.plan.rollout.invariant import broken_by
from ferrata.snapshot.rollout import AnalysisView, Confirmation, Revision, RolloutSnapshot, RouteView, ServiceView

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
    runs: dict[str, AnalysisView] = field(default_factory=dict)
    is_served: bool = False

    def __post_init__(self) -> None:
        for name in self.spec.strategy.services:
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
            step_hash=repr(self.spec.steps),
            now=self.now,
            new=new,
            stable=stable,
            others=others,
            services=dict(self.services),
            revision_annotation=self.annotation,
            route=RouteView(self.weight, state, managed=self.routes) if self._is_routed() else None,
            runs=tuple(self.runs.values()),
        )

    def _is_routed(self) -> bool:
        return isinstance(self.spec.strategy, Canary) and self.spec.strategy.routed

    def tick(self, killed_after: int | None = None) -> bool:
        """One pass; whether it changed anything. `killed_after` writes the process dies."""
        snapshot = self.snapshot()
        plan = decide(snapshot)
        assert decide(snapshot) == plan, "the same snapshot gave two plans"
        assert (fault := broken_by(snapshot, plan)) is None, f"{fault}\n{self.story()}"
        writes = plan.actions if killed_after is None else plan.actions[:killed_after]
        started: dict[str, RunStatus] = {}
        for action in writes:
            self._perform(action, started)
            self._serve()
        if killed_after is not None and killed_after <= len(plan.actions):
            return True
        status = plan.status
        for kind, run in started.items():
            status = status.with_run(kind, run)
        is_changed = status != self.status
        self.status = status
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

    def judge(self, kind: str, phase: str, message: str = "") -> World:
        """The unfinished run of that kind comes to its verdict."""
        run = next(r for r in self.runs.values() if r.kind == kind and not r.is_finished)
        self.runs[run.name] = replace(run, phase=phase, message=message)
        return self

    def unfinished(self) -> list[str]:
        return [run.name for run in self.runs.values() if not run.is_finished and not run.is_terminating]

    def edit(self, **spec: object) -> World:
        """Somebody changes the spec."""
        self.spec = replace(self.spec, generation=self.spec.generation + 1, **spec)  # type: ignore[arg-type]
        return self

    def pods(self, name: str) -> int:
        return self.revisions[name].replicas

    def reasons(self) -> list[str]:
        return [reason for reason, _ in self.events]

    def story(self) -> str:
        """What happened, a line a pass."""
        return "\n".join(self.timeline)

    def _seconds(self) -> int:
        return int((self.now - START).total_seconds())

    def _perform(self, action: act.Action, started: dict[str, RunStatus]) -> None:
        match action:
            case act.CreateRevision(name, number, replicas, _, avoids, metadata):
                self.revisions[name] = Revision(
                    f"app-{name}",
                    name,
                    number,
                    replicas,
                    0,
                    0,
                    0,
                    self.now,
                    self.spec.replicas,
                    avoids=avoids,
                    metadata=metadata,
                )
            case act.PlaceRevision(name, avoids):
                key = name.removeprefix("app-")
                self.revisions[key] = replace(self.revisions[key], avoids=avoids)
            case act.LabelRevision(name, metadata, former, has_pods):
                key, left = name.removeprefix("app-"), former if has_pods else None
                self.revisions[key] = replace(self.revisions[key], metadata=metadata, former_metadata=left)
            case act.LabelPods(name):
                key = name.removeprefix("app-")
                self.revisions[key] = replace(self.revisions[key], former_metadata=None)
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
            case act.StartAnalysis(kind):
                started[kind] = self._start(action)
            case act.StopAnalysis(name):
                self.runs[name] = replace(self.runs[name], is_terminating=True, phase="Successful")
            case act.DeleteAnalysis(name):
                del self.runs[name]

    def _start(self, action: act.StartAnalysis) -> RunStatus:
        """The unfinished run of that purpose, or a new one under the first name that is free."""
        base = f"app-{action.hash}-{action.revision}-{action.kind}"
        names = (base if n == 0 else f"{base}.{n}" for n in range(100))
        name = next(n for n in names if n not in action.avoid and not (n in self.runs and self.runs[n].is_finished))
        new = AnalysisView(name, "", "", action.kind, action.step_index, action.hash, action.revision, self.now)
        run = self.runs.setdefault(name, new)
        return RunStatus(run.name, run.phase)

    def _serve(self) -> None:
        """Notes every moment at which a request would have found no pod, once the first release is served.

        A Service that selects no revision reaches the pods of all of them.
        """
        for service, share in self._shares().items():
            selects = self.services[service].selects
            is_lost = not any(r.available for r in self.revisions.values() if selects in {"", r.hash})
            self.is_served = self.is_served or not is_lost
            if share and is_lost and self.is_served:
                self.lost_requests.append(f"{self._seconds()} s: {share} % of requests to {service} find no pod")

    def _shares(self) -> dict[str, int]:
        """The share of requests by Service."""
        strategy = self.spec.strategy
        if isinstance(strategy, BlueGreen):
            return {strategy.active_service: 100} if self.spec.replicas else {}
        if not strategy.routed or self.weight is None:
            return {}
        canary = self.weight or (1 if self.routes else 0)
        return {strategy.canary_service: canary, strategy.stable_service: strategy.max_weight - self.weight}
