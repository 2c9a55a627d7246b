"""Starting AnalysisRuns for a rollout: templates resolved, arguments merged, names that no finished run has."""

from __future__ import annotations

from typing import Any

from ferrata.api.templates import LookUp, flatten, merge_args, resolve_args, resolve_templates
from ferrata.cluster.kinds import ANALYSIS_RUNS, ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES
from ferrata.cluster.machinery import Machinery
from ferrata.errors import AlreadyExists, SpecRejected
from ferrata.execute.manifests import owner_reference
from ferrata.model import keys
from ferrata.plan.actions import StartAnalysis

Json = dict[str, Any]
_TRIES = 100


async def start(machinery: Machinery, rollout: Json, action: StartAnalysis, stable_hash: str) -> Json:
    """The created run, or the one that an earlier pass created for the same purpose.

    Raises SpecRejected when the templates or arguments make no run.
    """
    body = run_manifest(machinery, rollout, action, stable_hash)
    base, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
    for attempt in range(_TRIES):
        body["metadata"]["name"] = base if attempt == 0 else f"{base}.{attempt}"
        if body["metadata"]["name"] in action.avoid:
            continue
        try:
            answer = await machinery.client.create(ANALYSIS_RUNS, namespace, body)
        except AlreadyExists:
            answer = await machinery.client.get(ANALYSIS_RUNS, namespace, body["metadata"]["name"])
            if not _is_same(answer, body):
                continue
        machinery.cache.store(ANALYSIS_RUNS).apply(None, answer)
        return answer
    raise SpecRejected(f"{_TRIES} AnalysisRuns are called {base} already: delete old ones")


def _is_same(run: Json, body: Json) -> bool:
    """Whether `run` is an unfinished one of the same owner that measures the same."""
    owners = {owner.get("uid") for owner in run["metadata"].get("ownerReferences") or []}
    finished = (run.get("status") or {}).get("phase") in {"Successful", "Failed", "Error", "Inconclusive"}
    mine = body["metadata"]["ownerReferences"][0]["uid"] in owners
    same = all((run["spec"].get(key) or []) == (body["spec"].get(key) or []) for key in ("metrics", "args"))
    return mine and same and not finished and run["spec"].get("terminate") is not True


def run_spec(analysis: Json, rollout: Json, look_up: LookUp, stable_hash: str, latest_hash: str) -> Json:
    """The spec of the AnalysisRun of `analysis`, a section of `rollout`. Raises SpecRejected when there is none."""
    templates = resolve_templates(analysis.get("templates") or [], look_up)
    spec = flatten(templates, analysis.get("dryRun") or [], analysis.get("measurementRetention") or [])
    supplied = resolve_args(analysis.get("args") or [], rollout, stable_hash, latest_hash)
    return spec | {"args": merge_args(supplied, spec["args"])}


def run_manifest(machinery: Machinery, rollout: Json, action: StartAnalysis, stable_hash: str) -> Json:
    """The AnalysisRun that `action` asks for, under its base name."""
    metadata, analysis = rollout["metadata"], _asked(rollout["spec"]["strategy"], action)
    namespace = metadata["namespace"]

    def look_up(name: str, *, cluster: bool) -> Json | None:
        kind = CLUSTER_ANALYSIS_TEMPLATES if cluster else ANALYSIS_TEMPLATES
        return machinery.cache.store(kind).get(None if cluster else namespace, name)

    spec = run_spec(analysis, rollout, look_up, stable_hash, action.hash)
    extra = analysis.get("analysisRunMetadata") or {}
    labels = {keys.POD_TEMPLATE_HASH: action.hash, keys.ROLLOUT_TYPE: action.kind}
    if action.step_index is not None:
        labels[keys.STEP_INDEX] = str(action.step_index)
    if machinery.settings.instance_id:
        labels[keys.INSTANCE_ID] = machinery.settings.instance_id
    labels |= (extra.get("labels") or {}) | ((rollout["spec"].get("selector") or {}).get("matchLabels") or {})
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {
            "name": f"{metadata['name']}-{action.hash}-{action.revision}{_suffix(action)}",
            "namespace": namespace,
            "labels": labels,
            "annotations": (extra.get("annotations") or {}) | {keys.REVISION: str(action.revision)},
            "ownerReferences": [owner_reference(rollout)],
        },
        "spec": {key: value for key, value in spec.items() if value},
    }


def _asked(strategy: Json, action: StartAnalysis) -> Json:
    """What the Rollout says about the analysis that `action` starts."""
    match action.kind:
        case keys.ROLLOUT_TYPE_PRE_PROMOTION:
            found = strategy["blueGreen"]["prePromotionAnalysis"]
        case keys.ROLLOUT_TYPE_POST_PROMOTION:
            found = strategy["blueGreen"]["postPromotionAnalysis"]
        case keys.ROLLOUT_TYPE_BACKGROUND:
            found = strategy["canary"]["analysis"]
        case _:
            found = strategy["canary"]["steps"][action.step_index]["analysis"]
    return dict(found)


def _suffix(action: StartAnalysis) -> str:
    if action.step_index is not None:
        return f"-{action.step_index}"
    return {keys.ROLLOUT_TYPE_PRE_PROMOTION: "-pre", keys.ROLLOUT_TYPE_POST_PROMOTION: "-post"}.get(action.kind, "")
