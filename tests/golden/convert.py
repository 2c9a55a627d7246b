"""From a recording (YAML) to the project's own form: `python -m tests.golden.convert RECORDING.yaml ...`.

A recording is a list in order of time: `do` (the deed), `said`/`exit` (the plugin's answer), `see` (an object and its
next state). States are kept as the facts that changed; events that Kubernetes itself sends are left out.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from tests.golden.facts import Json, facts
from tests.golden.scenario import FOLDER, NAMESPACE, WEB, Scenario, Trace

_WEB = re.compile(r"http://127\.0\.0\.1:\d+")
_STATUS = ("Rollout", "AnalysisRun", "Experiment")


def converted(recording: Json) -> Scenario:
    """The scenario of a recording. Raises ValueError naming an entry that is neither deed, answer nor sight."""
    trace = Trace()
    for entry in _anonymous(recording)["trace"]:
        match entry:
            case {"do": deed}:
                trace.do(deed)
            case {"said": said, "exit": status}:
                trace.answered(said, status)
            case {"see": "Event", "state": state}:
                trace.hear(state["object"], [state["type"], state["reason"], state["message"]])
            case {"see": thing, "state": state}:
                kind = thing.split("/")[0]
                trace.see(thing, facts(kind, _as_object(kind, state)))
            case _:
                raise ValueError(f"{recording['name']}: unknown entry {entry}")
    return Scenario(recording["name"], recording["what"], tuple(trace.lines))


def _anonymous(recording: Json) -> Json:
    """The same without the namespace and the port of the web server of that one run."""
    text = _WEB.sub(WEB, json.dumps(recording))
    found: Json = json.loads(text.replace(f"rec-{recording['name']}", NAMESPACE))
    return found


def _as_object(kind: str, state: Json) -> Json:
    """A recorded state in the shape of the object that it was taken from."""
    body: Json = {"metadata": {key: state.get(key) for key in ("annotations", "labels")}}
    if kind in _STATUS:
        return body | {"status": state.get("status")}
    if kind == "ReplicaSet":
        return body | {"spec": {"replicas": state["replicas"]}, "status": {"availableReplicas": state["available"]}}
    if kind == "Service":
        return body | {"spec": {"selector": state["selector"]}}
    paths: list[Any] = [{"backend": {"service": {"name": name}}} for name in state["backends"]]
    return body | {"spec": {"rules": [{"http": {"paths": paths}}]}}


def main(files: list[str]) -> int:
    for file in files:
        with Path(file).open(encoding="utf-8") as stream:
            scenario = converted(yaml.load(stream, yaml.CSafeLoader))
        (FOLDER / f"{scenario.name}.json").write_text(scenario.dump(), "utf-8")
        print(f"{scenario.name}: {len(scenario.lines)} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
