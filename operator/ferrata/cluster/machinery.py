"""What every controller works with."""

from __future__ import annotations

from dataclasses import dataclass

from ferrata.clock import Clock
from ferrata.cluster.cache import Cache
from ferrata.cluster.client import ApiClient
from ferrata.cluster.events import EventRecorder


@dataclass(frozen=True, slots=True)
class Machinery:
    """The client, what it knows, whom it tells, and the time."""

    client: ApiClient
    cache: Cache
    recorder: EventRecorder
    clock: Clock
    controller_namespace: str = "argo-rollouts"
    instance_id: str = ""
