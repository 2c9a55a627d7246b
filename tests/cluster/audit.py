"""Reading the API server's audit log: every request, by whom, counted once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One answered request: verb ("create", "patch", "watch" ...), resource with subresource, and who asked."""

    verb: str
    resource: str  # "pods", "rollouts/status"; "" for a path that is no resource
    namespace: str
    name: str
    user: str
    agent: str
    code: int
    group: str = ""  # API group of the resource
    granted: bool = True  # False: refused by authorization, whatever other refusals share its code


def audited_requests(log: Path) -> Iterator[Request]:
    """The requests of an audit log, oldest first. A watch counts when it starts, all others when they are answered.

    The last line is left out while the server is still writing it.
    """
    with log.open() as lines:
        for line in lines:
            if not line.endswith("\n"):
                return
            event: dict[str, Any] = json.loads(line)
            if event["stage"] == ("ResponseStarted" if event["verb"] == "watch" else "ResponseComplete"):
                yield _request(event)


def _request(event: dict[str, Any]) -> Request:
    target = event.get("objectRef", {})
    parts = (target.get("resource", ""), target.get("subresource", ""))
    return Request(
        verb=event["verb"],
        resource="/".join(part for part in parts if part),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        user=event["user"]["username"],
        agent=event.get("userAgent", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        group=target.get("apiGroup", ""),
        granted=event.get("annotations", {}).get("authorization.k8s.io/decision") != "forbid",
    )
