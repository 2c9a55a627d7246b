"""Manifests with their durations shortened by `overlay.yaml`, and the list of what was shortened.

Pauses, intervals of metrics and rate windows in queries; nothing else of a manifest changes.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import ClusterError

Json = dict[str, Any]
OVERLAY = Path(__file__).with_name("overlay.yaml")
_WINDOW = re.compile(r"\[(\w+)\]")


class Overlay:
    """Short durations for long ones. `changes` counts, per sentence, what was replaced so far."""

    def __init__(self, durations: dict[str, str]) -> None:
        self._durations = durations
        self.changes: Counter[str] = Counter()

    @classmethod
    def load(cls, path: Path = OVERLAY) -> Overlay:
        """The overlay that a file describes."""
        return cls(yaml.safe_load(path.read_text())["durations"])

    def apply(self, document: Json) -> Json:
        """A copy of a Rollout or AnalysisTemplate with short durations; anything else is returned as it is.

        Raises ClusterError for a duration that the overlay does not list.
        """
        short = copy.deepcopy(document)
        if short["kind"] == "Rollout":
            for step in short["spec"]["strategy"]["canary"]["steps"]:
                if "duration" in step.get("pause", {}):
                    step["pause"]["duration"] = self._short("pause", step["pause"]["duration"])
        if short["kind"] == "AnalysisTemplate":
            for metric in short["spec"]["metrics"]:
                metric["interval"] = self._short("interval", metric["interval"])
                prometheus = metric["provider"]["prometheus"]
                prometheus["query"] = _WINDOW.sub(self._window, prometheus["query"])
        return short

    def _window(self, found: re.Match[str]) -> str:
        return f"[{self._short('rate window', found[1])}]"

    def _short(self, what: str, duration: str) -> str:
        if duration not in self._durations:
            raise ClusterError(f"{OVERLAY.name} does not list the {what} {duration}")
        short = self._durations[duration]
        self.changes[f"{what} {duration} -> {short}"] += 1
        return short
