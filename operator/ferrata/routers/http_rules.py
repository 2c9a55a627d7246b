"""Managed routes as rules of an HTTPRoute, and the annotation that says which rules those are.

A rule of ours is recognized by what it does, and only when the annotation lists its route: whatever else stands in
the HTTPRoute, before or after it, is left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from ferrata.errors import SpecRejected
from ferrata.model.managed_routes import HeaderMatch, ManagedRoute, MatchKind, RequestMatch, TextMatch
from ferrata.routers.base import Json, Owner

ANNOTATION = "ferrata.dev/managed-routes"
"""On an HTTPRoute: a JSON object from the name of a Rollout to the managed routes that it placed there."""
_FIELD = "spec.strategy.canary.trafficRouting.managedRoutes"
_HEADER = {MatchKind.EXACT: "Exact", MatchKind.PREFIX: "RegularExpression", MatchKind.REGEX: "RegularExpression"}
_PATH = {MatchKind.EXACT: "Exact", MatchKind.PREFIX: "PathPrefix", MatchKind.REGEX: "RegularExpression"}


def rules_for(route: ManagedRoute, base: Sequence[Json], owner: Owner) -> list[Json]:
    """The rules that carry `route`: one for each of the rules `base`, which split, so that their paths, filters and
    ports are kept. Raises SpecRejected for what HTTPRoutes cannot match.
    """
    return [
        _mirror(rule, route, owner) if route.mirror_percent is not None else _header(rule, route, owner)
        for rule in base
    ]


def _header(rule: Json, route: ManagedRoute, owner: Owner) -> Json:
    refs = [_without_weight(ref) for ref in rule["backendRefs"] if ref.get("name") == owner.canary_service]
    return _unnamed(rule) | {"matches": _matches(rule, route), "backendRefs": refs[:1]}


def _mirror(rule: Json, route: ManagedRoute, owner: Owner) -> Json:
    refs = [ref for ref in rule["backendRefs"] if ref.get("name") == owner.canary_service]
    target = {key: refs[0][key] for key in ("group", "kind", "name", "namespace", "port") if key in refs[0]}
    mirror: Json = {"backendRef": target}
    if route.mirror_percent not in {None, 100}:
        mirror["percent"] = route.mirror_percent
    filters = [*(rule.get("filters") or []), {"type": "RequestMirror", "requestMirror": mirror}]
    return _unnamed(rule) | {"matches": _matches(rule, route), "filters": filters}


def _without_weight(ref: Json) -> Json:
    return {key: value for key, value in ref.items() if key != "weight"}


def _unnamed(rule: Json) -> Json:
    """A rule's name, where it has one, is its own in the whole route."""
    return {key: value for key, value in rule.items() if key != "name"}


def _matches(rule: Json, route: ManagedRoute) -> list[Json]:
    """Every match of the rule narrowed by every match of the route."""
    present = rule.get("matches") or [{}]
    return [_narrowed(match, by) for match in present for by in route.matches]


def _narrowed(match: Json, by: RequestMatch) -> Json:
    names = {header.name.lower() for header in by.headers}
    kept = [header for header in match.get("headers") or [] if str(header.get("name", "")).lower() not in names]
    result = dict(match)
    if by.headers:
        result["headers"] = [*kept, *(_header_match(header) for header in by.headers)]
    if by.method is not None:
        result["method"] = _method(by.method)
    if by.path is not None:
        result["path"] = {"type": _PATH[by.path.kind], "value": by.path.value}
    return result


def _header_match(header: HeaderMatch) -> Json:
    value = header.value.value
    # A header has no prefix match of its own; an expression for it has to match the whole value.
    text = f"{re.escape(value)}.*" if header.value.kind is MatchKind.PREFIX else value
    return {"type": _HEADER[header.value.kind], "name": header.name, "value": text}


def _method(method: TextMatch) -> str:
    if method.kind is not MatchKind.EXACT:
        raise SpecRejected(f"an HTTPRoute matches methods exactly, not by {method.kind.value}", _FIELD)
    return method.value


def listed(route: Json, owner: Owner) -> tuple[ManagedRoute, ...]:
    """The managed routes that the annotation of the HTTPRoute `route` lists for this Rollout; none when somebody made
    it unreadable.
    """
    try:
        return tuple(_read(entry) for entry in _annotation(route).get(owner.name) or [])
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return ()


def annotation_with(route: Json, owner: Owner, routes: Sequence[ManagedRoute]) -> str | None:
    """The annotation's value once this Rollout's routes there are `routes`; None for no annotation."""
    others = {name: entries for name, entries in _annotation(route).items() if name != owner.name}
    value = others | ({owner.name: [_write(entry) for entry in routes]} if routes else {})
    return json.dumps(value, sort_keys=True, separators=(",", ":")) if value else None


def _annotation(route: Json) -> dict[str, list[Json]]:
    text = (route["metadata"].get("annotations") or {}).get(ANNOTATION)
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def is_rule_of(rule: Json, route: ManagedRoute, owner: Owner) -> bool:
    """Whether `rule` does what a rule of the managed `route` does."""
    names = {ref.get("name") for ref in rule.get("backendRefs") or []}
    is_header = route.mirror_percent is None
    does = names == {owner.canary_service} if is_header else _mirrors_to(rule, owner.canary_service)
    matches = rule.get("matches") or []
    return does and bool(matches) and all(any(_is_narrowed(m, by) for by in route.matches) for m in matches)


def _mirrors_to(rule: Json, service: str) -> bool:
    mirrors = [entry.get("requestMirror") or {} for entry in rule.get("filters") or []]
    return any((mirror.get("backendRef") or {}).get("name") == service for mirror in mirrors)


def _is_narrowed(match: Json, by: RequestMatch) -> bool:
    wanted = _narrowed({}, by)
    headers = [_essence(header) for header in match.get("headers") or []]
    has_headers = all(_essence(header) in headers for header in wanted.get("headers") or [])
    return has_headers and all(match.get(part) == wanted[part] for part in ("method", "path") if part in wanted)


def _essence(header: Json) -> tuple[str, str, str]:
    return header.get("type") or "Exact", str(header.get("name", "")).lower(), str(header.get("value", ""))


def _write(route: ManagedRoute) -> Json:
    body: Json = {"name": route.name, "match": [_write_match(match) for match in route.matches]}
    return body if route.mirror_percent is None else body | {"mirror": route.mirror_percent}


def _write_match(match: RequestMatch) -> Json:
    body: Json = {"headers": [[header.name, header.value.kind.value, header.value.value] for header in match.headers]}
    for part, value in (("method", match.method), ("path", match.path)):
        if value is not None:
            body[part] = [value.kind.value, value.value]
    return body


def _read(body: Json) -> ManagedRoute:
    return ManagedRoute(
        str(body.get("name", "")), tuple(_read_match(match) for match in body.get("match") or []), body.get("mirror")
    )


def _read_match(body: Json) -> RequestMatch:
    headers = tuple(HeaderMatch(name, TextMatch(MatchKind(kind), value)) for name, kind, value in body["headers"])
    method, path = (TextMatch(MatchKind(b[0]), b[1]) if (b := body.get(part)) else None for part in ("method", "path"))
    return RequestMatch(headers, method, path)


def without_ours(rules: Sequence[Json], routes: Sequence[ManagedRoute], owner: Owner) -> list[Json]:
    """`rules` without those of the managed `routes`."""
    return [rule for rule in rules if not any(is_rule_of(rule, route, owner) for route in routes)]


def present(rules: Sequence[Json], routes: Sequence[ManagedRoute], owner: Owner) -> tuple[ManagedRoute, ...]:
    """Those of `routes` that have rules."""
    return tuple(route for route in routes if any(is_rule_of(rule, route, owner) for rule in rules))


def splits(rule: Json, owner: Owner) -> bool:
    """Whether `rule` leads to both Services."""
    names: set[Any] = {ref.get("name") for ref in rule.get("backendRefs") or []}
    return {owner.canary_service, owner.stable_service} <= names
