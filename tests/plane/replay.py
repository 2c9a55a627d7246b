"""Plays a recorded scenario on a plane and notes what a client sees of it, by watches as the recording was made."""

from __future__ import annotations

import datetime
import http.client
import json
import os
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.cluster import Api, ApiError, Plane, wait_for
from tests.cluster.tools import binary
from tests.golden.compare import unlike_at_rest
from tests.golden.facts import Facts, Json, facts
from tests.golden.scenario import NAMESPACE, WEB, Scenario, Trace
from tests.support.loopback import Handler, LoopbackServer

_WATCHED = {
    "Rollout": "/apis/argoproj.io/v1alpha1/rollouts",
    "AnalysisRun": "/apis/argoproj.io/v1alpha1/analysisruns",
    "Experiment": "/apis/argoproj.io/v1alpha1/experiments",
    "ReplicaSet": "/apis/apps/v1/replicasets",
    "Service": "/api/v1/services",
    "Ingress": "/apis/networking.k8s.io/v1/ingresses",
    "Event": "/api/v1/events",
}
_SECONDS_OF_A_WATCH = 300
_SECONDS_TO_REST = 3.0


def instant() -> str:
    """Now, as the operator's log writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Diary:
    """What was done and seen in one namespace: the trace, and the instant of each of its lines."""

    trace: Trace = field(default_factory=Trace)
    instants: list[str] = field(default_factory=list)
    latest: dict[str, Facts] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, write: Callable[[Trace], None]) -> None:
        with self.changed:
            write(self.trace)
            self.instants += [instant()] * (len(self.trace.lines) - len(self.instants))
            self.changed.notify_all()

    def see(self, thing: str, found: Facts) -> None:
        with self.changed:
            self.latest[thing] = found
            self.note(lambda trace: trace.see(thing, found))

    def until(self, question: Callable[[Diary], bool], seconds: float) -> bool:
        """Whether the answer became true within so many seconds; it is asked at every change."""
        with self.changed:
            return self.changed.wait_for(lambda: question(self), seconds)

    def scenario(self, of: Scenario) -> Scenario:
        """What was seen so far, as a scenario of the same name."""
        with self.changed:
            return Scenario(of.name, of.what, tuple(json.loads(json.dumps(line)) for line in self.trace.lines))


class Recorder:
    """Watches a cluster and keeps a diary of each namespace that is asked for.

    `failure` is what ended a watch that should have gone on.
    """

    def __init__(self, api: Api) -> None:
        self._api, self._ended = api, False
        self._diaries: dict[str, Diary] = {}
        self.failure: Exception | None = None
        for kind, path in _WATCHED.items():
            version = api.get(path)["metadata"]["resourceVersion"]
            threading.Thread(target=self._follow, args=(kind, path, version), daemon=True).start()

    def diary(self, namespace: str) -> Diary:
        """The diary of a namespace, from now on."""
        return self._diaries.setdefault(namespace, Diary())

    def end(self) -> None:
        """What comes now is of no interest; the watches end with their connections."""
        self._ended = True

    def _follow(self, kind: str, path: str, version: str) -> None:
        try:
            while not self._ended:
                for event in self._api.watch(path, version, _SECONDS_OF_A_WATCH):
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] in {"ADDED", "MODIFIED"}:
                        self._note(kind, event["object"])
        except (OSError, http.client.HTTPException, ApiError) as failure:
            if not self._ended:
                self.failure = failure

    def _note(self, kind: str, body: Json) -> None:
        metadata = body["metadata"]
        diary = self._diaries.get(metadata["namespace"])
        if diary is None:
            return
        if kind == "Event":
            message = body["message"].replace(metadata["namespace"], NAMESPACE)
            told = [body["type"], body["reason"], message]
            diary.note(lambda trace: trace.hear(body["involvedObject"]["kind"], told))
        else:
            diary.see(f"{kind}/{metadata['name']}", facts(kind, body))


class Web(LoopbackServer):
    """The server that the recorded analyses asked: `{"v": N}` at /v/N, 1 after n answers at /seq/n, 500 at /boom."""

    def __init__(self) -> None:
        asked: defaultdict[str, int] = defaultdict(int)

        class Answering(Handler):
            def answer(self) -> None:
                asked[self.path] += 1
                what, _, number = self.path.strip("/").partition("/")
                if what == "boom":
                    self.send_error(500)
                    return
                value = 1 if what == "seq" and asked[self.path] > int(number) else 5 if what == "seq" else int(number)
                body = json.dumps({"v": value}).encode()
                self.reply(body)

        super().__init__(Answering)


@dataclass(frozen=True)
class Stage:
    """One namespace of a plane in which a scenario is played."""

    plane: Plane
    namespace: str
    web: str
    diary: Diary
    patience: float  # seconds that no wait goes beyond

    def play(self, scenario: Scenario) -> str | None:
        """Do all that was done. Returns what was waited for in vain, which ends the play; None at the end of it."""
        rests = scenario.rests()
        for number, line in enumerate(scenario.deeds):
            if (missed := self._do(line["do"])) is not None:
                return missed
            self._rest(rests.get(number, {}))
        return None

    def _rest(self, recorded: dict[str, Facts]) -> None:
        """Gives what should be as recorded a moment to get there: the watches of different kinds are not in step."""
        self.diary.until(lambda diary: not any(unlike_at_rest(recorded, diary.latest)), _SECONDS_TO_REST)

    def _do(self, deed: Json) -> str | None:
        self.diary.note(lambda trace: trace.do(deed))
        match json.loads(json.dumps(deed).replace(WEB, self.web)):
            case {"apply": body}:
                self.plane.api.create(self._path(body["apiVersion"], body["kind"]), body)
            case {"patch": {"kind": kind, "name": name, "body": body}}:
                version = "apps/v1" if kind == "Deployment" else "argoproj.io/v1alpha1"
                self.plane.api.patch(f"{self._path(version, kind)}/{name}", body)
            case {"sleep": seconds}:
                time.sleep(seconds)
            case {"verb": words}:
                self._ask_plugin(words)
            case {"wait": {"name": name, "is": wanted, "for": seconds}}:
                return self._wait(name, wanted, min(seconds, self.patience))
            case other:
                raise ValueError(f"unknown deed {other}")
        return None

    def _path(self, version: str, kind: str) -> str:
        plural = {"Ingress": "ingresses"}.get(kind, f"{kind.lower()}s")
        group = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        return f"{group}/namespaces/{self.namespace}/{plural}"

    def _ask_plugin(self, words: list[str]) -> None:
        command = [str(binary("kubectl-argo-rollouts")), *words, "-n", self.namespace]
        environment = os.environ | {"KUBECONFIG": str(self.plane.kubeconfig)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        said = (done.stdout + done.stderr).strip()
        self.diary.note(lambda trace: trace.answered(said, done.returncode))

    def _wait(self, name: str, wanted: Json, seconds: float) -> str | None:
        phase = [wanted["status.phase"], wanted.get("status.message")]

        def shown() -> list[str]:
            found: list[str] = self.diary.latest.get(f"Rollout/{name}", {}).get("phase", ["", ""])
            return found

        def is_there() -> bool:
            return shown()[0] == phase[0] and phase[1] in {None, shown()[1]}

        self.diary.until(lambda _: is_there() or "not yet supported" in shown()[1], seconds)
        if not is_there():
            return f"{seconds:g} s for {name} to be {wanted}, in vain"
        return None


def new_namespace(api: Api, name: str) -> None:
    """Makes a namespace and waits until pods may be made in it."""
    api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    wait_for(lambda: api.find(account), f"the ServiceAccount of namespace {name}")


def chapters(recorded: Scenario, seen: Scenario, instants: list[str], decided: list[tuple[str, str]]) -> Iterator[str]:
    """For each deed, what was recorded, and what was seen and decided in its time."""
    mine = [(at, _text(line)) for at, line in zip(instants, seen.lines, strict=False)]
    ours = sorted([*mine, *((at, f"  decided  {text}") for at, text in decided)])
    theirs = [_text(line) for line in recorded.lines]
    mine_by_deed = _by_deed([f"{at[11:23]} {text}" for at, text in ours])
    for number, chapter in enumerate(_by_deed(theirs)):
        yield "\n".join(["", "RECORDED", *chapter])
        if number < len(mine_by_deed):
            yield "\n".join(["SEEN AND DECIDED", *mine_by_deed[number]])


def _by_deed(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in lines:
        if "== do" in line:
            found.append([])
        found[-1].append(line)
    return [chapter for chapter in found if chapter]


def _text(line: Json) -> str:
    if "do" in line:
        answer = f" -> {line['said']!r}, exit {line['exit']}" if "said" in line else ""
        return f"== do {_deed(line['do'])}{answer}"
    now = line["now"]
    if isinstance(now, list):
        return f"  told     {' '.join(now)}"
    return f"  saw      {line['see']}: {'; '.join(f'{name} {_plain(value)}' for name, value in now.items())}"


def _deed(deed: Json) -> str:
    match deed:
        case {"apply": body}:
            return f"apply {body['kind']}/{body['metadata']['name']}"
        case {"verb": words}:
            return " ".join(words)
    return json.dumps(deed)


def _plain(value: Any) -> str:
    return " ".join(str(part) for part in value) if isinstance(value, list) else str(value)
