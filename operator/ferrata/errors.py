"""Every error Ferrata raises on purpose, split by who must act.

FerrataError
├── SpecRejected       the author of a manifest acts: condition and event, no blind retry
├── WorldUnavailable   nobody acts: retried with back-off, traffic stays as it is
│   ├── Conflict       somebody else wrote first; never a verdict
│   ├── NotFound       the object is not there (any more)
│   ├── AlreadyExists  a create met an object of that name
│   ├── Expired        a watch or a list's next page is too old to go on: list again
│   ├── Throttled      the API server asks for patience; carries `retry_after` in seconds
│   └── LeadershipLost another replica may act from now on: stop writing
├── SettingsRejected   whoever starts the operator acts: flags or environment make no sense
├── Forbidden          the cluster's administrator acts: a right is missing
└── InvariantBroken    we act: this rollout is left alone, traffic stays, the log has the snapshot
"""

from __future__ import annotations


class FerrataError(Exception):
    """Root of all errors raised on purpose."""


class SpecRejected(FerrataError):
    """Something a user wrote cannot be carried out. `field` is its path (`spec.strategy.canary.steps[2]`)."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class SettingsRejected(FerrataError):
    """Flags or environment cannot be used. `problems` holds one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class WorldUnavailable(FerrataError):
    """The API server, a metrics backend or the network did not do its part this time."""


class Conflict(WorldUnavailable):
    """The object changed since it was read (HTTP 409 on an update)."""


class NotFound(WorldUnavailable):
    """The object does not exist (HTTP 404)."""


class AlreadyExists(WorldUnavailable):
    """An object of that name exists already (HTTP 409 on a create)."""


class Expired(WorldUnavailable):
    """The server no longer knows that resourceVersion (HTTP 410): start from a new list."""


class Throttled(WorldUnavailable):
    """Too many requests (HTTP 429)."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LeadershipLost(WorldUnavailable):
    """The lease can no longer be proved to be ours, so nothing may be written."""


class Forbidden(FerrataError):
    """The operator's ServiceAccount lacks a right (HTTP 401 or 403)."""


class InvariantBroken(FerrataError):
    """A plan or a value that must never exist was about to be used."""
