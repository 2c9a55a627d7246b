"""The chart, rendered by the real Helm: accepted by the API server in every variant, installed, upgraded, removed."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster import Api, ClusterError, Plane, manifests, paths, wait_for
from tests.cluster.chart import CHART, helm, of_kind, render
from tests.plane.operator import Namespace, Operator, install
from tests.plane.rights import Right, granted, refused

from ferrata.settings import Settings, parse

pytestmark = pytest.mark.plane
Json = dict[str, Any]
MONITORS = "servicemonitors.monitoring.coreos.com"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
V1, V2 = "example.test/app:v1", "example.test/app:v2"

VARIANTS: dict[str, Json] = {
    "default": {},
    "alone": {"replicas": 1},
    "without-lease": {"replicas": 1, "leaderElection": {"enabled": False}},
    "namespaced": {"namespaced": True},
    "instance": {"instanceId": "team-a", "fullnameOverride": "rollouts-of-team-a"},
    "secrets-of-one-name": {"rbac": {"secrets": {"names": ["prometheus-token"]}}},
    "no-secrets": {"rbac": {"secrets": {"read": False}}},
    "monitored": {
        "metrics": {"serviceMonitor": {"enabled": True, "scrapeTimeout": "5s", "labels": {"release": "prometheus"}}}
    },
    "unmonitored": {"metrics": {"service": {"enabled": False}}},
    "others-account": {"serviceAccount": {"create": False, "name": "deployer"}, "rbac": {"create": False}},
    "no-definitions": {"crds": {"install": False}, "aggregatedRoles": {"create": False}},
    "names-of-argo": {"aggregatedRoles": {"prefix": "argo-rollouts"}},
    "everything": {
        "replicas": 3,
        "image": {"repository": "registry.example.com:5000/a/b", "digest": f"sha256:{'0' * 64}"},
        "imagePullSecrets": [{"name": "registry"}],
        "instanceId": "x",
        "log": {"level": "debug", "format": "text"},
        "leaderElection": {"leaseDuration": "1m30s", "renewDeadline": "1m", "retryPeriod": "500ms"},
        "apiServer": {"qps": 12.5, "burst": 1_000_000},
        "extraArgs": ["--rollout-threads=20", "--istio-api-version=v1"],
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca", "readOnly": True}],
        "crds": {"annotations": {"argocd.argoproj.io/sync-options": "ServerSideApply=true"}, "keep": False},
        "serviceAccount": {"annotations": {"example.com/role": "reader"}},
        "healthPort": 9080,
        "metrics": {"port": 9090, "service": {"annotations": {"prometheus.io/scrape": "true"}}},
        "podDisruptionBudget": {"maxUnavailable": "50%"},
        "priorityClassName": "system-cluster-critical",
        "podAnnotations": {"prometheus.io/scrape": "true"},
        "podLabels": {"team": "delivery", "app.kubernetes.io/name": "cannot be changed"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "infra", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "infra", "operator": "Exists"}]}]}}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
        ],
    },
}  # fmt: skip


def service_monitors() -> Json:
    """The definition of ServiceMonitors as far as the chart uses them; whatever else is written is refused."""
    text, texts = {"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}
    endpoint = {"type": "object", "properties": {"port": text, "interval": text, "scrapeTimeout": text}}
    spec = {
        "type": "object",
        "required": ["endpoints", "selector"],
        "properties": {
            "selector": {"type": "object", "properties": {"matchLabels": texts}},
            "endpoints": {"type": "array", "items": endpoint},
        },
    }
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": MONITORS},
        "spec": {
            "group": "monitoring.coreos.com",
            "names": {"kind": "ServiceMonitor", "plural": "servicemonitors"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


@pytest.fixture(scope="module")
def accept(plane: Plane) -> Iterator[Callable[[Json], None]]:
    """Asks the API server whether it would take an object, by a dry run of a server-side apply."""
    manifests.apply(plane.api, [service_monitors()])

    def ask(document: Json) -> None:
        path = manifests.path_of(plane.api, document)
        assert path is not None, f"{document['kind']} of {document['apiVersion']} is not served"
        query = "fieldManager=tests&force=true&dryRun=All&fieldValidation=Strict"
        plane.api.request("PATCH", f"{path}?{query}", document, "application/apply-patch+yaml")

    yield ask
    plane.api.delete(f"{DEFINITIONS}/{MONITORS}")


@pytest.fixture
def restricted(plane: Plane, namespace: Callable[[Api], str]) -> str:
    """A namespace that takes no pod but restricted ones."""
    name = namespace(plane.api)
    enforce = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    plane.api.patch(f"/api/v1/namespaces/{name}", enforce)
    return name


def pod_of(documents: list[Json]) -> Json:
    (deployment,) = of_kind(documents, "Deployment")
    template: Json = deployment["spec"]["template"]
    return template


def settings_of(documents: list[Json]) -> Settings:
    """What the operator makes of the arguments that the chart gives it."""
    return parse(pod_of(documents)["spec"]["containers"][0]["args"], "test")


def test_the_definitions_are_accepted_and_kept(accept: Callable[[Json], None]) -> None:
    """Once for all variants: the API server takes a while to check as much."""
    definitions = of_kind(render(), "CustomResourceDefinition")
    assert len(definitions) == 5
    for definition in definitions:
        accept(definition)
        assert definition["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_accepted(name: str, plane: Plane, accept: Callable[[Json], None], restricted: str) -> None:
    """Its pods too, in a namespace that takes none but restricted ones."""
    documents = render(VARIANTS[name], namespace=restricted)
    for document in documents:
        if document["kind"] != "CustomResourceDefinition":
            accept(document)
    template = pod_of(documents)
    spec = template["spec"] | {"serviceAccountName": "default"}  # the chart's is not there in a dry run
    pod = {"metadata": template["metadata"] | {"name": "one"}, "spec": spec}
    plane.api.create(f"/api/v1/namespaces/{restricted}/pods?dryRun=All", pod)
    assert settings_of(documents).watched_namespace == (restricted if name == "namespaced" else None)


def test_values_arrive_where_they_belong() -> None:
    documents = render(VARIANTS["everything"], namespace="n")
    settings = settings_of(documents)
    assert (settings.qps, settings.burst, settings.rollout_threads) == (12.5, 1_000_000, 20)
    assert (settings.leader_election_lease_duration, settings.leader_election_retry_period) == (90, 0.5)
    assert (settings.loglevel, settings.logformat, settings.instance_id) == ("debug", "text", "x")
    assert (settings.healthz_port, settings.metrics_port) == (9080, 9090)
    assert settings.ignored_flags == ("--istio-api-version",)
    container = pod_of(documents)["spec"]["containers"][0]
    assert container["image"] == f"registry.example.com:5000/a/b@sha256:{'0' * 64}"
    ((lease, _),) = [role["rules"] for role in of_kind(documents, "Role")]
    assert lease["resourceNames"] == [settings.lease_name]
    (deployment,) = of_kind(documents, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert labels["team"] == "delivery"
    assert all(
        "helm.sh/resource-policy" not in crd["metadata"]["annotations"]
        for crd in of_kind(documents, "CustomResourceDefinition")
    )


def test_the_defaults_are_those_of_the_operator() -> None:
    assert settings_of(render()) == parse([], "test")


def test_without_the_lease_two_pods_are_never_there_together() -> None:
    documents = render(VARIANTS["without-lease"])
    (deployment,) = of_kind(documents, "Deployment")
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert not settings_of(documents).leader_elect
    assert not of_kind(documents, "Role")


def test_a_namespaced_release_holds_nothing_that_is_cluster_wide() -> None:
    values = {"namespaced": True, "watchNamespace": "shop", "crds": {"install": False}}
    documents = render(values, namespace="operators")
    assert all("namespace" in document["metadata"] for document in documents)
    assert not granted(documents, "ferrata") & {Right("list", "clusteranalysistemplates", "argoproj.io")}
    assert {role["metadata"]["namespace"] for role in of_kind(documents, "Role")} == {"shop", "operators"}


def test_secrets_are_read_where_it_was_allowed_and_never_listed() -> None:
    read = Right("get", "secrets")
    narrow = render({"rbac": {"secrets": {"namespaces": ["a", "b"], "names": ["token"]}}})
    rules = [
        (role["metadata"].get("namespace"), rule)
        for role in of_kind(narrow, "Role") + of_kind(narrow, "ClusterRole")
        for rule in role["rules"]
        if "secrets" in rule["resources"]
    ]
    wanted = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["token"], "verbs": ["get"]}
    assert rules == [("a", wanted), ("b", wanted)]
    assert read in granted(render(), "ferrata")
    assert read not in granted(render(VARIANTS["no-secrets"]), "ferrata")
    assert not {right for right in granted(render(), "ferrata") if right.resource == "secrets"} - {read}


def test_no_name_is_one_that_argo_rollouts_uses() -> None:
    names = {document["metadata"]["name"] for document in render(namespace="argo-rollouts")}
    assert not {name for name in names if name == "argo-rollouts" or name.startswith("argo-rollouts-aggregate")}
    renamed = of_kind(render(VARIANTS["names-of-argo"]), "ClusterRole")
    assert {f"argo-rollouts-aggregate-to-{role}" for role in ("admin", "edit", "view")} <= {
        role["metadata"]["name"] for role in renamed
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"replicas": "two"}, r"/?replicas.*(integer|string)"),
        ({"replicaCount": 2}, "replicaCount"),
        ({"rbac": {"secrets": {"watch": True}}}, "watch"),
        ({"log": {"level": "loud"}}, "level"),
        ({"extraArgs": ["rollout-threads=2"]}, "extraArgs"),
        ({"watchNamespace": "shop"}, "set namespaced=true"),
        ({"leaderElection": {"enabled": False}}, "replicas is 2 without leaderElection.enabled"),
        ({"healthPort": 8090}, "healthPort and metrics.port are both 8090"),
        ({"serviceAccount": {"create": False}}, "serviceAccount.name is needed"),
    ],
)
def test_values_that_make_no_sense_are_refused_with_the_reason(values: Json, words: str) -> None:
    with pytest.raises(ClusterError, match=words):
        render(values)


def test_helm_finds_nothing_to_complain_about() -> None:
    assert "0 chart(s) failed" in helm(["lint", "--strict", str(CHART)])


def test_people_get_the_rights_of_the_built_in_roles(plane: Plane, operator: Operator) -> None:
    def verbs(role: str) -> set[str]:
        rules = plane.api.get(f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{role}")["rules"]
        return {verb for rule in rules if "rollouts/status" in rule["resources"] for verb in rule["verbs"]}

    wait_for(lambda: verbs("view"), "the roles to be aggregated")
    assert verbs("view") == {"get", "list", "watch"}
    assert verbs("edit") == verbs("admin") == {
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
    }  # fmt: skip


def secret_analysis(ns: Namespace, labels: dict[str, str]) -> str:
    """An AnalysisRun whose argument is in a Secret. Returns its path."""
    body = {"metadata": {"name": "token"}, "stringData": {"value": "top-secret"}}
    ns.api.create(f"/api/v1/namespaces/{ns.name}/secrets", body)
    header = {"key": "X-Token", "value": "{{args.token}}"}
    prometheus = {"address": "http://127.0.0.1:9", "query": "up", "headers": [header]}
    spec = {
        "args": [{"name": "token", "valueFrom": {"secretKeyRef": {"name": "token", "key": "value"}}}],
        "metrics": [{"name": "up", "consecutiveErrorLimit": 0, "provider": {"prometheus": prometheus}}],
    }
    runs = f"/apis/argoproj.io/v1alpha1/namespaces/{ns.name}/analysisruns"
    run = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "run", "labels": labels}}
    ns.api.create(runs, run | {"spec": spec})
    return f"{runs}/run"


def ended(api: Api, path: str) -> Json:
    """The status of an AnalysisRun once it has ended."""

    def status() -> Json:
        found: Json = api.get(path).get("status") or {}
        return found if found.get("phase") in {"Successful", "Failed", "Error", "Inconclusive"} else {}

    return wait_for(status, f"{path} to end")


def test_a_secret_is_read_by_name(plane: Plane, operator: Operator, namespace: Callable[[Api], str]) -> None:
    status = ended(plane.api, secret_analysis(Namespace(plane.api, namespace(plane.api)), {}))
    assert "connection" in json.dumps(status).lower(), "it came as far as asking the address"
    assert "top-secret" not in json.dumps(status)


def test_one_namespace_is_served_with_roles_alone_and_without_secrets(
    plane: Plane, operator: Operator, namespace: Callable[[Api], str], tmp_path: Path
) -> None:
    """Beside the operator of all namespaces, kept apart by an instance id."""
    ns, home = Namespace(plane.api, namespace(plane.api)), namespace(plane.api)
    values = {
        "namespaced": True,
        "watchNamespace": ns.name,
        "instanceId": "apart",
        "crds": {"install": False},
        "rbac": {"secrets": {"read": False}},
    }
    installation = install(plane, values, namespace=home)
    own = Operator(plane, tmp_path / "log", installation=installation).start()
    try:
        own.until_working()
        labels = {"argo-rollouts.argoproj.io/controller-instance-id": "apart"}
        ns.rollout("app", V1, {"steps": [{"setWeight": 25}, {"pause": {}}]}, marks=labels)
        ns.until_phase("app", "Healthy")
        ns.release("app", V2)
        ns.until_phase("app", "Paused", "CanaryPauseStep")
        assert refused(installation.requests(plane)) == set()
        status = ended(plane.api, secret_analysis(ns, labels))
        assert status["phase"] == "Error"
        assert "forbidden" in status["message"]
        assert refused(installation.requests(plane)) == {Right("get", "secrets")}
    finally:
        assert own.stop() == 0


def test_a_right_that_is_missing_shows(plane: Plane, namespace: Callable[[Api], str], tmp_path: Path) -> None:
    """What test_rights.py relies on: the API server's own word, not the operator's."""
    installation = install(plane, {"instanceId": "poor", "crds": {"install": False}}, namespace=namespace(plane.api))
    (role,) = [
        role for role in of_kind(installation.documents, "ClusterRole") if "aggregate" not in role["metadata"]["name"]
    ]
    kept = [rule for rule in role["rules"] if rule["resources"] != ["replicasets"]]
    manifests.apply(plane.api, [role | {"rules": kept}])
    poor = Operator(plane, tmp_path / "log", installation=installation).start()
    try:
        wait_for(lambda: refused(installation.requests(plane)), "a request to be refused", 120)
        assert refused(installation.requests(plane)) == {Right("list", "replicasets", "apps")}
        wait_for(lambda: "replicasets" in poor.log.read_text(), "the operator to say what it lacks")
    finally:
        poor.stop()


def older_chart(folder: Path) -> Path:
    """A copy of the chart whose Rollouts have fewer printer columns, as an earlier version may have had."""
    chart = folder / "ferrata"
    shutil.copytree(CHART, chart)
    file = chart / "files" / "crds" / "rollouts.json"
    definition = json.loads(file.read_text())
    del definition["spec"]["versions"][0]["additionalPrinterColumns"][1:]
    file.write_text(json.dumps(definition))
    return chart


def test_a_release_is_installed_upgraded_and_removed_and_the_definitions_stay(
    plane_of_its_own: Plane, tmp_path: Path
) -> None:
    """By `helm install`, `upgrade` and `uninstall`. The pods are those of fake nodes: ready at once."""
    api, kubeconfig = plane_of_its_own.api, plane_of_its_own.kubeconfig
    where = ["--namespace", "delivery", "--wait", "--timeout", "60s"]
    said = helm(["install", "ferrata", str(older_chart(tmp_path)), *where, "--create-namespace"], kubeconfig=kubeconfig)
    assert "serves all namespaces" in said
    deployment, roles = "/apis/apps/v1/namespaces/delivery/deployments/ferrata", "/apis/rbac.authorization.k8s.io/v1"
    assert api.get(deployment)["status"]["readyReplicas"] == 2
    assert size_of_release(api, "delivery") < 100 * 1024
    assert columns(api) == ["Desired"]

    helm(["upgrade", "ferrata", str(CHART), *where, "--set", "log.level=debug"], kubeconfig=kubeconfig)
    assert len(columns(api)) == 5
    assert "--loglevel=debug" in api.get(deployment)["spec"]["template"]["spec"]["containers"][0]["args"]

    helm(["uninstall", "ferrata", *where], kubeconfig=kubeconfig)
    assert api.find(deployment) is None
    left = [role["metadata"]["name"] for role in api.items(f"{roles}/clusterroles")]
    assert not [name for name in left if "ferrata" in name]
    assert len(columns(api)) == 5


def test_definitions_of_somebody_else_are_taken_over_only_when_asked(plane_of_its_own: Plane) -> None:
    api, kubeconfig = plane_of_its_own.api, plane_of_its_own.kubeconfig
    manifests.apply(api, [yaml.safe_load(file.read_text()) for file in sorted((paths.REPOSITORY / "crds").iterdir())])
    install = ["install", "ferrata", str(CHART), "--namespace", "argo-rollouts", "--create-namespace"]
    with pytest.raises(ClusterError, match="invalid ownership metadata"):
        helm(install, kubeconfig=kubeconfig)
    helm([*install, "--take-ownership", "--force-conflicts"], kubeconfig=kubeconfig)
    labels = api.get(f"{DEFINITIONS}/rollouts.argoproj.io")["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] == "Helm"


def columns(api: Api) -> list[str]:
    """What `kubectl get rollouts` shows besides names."""
    (version,) = api.get(f"{DEFINITIONS}/rollouts.argoproj.io")["spec"]["versions"]
    return [column["name"] for column in version["additionalPrinterColumns"]]


def size_of_release(api: Api, namespace: str) -> int:
    """Bytes of the largest Secret in which Helm keeps a release; the API server takes 1 MiB."""
    secrets = [s for s in api.items(f"/api/v1/namespaces/{namespace}/secrets") if s["type"].startswith("helm.sh/")]
    return max(sum(len(base64.b64decode(part)) for part in secret["data"].values()) for secret in secrets)


@pytest.fixture
def plane_of_its_own() -> Iterator[Plane]:
    with Plane(nodes=1) as running:
        yield running
