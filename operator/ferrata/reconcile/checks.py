"""Whether a Rollout can be carried out: its own fields first, then what it refers to."""

from __future__ import annotations

from typing import Any

from ferrata.api.unsupported import unsupported
from ferrata.api.validation import validate_spec
from ferrata.api.validation_references import References, nested_names, referenced_names, validate_references
from ferrata.cluster.cache import Cache
from ferrata.cluster.kinds import ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, HTTP_ROUTES, INGRESSES, SERVICES, Kind
from ferrata.errors import SpecRejected

Json = dict[str, Any]


def check(cache: Cache, rollout: Json) -> None:
    """Raises SpecRejected with the first thing that is wrong, naming its field."""
    if (error := validate_spec(rollout)) is not None:
        raise SpecRejected(str(error), error.field)
    if (text := unsupported(rollout)) is not None:
        raise SpecRejected(text, text.rsplit(" ", 1)[-1])
    if (error := validate_references(rollout, _references(cache, rollout))) is not None:
        raise SpecRejected(str(error), error.field)


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
        waiting += [nested_names(template) for template in (*fresh.values(), *fresh_cluster.values())]
    return References(
        services=found(SERVICES, names.services, namespace),
        templates=templates,
        cluster_templates=cluster_templates,
        ingresses=found(INGRESSES, names.ingresses, namespace),
        http_routes=found(HTTP_ROUTES, names.http_routes, names.http_route_namespace or namespace),
    )
