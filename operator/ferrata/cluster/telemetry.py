"""What the working parts tell about themselves. The runtime turns it into metrics; tools need not listen."""

from __future__ import annotations

from typing import Protocol


class Telemetry(Protocol):
    """Told at once, never waited for, never raises. Label values come from small fixed sets, names of objects aside."""

    def request(self, verb: str, kind: str, code: int, seconds: float) -> None:
        """One request to the API server; code 0 when no answer came."""

    def event(self, namespace: str, name: str, type_: str, reason: str) -> None:
        """A Kubernetes Event was recorded about that object."""

    def events_dropped(self, count: int) -> None:
        """Events that will never be sent."""

    def watch_opened(self, kind: str, relisted: bool) -> None:
        """A watch stream (re)opened; `relisted` when a list came before it."""

    def drift_found(self, kind: str, count: int) -> None:
        """A list showed `count` changes that no watch had told: the watches have a hole."""

    def stale_put_off(self, controller: str) -> None:
        """A key was put off because the cache did not yet show our own writes."""

    def decision(self, controller: str, reason: str) -> None:
        """A decision was taken for `reason` (a code, not a sentence)."""

    def invariant_broken(self, controller: str) -> None:
        """A plan was refused by the safety check."""


class Untold(Telemetry):
    """A Telemetry that nobody listens to: the empty bodies above."""
