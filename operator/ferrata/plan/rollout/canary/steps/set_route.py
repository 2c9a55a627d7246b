"""`setHeaderRoute` and `setMirrorRoute`: a managed route is placed beside the split, or taken away again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ferrata.errors import SpecRejected
from ferrata.model.managed_routes import HeaderMatch, ManagedRoute, MatchKind, RequestMatch, TextMatch
from ferrata.plan.rollout.canary.steps.base import ClimbStep
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot

_ALL = 100


@dataclass(frozen=True, slots=True)
class SetRoute(ClimbStep):
    """Done at once: the route is there as soon as the canary has a pod that can serve it."""

    KEY: ClassVar[str]
    route: ManagedRoute

    @property
    def managed_route(self) -> ManagedRoute:
        return self.route

    def is_done(self, s: RolloutSnapshot, d: Draft) -> bool:  # noqa: ARG002 - nothing is waited for
        return True

    def __str__(self) -> str:
        return f"{self.KEY}: {self.route.name}"


@dataclass(frozen=True, slots=True)
class SetHeaderRoute(SetRoute):
    """Requests whose headers all match go to the canary."""

    KEY: ClassVar[str] = "setHeaderRoute"

    @classmethod
    def parse(cls, body: Any, field: str) -> SetHeaderRoute:
        headers = tuple(
            HeaderMatch(str(match.get("headerName") or ""), _text(match.get("headerValue"), f"{field}.{cls.KEY}"))
            for match in filter(None, body.get("match") or ())
        )
        matches = (RequestMatch(headers),) if headers else ()
        return cls(ManagedRoute(str(body.get("name") or ""), matches))


@dataclass(frozen=True, slots=True)
class SetMirrorRoute(SetRoute):
    """The canary gets a copy of requests that match, whose answers nobody sees."""

    KEY: ClassVar[str] = "setMirrorRoute"

    @classmethod
    def parse(cls, body: Any, field: str) -> SetMirrorRoute:
        where = f"{field}.{cls.KEY}"
        percent = body.get("percentage")
        matches = tuple(_request(match, where) for match in filter(None, body.get("match") or ()))
        return cls(ManagedRoute(str(body.get("name") or ""), matches, _ALL if percent is None else int(percent)))


def _request(match: dict[str, Any], field: str) -> RequestMatch:
    headers = tuple(HeaderMatch(name, _text(value, field)) for name, value in (match.get("headers") or {}).items())
    method, path = (_text(match[part], field) if match.get(part) else None for part in ("method", "path"))
    return RequestMatch(headers, method, path)


def _text(body: dict[str, Any] | None, field: str) -> TextMatch:
    found = [TextMatch(kind, str(value)) for kind in MatchKind if (value := (body or {}).get(kind.value)) is not None]
    if len(found) != 1:
        raise SpecRejected(f"{field}: a match needs exactly one of exact, prefix, regex", field)
    return found[0]
