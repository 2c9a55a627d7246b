"""What a failing test shows: decisions and events of its own namespace, in order of time."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.timeline import timeline

LINES = [
    {"event": "decided", "namespace": "mine", "rollout": "app", "reason": "Paused", "step": "1/4", "actions": [],
     "timestamp": "2026-01-01T10:00:02.000000Z"},
    {"event": "decided", "namespace": "theirs", "rollout": "app", "timestamp": "2026-01-01T10:00:02.000000Z"},
    {"event": "rejected", "key": "mine/app", "error": "no such Service", "timestamp": "2026-01-01T10:00:04.000000Z"},
]  # fmt: skip
EVENT = {
    "type": "Normal",
    "reason": "RolloutPaused",
    "message": "paused",
    "firstTimestamp": "2026-01-01T10:00:03Z",
    "involvedObject": {"kind": "Rollout", "name": "app"},
}


def test_decisions_refusals_and_events_come_in_order(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(["plain text", *map(json.dumps, LINES)]))
    others = EVENT | {"involvedObject": {"kind": "Pod", "name": "app-1"}}
    assert timeline(log, "mine", [EVENT, others]).splitlines() == [
        "10:00:02.000 decided  app: Paused (step 1/4)",
        "10:00:03Z    told     Normal RolloutPaused on Rollout/app: paused",
        '10:00:04.000 decided  {"event": "rejected", "key": "mine/app", "error": "no such Service"}',
    ]


def test_silence_is_said(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("")
    assert timeline(log, "mine", []) == "nothing was decided or told"
