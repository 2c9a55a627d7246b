"""Applying manifests of any kind, custom ones included: the path of each comes from the API server's own discovery."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import yaml

from .api import Api, Json, wait_for

# What client-go asks for: one document about all groups. It lags behind the single groups' own.
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


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
    """Server-side apply objects in order, and wait until what they define is served, so many seconds at most a kind."""
    documents = list(documents)
    for document in documents:
        what = f"the API server to serve {document['kind']} of {document['apiVersion']}"
        path = wait_for(partial(path_of, api, document, namespace), what, seconds)
        api.apply(path, document)
    for definition in documents:
        if definition["kind"] == "CustomResourceDefinition":
            what = f"{definition['metadata']['name']} to be served"
            wait_for(partial(served, api, definition), what, seconds)


def served(api: Api, definition: Json) -> bool:
    """Whether discovery lists every served version of a CustomResourceDefinition."""
    wanted = definition["spec"]
    versions = {version["name"] for version in wanted["versions"] if version["served"]}
    discovered = json.loads(api.raw("GET", "/apis", accept=AGGREGATED))
    listed = {
        version["version"]
        for group in discovered["items"]
        if group["metadata"]["name"] == wanted["group"]
        for version in group["versions"]
        if any(entry["resource"] == wanted["names"]["plural"] for entry in version["resources"])
    }
    return versions <= listed
