"""What the operator decided in a namespace, and what it told: printed when a test fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_DECIDED = ("step", "weight", "actions", "events")


def decisions(log: Path, namespace: str) -> Iterator[tuple[str, str]]:
    """Instant and text of each line that the operator logged about a namespace: decisions, refusals, errors."""
    for text in log.read_text(errors="replace").splitlines():
        line = _object(text)
        if namespace in {line.get("namespace"), line.get("key", "").split("/")[0]}:
            yield line.get("timestamp", ""), _as_text(line)


def _object(text: str) -> dict[str, Any]:
    """The line as an object; an empty one for what a library wrote as plain text."""
    try:
        line = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return line if isinstance(line, dict) else {}


def _as_text(line: dict[str, Any]) -> str:
    if line.get("event") == "decided":
        details = ", ".join(f"{key} {line[key]}" for key in _DECIDED if line.get(key) not in (None, []))
        return f"{line.get('rollout') or line.get('name')}: {line.get('reason')} ({details})"
    return json.dumps({key: value for key, value in line.items() if key not in {"timestamp", "namespace"}})


def told(events: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Instant and text of each Event, as the API server lists them."""
    for event in events:
        about = event["involvedObject"]
        if about["kind"] in {"Rollout", "AnalysisRun", "Experiment"}:
            instant = event.get("firstTimestamp") or event.get("eventTime") or ""
            yield instant, f"{event['type']} {event['reason']} on {about['kind']}/{about['name']}: {event['message']}"


def timeline(log: Path, namespace: str, events: list[dict[str, Any]]) -> str:
    """Decisions and events of a namespace in order of time, one per line; `events` as listed, which is by age."""
    lines = [*((at, f"decided  {text}") for at, text in decisions(log, namespace))]
    lines += [(at, f"told     {text}") for at, text in told(events)]
    lines.sort(key=lambda line: line[0])
    return "\n".join(f"{at[11:23]:12} {text}" for at, text in lines) or "nothing was decided or told"
