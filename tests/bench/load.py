"""What is put on the operator: Rollouts with NGINX routing, changed and waited for through one cheap client."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tests.bench.wire import Json, Wire
from tests.cluster import Plane
from tests.plane.operator import Namespace

STEPS = [{"setWeight": 50}, {"pause": {"duration": "1s"}}, {"setWeight": 100}, {"pause": {"duration": "1s"}}]
HELD = [{"setWeight": 50}, {"pause": {}}]


class Load:
    """The Rollouts of one namespace, which is made here. Each has one pod, two Services and one Ingress."""

    def __init__(self, plane: Plane, namespace: str) -> None:
        plane.api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        self.wire, self.namespace = Wire(plane), namespace
        self._space = Namespace(plane.api, namespace)
        self._rollouts = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts"

    def prepare(self, names: Sequence[str]) -> None:
        """Makes what the Rollouts refer to."""
        self.wire.each(self._prepare, names)

    def create(self, names: Sequence[str]) -> None:
        """Makes the Rollouts and waits until they are Healthy and routed."""
        self.wire.each(self._create, names)
        self.wait(_routed, "Healthy with weights", names)

    def release(self, names: Sequence[str], version: str) -> None:
        """A new version climbs all its steps; waits until it is Healthy everywhere."""
        before = {r["metadata"]["name"]: r["status"]["stableRS"] for r in self._items()}
        self._change(names, version, STEPS)
        self.wait(lambda r: _arrived(r, before[r["metadata"]["name"]]), "released", names)

    def hold(self, names: Sequence[str], version: str) -> None:
        """A new version climbs to 50 % and stays there; waits until it does."""
        self._change(names, version, HELD)
        self.wait(paused, "paused", names)

    def set_abort(self, name: str, abort: bool) -> None:
        self.wire.request("PATCH", f"{self._rollouts}/{name}/status", {"status": {"abort": abort}})

    def wait(self, fits: Callable[[Json], bool], what: str, names: Sequence[str], seconds: float = 300) -> None:
        """One LIST every 0.2 s until all of those Rollouts are as asked. Raises TimeoutError."""
        deadline, wanted = time.monotonic() + seconds, set(names)
        while True:
            late = [r for r in self._items() if r["metadata"]["name"] in wanted and not fits(r)]
            if not late:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(late)} Rollouts never became {what}; the first: {late[0].get('status')}")
            time.sleep(0.2)

    def _items(self) -> list[Json]:
        found: list[Json] = self.wire.request("GET", self._rollouts)["items"]
        return found

    def _prepare(self, name: str) -> None:
        for service in (f"{name}-canary", f"{name}-stable"):
            self._space.service(service, name)
        self._space.ingress(name, f"{name}-stable")

    def _create(self, name: str) -> None:
        services = {"canaryService": f"{name}-canary", "stableService": f"{name}-stable"}
        strategy = {"steps": STEPS, **services, "trafficRouting": {"nginx": {"stableIngress": name}}}
        self._space.rollout(name, "example.test/app:v1", strategy, replicas=1)

    def _change(self, names: Sequence[str], version: str, steps: list[Json]) -> None:
        containers = [{"name": "app", "image": f"example.test/app:{version}"}]
        change = {"strategy": {"canary": {"steps": steps}}, "template": {"spec": {"containers": containers}}}
        self.wire.each(lambda name: self.wire.request("PATCH", f"{self._rollouts}/{name}", {"spec": change}), names)


def canary_ingress(name: str) -> str:
    """The Ingress that carries the canary's weight of that Rollout."""
    return f"{name}-{name}-canary"


def paused(rollout: Json) -> bool:
    status = rollout.get("status", {})
    return bool(_is_current(rollout) and status.get("phase") == "Paused" and status.get("pauseConditions"))


def aborted(rollout: Json) -> bool:
    return bool(rollout.get("status", {}).get("phase") == "Degraded")


def _is_current(rollout: Json) -> bool:
    return bool(rollout.get("status", {}).get("observedGeneration") == str(rollout["metadata"]["generation"]))


def _routed(rollout: Json) -> bool:
    status = rollout.get("status", {})
    return bool(status.get("phase") == "Healthy" and status.get("canary", {}).get("weights"))


def _arrived(rollout: Json, former: str) -> bool:
    """Healthy on the new revision."""
    status = rollout.get("status", {})
    stable = status.get("stableRS")
    is_promoted = stable != former and stable == status.get("currentPodHash")
    return bool(_is_current(rollout) and is_promoted and status.get("phase") == "Healthy")
