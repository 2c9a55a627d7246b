"""Whether a Rollout can be carried out: its own fields first, then what it refers to."""

from __future__ import annotations

from typing import Any

from ferrata.api.analysis import AnalysisTemplate
from ferrata.api.parsing import named, require_types
from ferrata.api.spec_error import shortened
from ferrata.api.unknown import unknown_in_rollout
from ferrata.api.unsupported import unsupported
from ferrata.api.validation import validate_spec
from ferrata.api.validation_references import References, nested_names, referenced_names, validate_references
from ferrata.cluster.cache import Cache
from ferrata.cluster.kinds import ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, HTTP_ROUTES, INGRESSES, SERVICES, Kind
from ferrata.errors import SpecRejected
from ferrata.reconcile.analysis_checks import analysis_error

Json = dict[str, Any]
_LONGEST = 4000
"""Characters of what is wrong; conditions and events are no place for a megabyte."""


def check(cache: Cache, rollout: Json) -> None:
    """Raises SpecRejected with the first thing that is wrong, naming its field.

    Fields that nothing reads are named with it: one of them may be what was meant.
    """
    try:
        _check(cache, rollout)
    except SpecRejected as error:
        text = shortened(str(error), _LONGEST)
        others = [field for field in unknown_in_rollout(rollout) if field.path != error.field]
        hint = f"; unknown fields: {named(others)}" if others else ""
        raise SpecRejected(text + hint, error.field) from error


def _check(cache: Cache, rollout: Json) -> None:
    if (error := validate_spec(rollout)) is not None:
        raise SpecRejected(str(error), error.field)
    if (text := unsupported(rollout)) is not None:
        raise SpecRejected(text, text.rsplit(" ", 1)[-1])
    references = _references(cache, rollout)
    if (error := validate_references(rollout, references)) is not None:
        raise SpecRejected(str(error), error.field)
    status = rollout.get("status")
    if not (isinstance(status, dict) and status.get("abort") is True):
        _check_analysis(rollout, references)


def _check_analysis(rollout: Json, references: References) -> None:
    """Not asked of an aborted Rollout, which starts no analysis: its way back is never blocked by a template."""

    def look_up(name: str, *, cluster: bool) -> Json | None:
        return (references.cluster_templates if cluster else references.templates).get(name)

    if (error := analysis_error(rollout, look_up)) is not None:
        raise SpecRejected(str(error), error.field)


def _readable(template: Json) -> Json:
    """`template`, whose types are right. Raises SpecRejected naming it and the field."""
    who = f"{template.get('kind') or 'AnalysisTemplate'} '{template['metadata']['name']}'"
    require_types(AnalysisTemplate, template, f"{who}: ")
    return template


def _references(cache: Cache, rollout: Json) -> References:
    """Everything that the Rollout refers to, templates of templates included, as far as it exists."""
    namespace = rollout["metadata"]["namespace"]
    names = referenced_names(rollout)

    def found(kind: Kind, wanted: Any, where: str | None) -> dict[str, Json]:
        objects = {name: cache.store(kind).get(where, name) for name in wanted}
        return {name: obj for name, obj in objects.items() if obj is not None}

    templates, cluster_templates = dict[str, Json](), dict[str, Json]()
    waiting = [names]
    while waiting:
        batch = waiting.pop()
        fresh = found(ANALYSIS_TEMPLATES, set(batch.templates) - set(templates), namespace)
        fresh_cluster = found(CLUSTER_ANALYSIS_TEMPLATES, set(batch.cluster_templates) - set(cluster_templates), None)
        templates |= fresh
        cluster_templates |= fresh_cluster
        waiting += [nested_names(_readable(template)) for template in (*fresh.values(), *fresh_cluster.values())]
    return References(
        services=found(SERVICES, names.services, namespace),
        templates=templates,
        cluster_templates=cluster_templates,
        ingresses=found(INGRESSES, names.ingresses, namespace),
        http_routes=found(HTTP_ROUTES, names.http_routes, names.http_route_namespace or namespace),
    )
