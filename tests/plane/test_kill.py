"""SIGKILL at every write of a whole story: it ends as if nothing had happened, and no request meets an empty revision.

Many Rollouts live through the same story at once, each in a namespace of its own: release, abort, retry, promote. A
proxy before the API server kills the operator after the n-th write for the n-th of them, before the operator hears
that the write was done. What happened is replayed from watches, in the order of resourceVersions.
"""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster import Api, Plane
from tests.plane.operator import Namespace, install
from tests.support.forks import Forks
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.plane, pytest.mark.slow]
Json = dict[str, Any]
V1, V2 = "example.test/app:v1", "example.test/app:v2"
CLIMB = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "1s"}}]
STRATEGY = {
    "steps": CLIMB,
    "canaryService": "canary",
    "stableService": "stable",
    "trafficRouting": {"nginx": {"stableIngress": "web"}},
    "scaleDownDelaySeconds": 1,
    "abortScaleDownDelaySeconds": 1,
}
_SPARED = 3
"""Stories that may do with fewer writes than the calm one: two statuses that follow each other can become one."""
HASH = "rollouts-pod-template-hash"
WATCHED = {
    "pods": "/api/v1/pods",
    "services": "/api/v1/services",
    "ingresses": "/apis/networking.k8s.io/v1/ingresses",
}


@pytest.fixture(scope="module")
def own() -> Iterator[Plane]:
    """A plane without the operator that other tests share."""
    with Plane() as plane:
        yield plane


# ---- the story
def is_paused(ns: Namespace, status: Json) -> bool:
    return status.get("phase") == "Paused" and status.get("currentStepIndex") == 1


def is_back(ns: Namespace, status: Json) -> bool:
    return status.get("message", "").startswith("RolloutAborted") and ns.selects("canary") == ns.selects("stable")


def is_first_healthy(ns: Namespace, status: Json) -> bool:
    return status.get("phase") == "Healthy" and bool(ns.selects("canary"))


def is_over(ns: Namespace, status: Json) -> bool:
    sizes = ns.replica_sets()
    promoted = sizes.get(status.get("stableRS", "")) == 4 and sum(sizes.values()) == 4 and len(sizes) == 2
    return status.get("phase") == "Healthy" and promoted and ns.weight("app-web-canary") == "0"


CHAPTERS: list[tuple[str, Callable[[Namespace, Json], bool], Callable[[Namespace], None]]] = [
    ("healthy at first", is_first_healthy, lambda ns: ns.release("app", V2)),
    ("paused", is_paused, lambda ns: ns.patch_status("app", {"abort": True})),
    ("back at stable", is_back, lambda ns: ns.patch_status("app", {"abort": False})),
    ("paused again", is_paused, lambda ns: ns.patch_status("app", {"pauseConditions": None})),
    ("promoted", is_over, lambda ns: None),
]


@dataclass
class Story:
    """One Rollout on its way; `chapter` is what is waited for."""

    ns: Namespace
    chapter: int = 0

    def begin(self) -> None:
        for name in ("canary", "stable"):
            self.ns.service(name, "app")
        self.ns.ingress("web", "stable")
        self.ns.rollout("app", V1, STRATEGY)

    def go_on(self) -> bool:
        """Does what is next if its time has come; whether the story is over."""
        if self.chapter < len(CHAPTERS):
            _, has_come, deed = CHAPTERS[self.chapter]
            status = self.ns.status("app")
            if status.get("observedGeneration") and has_come(self.ns, status):
                deed(self.ns)
                self.chapter += 1
        return self.chapter == len(CHAPTERS)

    def outcome(self) -> Json:
        """What is left, without times."""
        ns, status = self.ns, self.ns.status("app")
        sets = ns.api.items(f"/apis/apps/v1/namespaces/{ns.name}/replicasets")
        return {
            "status": {key: status.get(key) for key in ("phase", "message", "stableRS", "currentPodHash", "abort")},
            "step": status.get("currentStepIndex"),
            "weights": status["canary"]["weights"],
            "conditions": {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]},
            "sizes": {rs["metadata"]["name"]: rs["spec"]["replicas"] for rs in sets},
            "services": (ns.selects("stable"), ns.selects("canary")),
            "weight": ns.weight("app-web-canary"),
        }


def tell(stories: list[Story], seconds: float) -> None:
    """Brings every story to its end."""
    deadline = time.monotonic() + seconds
    while open_ones := [story for story in stories if not story.go_on()]:
        late = {f"{s.ns.name}: {CHAPTERS[s.chapter][0]}": s.ns.status("app") for s in open_ones}
        assert time.monotonic() < deadline, f"never came to their end: {late}"
        time.sleep(0.05)


# ---- who kills
@dataclass
class Killer:
    """Counts writes by namespace, leases and events apart, and kills the operator after the one that is armed."""

    armed: dict[str, int] = field(default_factory=dict)
    writes: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kill: Callable[[], None] = lambda: None
    killed_at: dict[str, str] = field(default_factory=dict)

    def after_write(self, method: str, path: str) -> None:
        found = re.search(r"/namespaces/([^/]+)/(.+)", path)
        if found is None or found[2].startswith(("leases", "events")):
            return
        namespace, what = found.groups()
        self.writes[namespace].append(f"{method} {what}")
        if len(self.writes[namespace]) == self.armed.get(namespace):
            self.killed_at[namespace] = self.writes[namespace][-1]
            self.kill()


@pytest.fixture
def killer() -> Killer:
    return Killer()


@pytest.fixture
def victim(own: Plane, killer: Killer, tmp_path: Path) -> Iterator[None]:
    """An operator that reaches the API server through the proxy. It has no rival, so it needs no Lease."""
    with Proxy(own.server, own.ca, killer.after_write) as proxy:
        config = yaml.safe_load(install(own).kubeconfig.read_text())
        config["clusters"][0]["cluster"] = {"server": proxy.address}
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(config))
        flags = ("--kubeconfig", str(kubeconfig), "--leader-elect=false", "--metricsPort", "0", "--healthzPort", "0")
        with Forks(flags, tmp_path / "log") as operator:

            def again() -> None:
                operator.kill()
                operator.start()

            killer.kill = again
            operator.start()
            yield


# ---- what users met
class History:
    """Everything that happened to pods, Services and Ingresses, from watches."""

    def __init__(self, api: Api) -> None:
        self._events: list[tuple[int, str, str, Json]] = []
        self._stop = threading.Event()
        versions = {kind: api.get(f"{path}?limit=1")["metadata"]["resourceVersion"] for kind, path in WATCHED.items()}
        self._threads = [
            threading.Thread(target=self._follow, args=(api, kind, version), daemon=True)
            for kind, version in versions.items()
        ]
        for thread in self._threads:
            thread.start()

    def _follow(self, api: Api, kind: str, version: str) -> None:
        for event in api.watch(WATCHED[kind], version, 600):
            if event["type"] != "BOOKMARK":
                number = int(event["object"]["metadata"]["resourceVersion"])
                self._events.append((number, kind, event["type"], event["object"]))

    def lost_requests(self) -> list[str]:
        """Every moment at which a Service with weight selected a revision without a ready pod."""
        views: defaultdict[str, View] = defaultdict(View)
        found = []
        for number, kind, type_, obj in sorted(self._events, key=lambda event: event[0]):
            namespace = obj["metadata"]["namespace"]
            view = views[namespace]
            view.take_in(kind, type_, obj)
            found += [f"{namespace} at {number}: {text}" for text in view.lost()]
        return found


@dataclass
class View:
    """One namespace at one moment."""

    ready: dict[str, str] = field(default_factory=dict)
    selects: dict[str, str] = field(default_factory=dict)
    weight: int | None = None
    is_served: bool = False

    def take_in(self, kind: str, type_: str, obj: Json) -> None:
        metadata = obj["metadata"]
        name, labels = metadata["name"], metadata.get("labels") or {}
        if kind == "services":
            self.selects[name] = obj["spec"]["selector"].get(HASH, "")
        elif kind == "ingresses":
            text = (metadata.get("annotations") or {}).get("nginx.ingress.kubernetes.io/canary-weight")
            self.weight = int(text) if text is not None else self.weight
        elif type_ != "DELETED" and "deletionTimestamp" not in metadata and is_ready(obj):
            self.ready[name] = labels.get(HASH, "")
        else:
            self.ready.pop(name, None)

    def lost(self) -> Iterator[str]:
        """Looked for from the first moment on at which the stable revision served."""
        served = set(self.ready.values())
        self.is_served = self.is_served or (self.weight is not None and self.selects.get("stable", "") in served)
        if not self.is_served or self.weight is None:
            return
        for service, share in (("canary", self.weight), ("stable", 100 - self.weight)):
            if share and self.selects[service] not in served:
                yield f"{share} % of requests go to {service}, whose revision {self.selects[service]} has no ready pod"


def is_ready(pod: Json) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


@pytest.mark.usefixtures("victim")
def test_killed_after_any_write_the_story_ends_the_same(
    own: Plane, killer: Killer, namespace: Callable[[Api], str]
) -> None:
    calm = Story(Namespace(own.api, namespace(own.api)))
    calm.begin()
    tell([calm], 60)
    expected, count = calm.outcome(), len(killer.writes[calm.ns.name])
    assert count > 20, killer.writes[calm.ns.name]

    history = History(own.api)
    stories = [Story(Namespace(own.api, namespace(own.api))) for _ in range(count)]
    killer.armed = {story.ns.name: place for place, story in enumerate(stories, 1)}
    for story in stories:
        story.begin()
    tell(stories, 200)

    spared = set(killer.armed) - set(killer.killed_at)
    assert len(spared) <= _SPARED, f"not killed: {spared}"
    assert all(len(killer.writes[name]) < killer.armed[name] for name in spared)
    for story in stories:
        assert story.outcome() == expected, f"killed after {killer.killed_at.get(story.ns.name)}"
    assert history.lost_requests() == []


def test_the_watcher_sees_a_request_that_is_lost() -> None:
    """Otherwise an empty list of lost requests would say nothing."""
    view = View({"pod": "a"}, {"stable": "a", "canary": "b"}, weight=0)
    assert list(view.lost()) == []
    view.weight = 10
    assert list(view.lost()) == ["10 % of requests go to canary, whose revision b has no ready pod"]
