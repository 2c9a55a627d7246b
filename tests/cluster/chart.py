"""The chart of this checkout as the objects it makes, rendered by the pinned Helm.

    documents = render({"replicas": 1, "image": {"repository": "ferrata.test/operator", "tag": "checkout"}})
    manifests.apply(cluster.api, documents)

Every object names its namespace; the namespace itself is the caller's, as with `helm install`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from . import paths, tools
from .api import Json
from .errors import ClusterError

CHART = paths.REPOSITORY / "charts" / "ferrata"
RELEASE = NAMESPACE = "ferrata"


def render(
    values: Mapping[str, Any] | None = None, *, release: str = RELEASE, namespace: str = NAMESPACE
) -> list[Json]:
    """The objects of a release with such values, in the order in which Helm creates them.

    Raises ClusterError with Helm's own words where it refuses the values.
    """
    arguments = ["template", release, str(CHART), "--namespace", namespace, "--values", "-"]
    return parse(helm(arguments, json.dumps(values or {})))


def helm(arguments: Collection[str], text: str = "", kubeconfig: Path | None = None) -> str:
    """What Helm prints when it is given such arguments and `text` on its standard input.

    Raises ClusterError with what it said on its standard error where it fails.
    """
    command = [str(tools.binary("helm")), *arguments, *(["--kubeconfig", str(kubeconfig)] if kubeconfig else [])]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"`helm {' '.join(arguments)}`: {result.stderr.strip()}")
    return result.stdout


def parse(text: str) -> list[Json]:
    """The objects of a stream of YAML documents."""
    return [document for document in yaml.load_all(text, Loader=_LOADER) if document]


def of_kind(documents: Collection[Json], kind: str) -> list[Json]:
    """Those of one kind."""
    return [document for document in documents if document["kind"] == kind]


# The definitions are a quarter of a megabyte: seconds in plain Python, where libyaml is missing.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
