"""One scenario: what was done, and what a client saw change because of it.

A file of tests/golden/traces is `{"name", "what", "trace": [line, ...]}`, one line of text for each line of the trace:

    {"do": {...}}                            a deed: apply, patch (merge), verb (of the stock plugin), wait, sleep
    {"do": {"verb": [...]}, "said", "exit"}  with what the plugin answered
    {"see": "Rollout/app", "now": {...}}     the facts that changed; null for one that is gone
    {"see": "Event/Rollout", "now": [type, reason, message]}

Names that belong to one recording are written `NAMESPACE` and `http://WEB`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.golden.facts import Facts, Json

FOLDER = Path(__file__).parent / "traces"
NAMESPACE, WEB = "NAMESPACE", "http://WEB"
TOLD_ABOUT = ("Rollout", "AnalysisRun", "Experiment")
"""Events on other objects come from Kubernetes itself."""


@dataclass
class Trace:
    """Lines of a trace as they happen; a state that says nothing new makes none."""

    lines: list[Json] = field(default_factory=list)
    _known: dict[str, Facts] = field(default_factory=dict)

    def do(self, deed: Json) -> None:
        self.lines.append({"do": deed})

    def answered(self, said: str, status: int) -> None:
        """What the plugin answered to the last deed."""
        self.lines[-1] |= {"said": said, "exit": status}

    def see(self, thing: str, facts: Facts) -> None:
        known = self._known.get(thing)
        gone = {name: None for name in known or {} if name not in facts}
        changed = {name: value for name, value in facts.items() if (known or {}).get(name) != value} | gone
        if changed or known is None:
            self.lines.append({"see": thing, "now": changed})
        self._known[thing] = facts

    def hear(self, kind: str, event: list[str]) -> None:
        if kind in TOLD_ABOUT:
            self.lines.append({"see": f"Event/{kind}", "now": event})


@dataclass(frozen=True)
class Scenario:
    """A trace with its name, and what can be asked of it."""

    name: str
    what: str
    lines: tuple[Json, ...]

    @classmethod
    def load(cls, file: Path) -> Scenario:
        document = json.loads(file.read_text("utf-8"))
        return cls(document["name"], document["what"], tuple(document["trace"]))

    def dump(self) -> str:
        """The text of its file."""
        lines = ",\n".join(f"  {json.dumps(line, ensure_ascii=False)}" for line in self.lines)
        head = json.dumps({"name": self.name, "what": self.what}, ensure_ascii=False, indent=1)[:-2]
        return f'{head},\n "trace": [\n{lines}\n ]\n}}\n'

    @property
    def deeds(self) -> list[Json]:
        return [line for line in self.lines if "do" in line]

    @property
    def answers(self) -> list[list[Any]]:
        """What the plugin said and its exit status, in order."""
        return [[line["said"], line["exit"]] for line in self.lines if "said" in line]

    def events(self, kind: str) -> list[list[str]]:
        """Type, reason and message of each event on objects of a kind, each said once: repeats are counted on the
        first by the API's clients, so that they are no lines of their own."""
        return _without_repeats(line["now"] for line in self.lines if line.get("see") == f"Event/{kind}")

    def history(self, thing: str, fact: str) -> list[Any]:
        """The values that a fact of an object had, in order; None while it was not there."""
        values = [line["now"][fact] for line in self._sights(thing) if fact in line["now"]]
        return values if not values or values[0] is None else [None, *values]

    def final(self) -> dict[str, Facts]:
        """The last facts of each object."""
        found: dict[str, Facts] = {}
        for line in self.lines:
            if "see" in line and not line["see"].startswith("Event/"):
                found.setdefault(line["see"], {}).update(line["now"])
        return {thing: {k: v for k, v in facts.items() if v is not None} for thing, facts in found.items()}

    def rests(self) -> dict[int, dict[str, Facts]]:
        """The facts of each object at the end of each wait and each sleep, by the number of that deed."""
        places = [place for place, line in enumerate(self.lines) if "do" in line]
        return {
            number: replace(self, lines=self.lines[:end]).final()
            for number, (begin, end) in enumerate(itertools.pairwise(places))
            if self.lines[begin]["do"].keys() & {"wait", "sleep"}
        }

    def _sights(self, thing: str) -> Iterator[Json]:
        return (line for line in self.lines if line.get("see") == thing)


def _without_repeats(events: Iterable[list[str]]) -> list[list[str]]:
    return [list(event) for event in dict.fromkeys(tuple(event) for event in events)]
