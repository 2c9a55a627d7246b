"""What the operator has cost so far: requests from the audit log, CPU and memory from /proc."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import audited_requests

_AGENTS = ("rollouts-controller", "kopf")  # its own client, and that of its watches


@dataclass(frozen=True, slots=True)
class Cost:
    """A reading, or the difference of two."""

    requests: Counter[tuple[str, str]]  # (verb, resource): neither events, leases nor watches
    events: int
    watches: int
    refused: int  # of the requests, those answered with 4xx or 5xx
    cpu: float  # seconds, user and system

    def __sub__(self, before: Cost) -> Cost:
        return Cost(
            self.requests - before.requests,
            self.events - before.events,
            self.watches - before.watches,
            self.refused - before.refused,
            self.cpu - before.cpu,
        )


def read_cost(log: Path, pid: int) -> Cost:
    requests: Counter[tuple[str, str]] = Counter()
    events = watches = refused = 0
    for request in audited_requests(log):
        if not any(agent in request.agent for agent in _AGENTS) or request.resource == "leases":
            continue
        if request.resource == "events":
            events += 1
        elif request.verb == "watch":
            watches += 1
        else:
            requests[request.verb, request.resource] += 1
            refused += request.code >= 400
    return Cost(requests, events, watches, refused, _cpu(pid))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """Resident MiB of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"process {pid} has ended: its memory cannot be read")
