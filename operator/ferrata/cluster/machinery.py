"""What every controller works with."""

from __future__ import annotations

from dataclasses import dataclass

from ferrata.clock import Clock
from ferrata.cluster.cache import Cache
from ferrata.cluster.client import ApiClient
from ferrata.cluster.events import EventRecorder
from ferrata.cluster.own_writes import OwnWrites
from ferrata.cluster.telemetry import Telemetry
from ferrata.settings import Settings


@dataclass(frozen=True, slots=True)
class Machinery:
    """The client, what it knows, what it wrote, whom it tells, and the time."""

    client: ApiClient
    cache: Cache
    own_writes: OwnWrites
    recorder: EventRecorder
    clock: Clock
    settings: Settings
    telemetry: Telemetry

    @property
    def controller_namespace(self) -> str:
        """The namespace that the operator itself runs in."""
        return self.settings.controller_namespace

    @property
    def instance_id(self) -> str:
        """The instance id whose objects are ours; "" when those without one are."""
        return self.settings.instance_id
