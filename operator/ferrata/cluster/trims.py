"""What remains of an object in the cache. A smaller cache is a faster collector and a smaller pod.

A trim gets the new object and the one held before (or None), and returns a new dict; it never changes what it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Trim = Callable[[Json, Json | None], Json]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def without_noise(obj: Json, old: Json | None = None) -> Json:  # noqa: ARG001
    """The object without managedFields and kubectl's copy of it, a third of its size."""
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    annotations = metadata.get("annotations")
    if annotations and LAST_APPLIED in annotations:
        metadata["annotations"] = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    return obj | {"metadata": metadata}
