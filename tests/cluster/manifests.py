"""Applying manifests of any kind, custom ones included: the path of each comes from the API server's own discovery."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import yaml

from .api import Api, Json, wait_for


def load(path: Path) -> list[Json]:
    """The objects of a YAML file."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def path_of(api: Api, document: Json, namespace: str = "default") -> str | None:
    """The path of an object, None while the server does not serve its kind."""
    version, kind = document["apiVersion"], document["kind"]
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    found = api.find(base)
    for resource in found["resources"] if found else []:
        if resource["kind"] == kind and "/" not in resource["name"]:
            own = document["metadata"].get("namespace", namespace)
            scope = f"/namespaces/{own}" if resource["namespaced"] else ""
            return f"{base}{scope}/{resource['name']}/{document['metadata']['name']}"
    return None


def apply(api: Api, documents: Iterable[Json], namespace: str = "default", seconds: float = 10) -> None:
    """Server-side apply objects in order; kinds defined just before are waited for, so many seconds at most."""
    for document in documents:
        what = f"the API server to serve {document['kind']} of {document['apiVersion']}"
        path = wait_for(partial(path_of, api, document, namespace), what, seconds)
        api.apply(path, document)
