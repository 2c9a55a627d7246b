"""What the releases happen on: the operator from its chart, FinanceHub's api-gateway, its route and its traffic."""

from __future__ import annotations

import copy
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.cluster import ApiError, ClusterError, Node, chart, manifests, paths, tools, wait_for
from tests.cluster.images import go_image
from tests.cluster.operator_image import operator_image

from .overlay import Overlay

Json = dict[str, Any]
Report = Callable[[str], None]
EXAMPLE = paths.REPOSITORY / "examples" / "financehub"
SERVICE = Path(__file__).with_name("service")
IMAGE = "example.test/api-gateway"
OPERATOR = "ferrata.test/operator"
HOST = "api.financehub.test"
ROLLOUT = "api-gateway"
PLUGIN = "kubectl-argo-rollouts"


BACKENDS_ARE_KNOWN = 2.0
"""Seconds after which the gateway has the endpoints of a backend that is new in a route."""


def _with_future_backends() -> Json:
    """The plain route with the backends of the weighted one beside its own, at weight 0."""
    (route,), (weighted,) = (manifests.load(EXAMPLE / file) for file in ("route.yaml", "weighted-route.yaml"))
    now, later = route["spec"]["rules"][0], weighted["spec"]["rules"][0]
    now["backendRefs"] = [ref | {"weight": 100} for ref in now["backendRefs"]]
    now["backendRefs"] += [ref | {"weight": 0} for ref in later["backendRefs"]]
    return dict(route)


class Stage:
    """One namespace of a running node, with the operator serving the cluster."""

    def __init__(self, node: Node, namespace: str, overlay: Overlay, report: Report) -> None:
        self.node, self.api, self.namespace = node, node.api, namespace
        self._overlay, self._report = overlay, report
        self._custom = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}"
        self._rollout = f"{self._custom}/rollouts/{ROLLOUT}"

    # ---------- set-up

    def install_operator(self) -> None:
        """The operator of this checkout by its chart, and a name by which it finds Prometheus."""
        self._report("making the operator's image")
        self.node.push(operator_image(f"{OPERATOR}:checkout"))
        self._report("installing the operator from charts/ferrata")
        self._namespace(chart.NAMESPACE)
        values = {"replicas": 1, "image": {"repository": OPERATOR, "tag": "checkout"}}
        manifests.apply(self.api, chart.render(values))
        self.node.expose("prometheus", chart.NAMESPACE, port=9090)
        path = f"/apis/apps/v1/namespaces/{chart.NAMESPACE}/deployments/{chart.RELEASE}"
        wait_for(lambda: _has_ready_replica(self.api.get(path)), "the operator to be ready", 120, pause=0.2)

    def push_versions(self, versions: Mapping[str, Mapping[str, str]]) -> None:
        """Images of the service: version -> environment that says how it behaves."""
        self._report(f"building the service in {len(versions)} versions")
        for version, environment in versions.items():
            settings = {"VERSION": version, **environment}
            self.node.push(go_image(f"{IMAGE}:{version}", SERVICE, environment=settings, user="1000:1000"))

    def deploy(self, version: str, *, weighted: bool = False) -> None:
        """The example as it is in examples/financehub, its durations shortened; waits until it is Healthy."""
        self._namespace(self.namespace)
        self._apply("services.yaml")
        self._apply("analysis-templates.yaml")
        (rollout,) = manifests.load(EXAMPLE / "rollout.yaml")
        rollout = self._fitted(self._overlay.apply(rollout))
        rollout["spec"]["template"]["spec"]["containers"][0]["image"] = f"{IMAGE}:{version}"
        if weighted:
            rollout = merged(rollout, *manifests.load(EXAMPLE / "weighted-rollout.patch.yaml"))
        self._apply("weighted-route.yaml" if weighted else "route.yaml")
        manifests.apply(self.api, [rollout], self.namespace)
        for change, count in sorted(self._overlay.changes.items()):
            self._report(f"shortened for the demo: {change} ({count} times)")
        self._report(f"starting {rollout['spec']['replicas']} pods of {IMAGE}:{version}")
        self.wait_healthy(120)

    def _fitted(self, rollout: Json) -> Json:
        """With weights both revisions run in full: where the node has no room for that, its pods ask for less CPU."""
        (node,) = self.api.items("/api/v1/nodes")
        room = millicores(node["status"]["allocatable"]["cpu"]) * 0.8  # the rest is for the operator and who else runs
        pods = 2 * rollout["spec"]["replicas"] + 3
        requests = rollout["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]
        fitting = int(room / pods) // 10 * 10
        if fitting < millicores(requests["cpu"]):
            asked, requests["cpu"] = requests["cpu"], f"{fitting}m"
            self._report(f"changed to fit {pods} pods on this machine: CPU request {asked} -> {fitting}m")
        return rollout

    def _apply(self, file: str) -> None:
        documents = [self._overlay.apply(document) for document in manifests.load(EXAMPLE / file)]
        manifests.apply(self.api, documents, self.namespace)

    def _namespace(self, name: str) -> None:
        manifests.apply(self.api, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}])
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        wait_for(lambda: self.api.find(account), f"the ServiceAccount of namespace {name}")

    # ---------- what a user does

    def release(self, version: str) -> None:
        """Change the image, as `kubectl argo rollouts set image` or a Git commit does."""
        container = {"name": ROLLOUT, "image": f"{IMAGE}:{version}"}
        patch = {"op": "replace", "path": "/spec/template/spec/containers/0", "value": None}
        found = self.api.get(self._rollout)["spec"]["template"]["spec"]["containers"][0]
        self.api.patch(self._rollout, [patch | {"value": found | container}], "json")

    def add_weights(self) -> None:
        """The route split between the two Services, then the router in the Rollout.

        Both Services come into the route at weight 0 first: a gateway answers 503 for the instant in which it knows a
        backend and not yet its pods.
        """
        manifests.apply(self.api, [_with_future_backends()], self.namespace)
        time.sleep(BACKENDS_ARE_KNOWN)
        self._apply("weighted-route.yaml")
        (patch,) = manifests.load(EXAMPLE / "weighted-rollout.patch.yaml")
        self.api.patch(self._rollout, patch)
        wait_for(lambda: "weights" in self.rollout()["status"].get("canary", {}), "the Rollout to be routed", 30)

    def promote(self) -> str:
        """Promote a paused Rollout, by the stock plugin where it is built. Returns what did it."""
        if tools.missing([PLUGIN]):
            self.api.patch(f"{self._rollout}/status", {"status": {"pauseConditions": None}})
            return "the patch that the stock plugin sends"
        words = ["promote", ROLLOUT, "--namespace", self.namespace, "--kubeconfig", str(self.node.kubeconfig)]
        result = subprocess.run([str(tools.locate(PLUGIN)), *words], capture_output=True, text=True, check=False)
        if result.returncode:
            raise ClusterError(f"{PLUGIN} {' '.join(words)}: {result.stderr.strip()}")
        return "`kubectl argo rollouts promote`"

    def start_canary_analysis(self, pod_hash: str, name: str) -> None:
        """An AnalysisRun beside the release: the same questions about the canary's pods alone. It decides nothing."""
        (template,) = manifests.load(EXAMPLE / "analysis-canary.yaml")
        spec = self._overlay.apply(template)["spec"]
        spec["args"] = [{"name": "canary-hash", "value": pod_hash}]
        run = {"apiVersion": template["apiVersion"], "kind": "AnalysisRun", "metadata": {"name": name}, "spec": spec}
        self.api.create(f"{self._custom}/analysisruns", run)

    def end_analysis(self, name: str) -> None:
        self.api.patch(f"{self._custom}/analysisruns/{name}", {"spec": {"terminate": True}})

    # ---------- what a user sees

    def rollout(self) -> Json:
        return self.api.get(self._rollout)

    def analysis_run(self, name: str) -> Json | None:
        return self.api.find(f"{self._custom}/analysisruns/{name}")

    def route_weight(self) -> int | None:
        """The canary's weight in the route; None where the route does not split."""
        path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{self.namespace}/httproutes/{ROLLOUT}"
        (rule,) = self.api.get(path)["spec"]["rules"]
        weights = {ref["name"]: ref.get("weight", 1) for ref in rule["backendRefs"]}
        return weights.get(f"{ROLLOUT}-canary")

    def wait_healthy(self, seconds: float) -> Json:
        """The Rollout once it is Healthy. Raises ClusterError with its phase and message otherwise."""

        def healthy() -> Json | None:
            found = self.rollout()
            status = found.get("status", {})
            is_current = status.get("observedGeneration") == str(found["metadata"]["generation"])
            return found if is_current and status.get("phase") == "Healthy" else None

        try:
            return wait_for(healthy, f"{ROLLOUT} to be Healthy", seconds, pause=0.2)
        except ClusterError as problem:
            status = self.rollout().get("status", {})
            said = f"{status.get('phase', 'no phase')}: {status.get('message', '')}"
            raise ClusterError(f"{problem}; it is {said}\n{self.diagnosis()}") from None

    def diagnosis(self) -> str:
        """Pods that are not ready and the end of the operator's log, for an error's message."""
        lines = []
        for pod in self.api.items(f"/api/v1/namespaces/{self.namespace}/pods"):
            ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
            if not ready:
                states = [c.get("state") for c in pod["status"].get("containerStatuses", [])]
                lines.append(f"{pod['metadata']['name']} is {pod['status'].get('phase')}: {states}")
        return "\n".join([*lines, *self._operator_log()])

    def _operator_log(self) -> list[str]:
        lines: list[str] = []
        for pod in self.api.items(f"/api/v1/namespaces/{chart.NAMESPACE}/pods"):
            try:
                path = f"/api/v1/namespaces/{chart.NAMESPACE}/pods/{pod['metadata']['name']}/log?tailLines=20"
                lines += self.api.raw("GET", path).decode(errors="replace").splitlines()
            except ApiError as problem:
                lines.append(str(problem))
        return lines


def _has_ready_replica(deployment: Json) -> bool:
    return bool(deployment.get("status", {}).get("readyReplicas"))


def millicores(quantity: str) -> int:
    """`2` and `100m` in thousandths of a CPU."""
    return int(quantity.removesuffix("m")) if quantity.endswith("m") else round(float(quantity) * 1000)


def merged(document: Json, patch: Json) -> Json:
    """A document with a merge patch applied, neither of them changed."""
    result = copy.deepcopy(document)
    for key, value in patch.items():
        is_nested = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if is_nested else copy.deepcopy(value)
    return result
