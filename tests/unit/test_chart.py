"""What can be said about the chart and the Dockerfile without Helm and without a cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from tests.cluster import ClusterError, paths
from tests.cluster import chart as rendering
from tests.cluster.chart import CHART, of_kind, parse, render

from ferrata import __version__
from ferrata.api.crd import definitions

Json = dict[str, Any]
SCHEMA: Json = json.loads((CHART / "values.schema.json").read_text())
VALUES: Json = yaml.safe_load((CHART / "values.yaml").read_text())
FREE = {"podSecurityContext", "securityContext", "resources", "requests", "limits"}
"""Parts of Kubernetes' own types: only the API server knows what belongs there."""


def open_objects(schema: Json, path: str = "") -> Iterator[str]:
    """Objects of the schema with keys of their own that would let an unknown key pass."""
    for key, part in schema.get("properties", {}).items():
        if "properties" in part:
            if part.get("additionalProperties") is not False:
                yield f"{path}{key}"
            yield from open_objects(part, f"{path}{key}.")


def undescribed(values: Json, schema: Json, path: str = "") -> Iterator[str]:
    """Keys that stand in values.yaml and not in the schema, and the other way round."""
    for key in values.keys() ^ schema["properties"].keys() - {"global"}:
        yield f"{path}{key}"
    for key in values.keys() & schema["properties"].keys():
        if "properties" in schema["properties"][key] and key not in FREE:
            yield from undescribed(values[key], schema["properties"][key], f"{path}{key}.")


def changed(path: str, value: object) -> Json:
    """The default values with one of them changed."""
    values: Json = json.loads(json.dumps(VALUES))
    *parents, last = path.split(".")
    place = values
    for key in parents:
        place = place[key]
    place[last] = value
    return values


def test_the_default_values_fit_the_schema_which_knows_each_of_them() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(VALUES, SCHEMA)
    assert list(undescribed(VALUES, SCHEMA)) == []
    assert SCHEMA["additionalProperties"] is False
    assert list(open_objects(SCHEMA)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("replicas", "2"),
        ("replicas", -1),
        ("replicaCount", 2),
        ("image.repository", ""),
        ("image.digest", "sha256:beef"),
        ("image.pullPolicy", "Sometimes"),
        ("instanceId", "No Label"),
        ("watchNamespace", "Not_A_Namespace"),
        ("log.level", "loud"),
        ("leaderElection.leaseDuration", 15),
        ("leaderElection.leaseDuration", "a while"),
        ("apiServer.qps", 0),
        ("apiServer.burst", 1.5),
        ("extraArgs", ["rollout-threads=2"]),
        ("extraEnv", [{"value": "no name"}]),
        ("crds.install", "yes"),
        ("rbac.secrets.names", ["a", "a"]),
        ("rbac.secrets.list", True),
        ("metrics.port", 70000),
        ("metrics.serviceMonitor.interval", "often"),
        ("terminationGracePeriodSeconds", 5),
        ("podDisruptionBudget.maxUnavailable", 0),
        ("podAnnotations", {"prometheus.io/scrape": True}),
        ("tolerations", {"key": "x"}),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(path: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed(path, value), SCHEMA)


def test_chart_and_operator_have_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["appVersion"], chart["version"]) == (__version__, __version__)


def test_the_chart_carries_the_definitions_that_are_in_crds() -> None:
    carried = {file.stem: json.loads(file.read_text()) for file in (CHART / "files" / "crds").iterdir()}
    written = {file.stem: yaml.safe_load(file.read_text()) for file in (paths.REPOSITORY / "crds").iterdir()}
    assert carried == written == definitions()


def test_the_dockerfile_makes_the_image_that_the_tests_run() -> None:
    """The settings of tests/cluster/operator_image.py, where only the interpreter's place is another."""
    text = (paths.REPOSITORY / "Dockerfile").read_text()
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["65532:65532"]
    assert 'ENTRYPOINT ["/venv/bin/python", "-m", "ferrata"]' in text
    assert re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) == [
        "requirements.lock /",
        "operator/ferrata /app/ferrata",
    ]
    assert "--require-hashes --requirement /requirements.lock" in text
    for setting in ("PYTHONPATH=/app", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"):
        assert setting in text
    allowed = (paths.REPOSITORY / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in allowed if line.startswith("!")} == {"requirements.lock", "operator/ferrata"}


def test_documents_without_content_are_left_out() -> None:
    documents = parse("---\n# nothing\n---\nkind: Role\n---\nkind: Service\nport: 1\n")
    assert documents == [{"kind": "Role"}, {"kind": "Service", "port": 1}]
    assert of_kind(documents, "Service") == [{"kind": "Service", "port": 1}]


def test_values_reach_helm_and_its_refusal_reaches_the_caller(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "helm"
    program.write_text(
        '#!/bin/sh\necho "kind: $2"; echo "values: $(cat)"; test "$5" != refused || { echo no >&2; exit 1; }'
    )
    program.chmod(0o755)
    monkeypatch.setattr(rendering.tools, "binary", lambda _: program)
    assert render({"replicas": 1}, release="one", namespace="n") == [{"kind": "one", "values": {"replicas": 1}}]
    with pytest.raises(ClusterError, match=r"`helm template one .*: no$"):
        render(release="one", namespace="refused")
