"""Labels and annotations that pods carry as long as their revision has a role (`canaryMetadata` and the like).

They stand in the ReplicaSet's template and on its live pods alone: the revision's hash, and what its template means,
are those of the Rollout's own template. Annotations of the ReplicaSet remember which keys are ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ferrata.model.keys import EPHEMERAL_METADATA, EPHEMERAL_METADATA_PENDING

Json = dict[str, Any]
Pairs = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PodMetadata:
    """Labels and annotations, as pairs of key and value."""

    labels: Pairs = frozenset()
    annotations: Pairs = frozenset()

    @staticmethod
    def read(body: Mapping[str, Any] | None) -> PodMetadata:
        """What `body`, with `labels` and `annotations`, asks for; nothing when there is none."""
        return PodMetadata(_pairs((body or {}).get("labels")), _pairs((body or {}).get("annotations")))

    @staticmethod
    def parse(text: str) -> PodMetadata:
        """What `text`, as by `text_form`, says; nothing when it is "" or no such text."""
        try:
            body = json.loads(text or "{}")
        except ValueError:
            return PodMetadata()
        return PodMetadata.read(body if isinstance(body, dict) else None)

    def to_json(self) -> Json:
        """`labels` and `annotations` as mappings, each only when there are any."""
        parts = {"labels": dict(sorted(self.labels)), "annotations": dict(sorted(self.annotations))}
        return {name: pairs for name, pairs in parts.items() if pairs}

    @property
    def text_form(self) -> str | None:
        """The JSON that stands in an annotation; None when there is nothing to say."""
        body = self.to_json()
        return json.dumps(body, separators=(",", ":")) if body else None

    def with_all_of(self, other: PodMetadata) -> PodMetadata:
        """The keys of both, with the values of `other` where both have one."""
        return PodMetadata(
            _pairs(dict(self.labels) | dict(other.labels)), _pairs(dict(self.annotations) | dict(other.annotations))
        )

    def instead_of(self, former: PodMetadata) -> Json:
        """A merge patch of an object's metadata that sets these keys and takes away the others of `former`."""
        parts = {
            "labels": dict.fromkeys(dict(former.labels)) | dict(self.labels),
            "annotations": dict.fromkeys(dict(former.annotations)) | dict(self.annotations),
        }
        return {name: pairs for name, pairs in parts.items() if pairs}


NO_METADATA = PodMetadata()


def carried(rs: Json) -> tuple[PodMetadata, PodMetadata | None]:
    """What the template of the ReplicaSet `rs` carries of ours, and, while its pods are not known to carry the same,
    every key that one of them may carry."""
    annotations = rs["metadata"].get("annotations") or {}
    recorded = PodMetadata.parse(annotations.get(EPHEMERAL_METADATA, ""))
    pending = annotations.get(EPHEMERAL_METADATA_PENDING)
    return (recorded, None) if pending is None else (PodMetadata.parse(pending), recorded)


def without_metadata(rs: Json) -> Json:
    """The template of the ReplicaSet `rs` without what it carries of ours; itself when that is nothing."""
    return stripped((rs.get("spec") or {}).get("template") or {}, carried(rs)[0])


def stripped(template: Json, ours: PodMetadata) -> Json:
    """`template` without the keys of `ours`; itself when those are none."""
    if ours == NO_METADATA:
        return template
    metadata = dict(template.get("metadata") or {})
    for name, pairs in ours.to_json().items():
        metadata[name] = {key: value for key, value in (metadata.get(name) or {}).items() if key not in pairs}
    return template | {"metadata": metadata}


def _pairs(found: Mapping[str, Any] | None) -> Pairs:
    return frozenset((str(key), str(value)) for key, value in (found or {}).items())
