"""The objects that a plan creates, as manifests. Pure."""

from __future__ import annotations

import json
from typing import Any

from ferrata.model import keys
from ferrata.model.pod_template import canonical

Json = dict[str, Any]


def owner_reference(rollout: Json) -> Json:
    """The reference by which children go when the Rollout goes."""
    metadata = rollout["metadata"]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def replica_set(rollout: Json, pod_hash: str, number: int, replicas: int) -> Json:
    """The ReplicaSet of revision `number`: the Rollout's template and annotations, with the hash on all of it."""
    metadata, spec = rollout["metadata"], rollout["spec"]
    template = json.loads(json.dumps(canonical(spec.get("template") or {})))
    labels = (template["metadata"].get("labels") or {}) | {keys.POD_TEMPLATE_HASH: pod_hash}
    template["metadata"]["labels"] = labels
    selector = json.loads(json.dumps(spec.get("selector") or {}))
    selector["matchLabels"] = (selector.get("matchLabels") or {}) | {keys.POD_TEMPLATE_HASH: pod_hash}
    inherited = metadata.get("annotations") or {}
    annotations = {key: value for key, value in inherited.items() if key not in keys.NOT_COPIED_TO_REPLICA_SETS}
    annotations |= {keys.REVISION: str(number), keys.DESIRED_REPLICAS: str(spec.get("replicas", 1))}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{pod_hash}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [owner_reference(rollout)],
        },
        "spec": {
            "replicas": replicas,
            "minReadySeconds": spec.get("minReadySeconds") or 0,
            "selector": selector,
            "template": template,
        },
    }
