"""Publishing a status: one merge patch of what changed, and nothing when nothing did."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
_COUNTS = frozenset({"HPAReplicas", "availableReplicas", "readyReplicas", "replicas", "updatedReplicas"})
_FOLLOWS_COUNTS = frozenset({"conditions", "message"})


def merge_patch(old: Json, new: Json) -> Json:
    """The JSON merge patch (RFC 7386) that turns `old` into `new`; empty when they are equal."""
    patch: Json = {key: None for key in old if key not in new and old[key] is not None}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            if nested := merge_patch(before, value):
                patch[key] = nested
        elif value != before:
            patch[key] = value
    return patch


def only_counts(old: Json, change: Json) -> bool:
    """Whether the merge patch `change` of the Rollout status `old` brings nothing but other counts of pods.

    With counts go the time at which the Progressing condition was last renewed, and the words for what a release
    under way waits for. A phase, a step, a pause or a condition that changes is more than that.
    """
    if not change.keys() & _COUNTS or not change.keys() <= _COUNTS | _FOLLOWS_COUNTS:
        return False
    is_worded_alike = "message" not in change or old.get("phase") == "Progressing"
    before, after = old.get("conditions") or [], change.get("conditions", old.get("conditions")) or []
    return is_worded_alike and [_undated(c) for c in before] == [_undated(c) for c in after]


def _undated(condition: Json) -> Json:
    return {key: value for key, value in condition.items() if key != "lastUpdateTime"}
