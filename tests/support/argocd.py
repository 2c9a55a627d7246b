"""Argo CD as a judge: its built-in health and action scripts, run in a real Lua interpreter.

The scripts are those of the Go module that tests/cluster/tools/lua/go.mod pins, read from Go's module cache. What Argo
CD does around them (which libraries a script has, how its result becomes patches) is done here the same way.
"""

from __future__ import annotations

import copy
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import yaml

from tests.cluster import Api
from tests.cluster.tools import binary, module_file

Json = dict[str, Any]
_MODULE = "github.com/argoproj/argo-cd/v3"
_STATES = {"Unknown", "Progressing", "Suspended", "Healthy", "Degraded", "Missing"}


class _AsJson(yaml.SafeLoader):
    """YAML as Kubernetes reads it: an instant is text."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class Health(NamedTuple):
    """What Argo CD shows of an object."""

    status: str
    message: str


class ScriptFailed(Exception):
    """A script ended with an error, or returned what Argo CD does not take."""


def health(body: Json) -> Health:
    """The health of an object; ("", "") where the script has no opinion. Raises ScriptFailed."""
    answer = _run(_script(body["kind"], "health.lua"), body, all_libraries=True) or {}
    found = Health(answer.get("status", ""), answer.get("message", ""))
    if found.status and found.status not in _STATES:
        raise ScriptFailed(f"{found.status!r} is no health status; Argo CD would show Unknown")
    return found


def actions(body: Json) -> dict[str, bool]:
    """Every action that is offered for an object, and whether its button can be pressed. Raises ScriptFailed."""
    offered = _run(_script(body["kind"], "actions/discovery.lua"), body)
    return {name: not (action and action.get("disabled") is True) for name, action in offered.items()}


def run_action(name: str, body: Json) -> Json:
    """The object as an action leaves it. Raises ScriptFailed."""
    changed: Json = _run(_script(body["kind"], f"actions/{name}/action.lua"), body)
    return changed


def press(api: Api, path: str, name: str) -> tuple[Json, Json]:
    """Carries out an action on the live object as Argo CD does: the difference as merge patches, first of the status
    by its subresource, then of the rest. Returns the two patches, {} where there was none. Raises ScriptFailed."""
    live = api.get(path)
    change = merge_patch(live, run_action(name, live))
    status = {"status": change["status"]} if "status" in change else {}
    rest = {key: value for key, value in change.items() if key != "status"}
    if status:
        api.patch(f"{path}/status", change)  # the whole of it: the subresource takes the status only
    if rest:
        api.patch(path, rest)
    return status, rest


def merge_patch(before: Json, after: Json) -> Json:
    """The merge patch that makes `after` of `before`."""
    change: Json = {key: None for key in before if key not in after}
    for key, value in after.items():
        known = before.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            if inner := merge_patch(known, value):
                change[key] = inner
        elif key not in before or value != known:
            change[key] = copy.deepcopy(value)
    return change


def own_examples(kind: str, table: str) -> list[tuple[Json, Json]]:
    """Argo CD's own tests of its scripts: each expectation of a table (health_test.yaml) with its object."""
    folder = _folder(kind) / Path(table).parent
    document = yaml.safe_load((folder / Path(table).name).read_text())
    entries = document.get("tests") or document.get("discoveryTests") or []
    return [(entry, yaml.load((folder / entry["inputPath"]).read_text(), _AsJson)) for entry in entries]


@cache
def _folder(kind: str) -> Path:
    return module_file("lua", _MODULE, f"resource_customizations/argoproj.io/{kind}")


@cache
def _script(kind: str, name: str) -> str:
    return (_folder(kind) / name).read_text()


def _run(script: str, body: Json, *, all_libraries: bool = False) -> Any:
    request = json.dumps({"script": script, "object": body, "all_libraries": all_libraries})
    done = subprocess.run(
        [str(binary("argocd-lua"))], input=request, capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode:
        raise ScriptFailed(done.stderr.strip())
    return json.loads(done.stdout)
