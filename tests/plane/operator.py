"""The operator as a process against a plane, and the objects that its tests use."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import Api, Plane, audited_requests, kubeconfig_for_service_account, manifests, wait_for
from tests.cluster.audit import Request
from tests.cluster.chart import of_kind, render

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
NAMESPACE = "argo-rollouts"  # where Argo Rollouts would be: the two share the Lease of that namespace
_NAMESPACES = "/api/v1/namespaces"


@dataclass(frozen=True, slots=True)
class Installation:
    """A release of the chart on a plane, without its pods: an `Operator` stands in for those."""

    namespace: str
    account: str
    arguments: tuple[str, ...]  # those of the container
    kubeconfig: Path  # with the rights of the ServiceAccount
    documents: tuple[Json, ...]  # all that was rendered

    @property
    def user(self) -> str:
        """The ServiceAccount's name as the API server knows it."""
        return f"system:serviceaccount:{self.namespace}:{self.account}"

    def requests(self, plane: Plane) -> list[Request]:
        """What it has asked of the API server."""
        return [request for request in audited_requests(plane.audit_log) if request.user == self.user]


def install(
    plane: Plane, values: Json | None = None, *, release: str = "ferrata", namespace: str = NAMESPACE
) -> Installation:
    """Applies the rendered chart, its definitions included and its Deployment left out, as often as one likes."""
    documents = render(values, release=release, namespace=namespace)
    if plane.api.find(f"{_NAMESPACES}/{namespace}") is None:
        plane.api.create(_NAMESPACES, {"metadata": {"name": namespace}})
    manifests.apply(plane.api, [document for document in documents if document["kind"] != "Deployment"])
    (deployment,) = of_kind(documents, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    account = pod["serviceAccountName"]
    return Installation(
        namespace,
        account,
        tuple(pod["containers"][0]["args"]),
        kubeconfig_for_service_account(plane, namespace, account),
        tuple(documents),
    )


class Operator:
    """One operator process with the arguments and the rights that the chart gives it, never an administrator's.

    `kill` is SIGKILL; `stop` asks it to end and gives its exit status. `flags` come after the chart's arguments.
    """

    def __init__(self, plane: Plane, log: Path, *flags: str, installation: Installation | None = None) -> None:
        self.installation = installation or install(plane)
        self.log, self._flags = log, flags
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Operator:
        installed = self.installation
        command = [sys.executable, "-m", "ferrata", *installed.arguments, "--kubeconfig", str(installed.kubeconfig)]
        command += ["--metricsPort", "0", "--healthzPort", "0", *self._flags]
        environment = {"PYTHONPATH": str(ROOT / "operator"), "POD_NAMESPACE": installed.namespace}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | environment, cwd=ROOT
            )
        return self

    def until_working(self, seconds: float = 120) -> Operator:
        """Waits until it leads and has read everything; Python's imports take long on a busy machine."""
        wait_for(lambda: "everything read once" in self.log.read_text(), "the operator to read everything", seconds)
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(20)


class Namespace:
    """One namespace: Rollouts and what they need, made and watched."""

    def __init__(self, api: Api, name: str) -> None:
        self.api, self.name = api, name
        self._rollouts = f"/apis/argoproj.io/v1alpha1/namespaces/{name}/rollouts"

    def rollout(
        self,
        name: str,
        image: str,
        strategy: Json,
        replicas: int = 4,
        marks: dict[str, str] | None = None,
        *,
        kind: str = "canary",
    ) -> None:
        """Creates one; `marks` are its own labels, such as an instance id, and `kind` is that of the strategy."""
        labels = {"app": name}
        self.api.create(
            self._rollouts,
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Rollout",
                "metadata": {"name": name, "labels": marks or {}},
                "spec": {
                    "replicas": replicas,
                    "selector": {"matchLabels": labels},
                    "strategy": {kind: strategy},
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {"containers": [{"name": "app", "image": image}]},
                    },
                },
            },
        )

    def service(self, name: str, app: str) -> None:
        body = {"metadata": {"name": name}, "spec": {"selector": {"app": app}, "ports": [{"port": 80}]}}
        self.api.create(f"/api/v1/namespaces/{self.name}/services", body)

    def ingress(self, name: str, service: str) -> None:
        backend = {"service": {"name": service, "port": {"number": 80}}}
        rule = {"host": "app.test", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
        body = {"metadata": {"name": name}, "spec": {"ingressClassName": "nginx", "rules": [rule]}}
        self.api.create(f"/apis/networking.k8s.io/v1/namespaces/{self.name}/ingresses", body)

    def release(self, name: str, image: str) -> None:
        self.patch(name, {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}})

    def patch(self, name: str, body: Json) -> None:
        self.api.patch(f"{self._rollouts}/{name}", body)

    def patch_status(self, name: str, status: Json) -> None:
        """As the plugin and Argo CD promote, abort and retry."""
        self.api.patch(f"{self._rollouts}/{name}/status", {"status": status})

    def status(self, name: str) -> Json:
        return self.api.get(f"{self._rollouts}/{name}").get("status") or {}

    def until(self, name: str, question: Callable[[Json], bool], what: str, seconds: float = 40) -> Json:
        """The status once it is as asked; its last state is in the error otherwise."""
        deadline = time.monotonic() + seconds
        while not question(status := self.status(name)):
            assert time.monotonic() < deadline, f"{name} never became {what}: {status}"
            time.sleep(0.05)
        return status

    def until_phase(self, name: str, phase: str, message: str | None = None, seconds: float = 40) -> Json:
        def fits(status: Json) -> bool:
            return status.get("phase") == phase and message in {None, status.get("message", "")}

        return self.until(name, fits, f"{phase} {message or ''}", seconds)

    def replica_sets(self) -> dict[str, int]:
        """Wanted pods per pod template hash."""
        items = self.api.items(f"/apis/apps/v1/namespaces/{self.name}/replicasets")
        return {rs["metadata"]["labels"]["rollouts-pod-template-hash"]: rs["spec"]["replicas"] for rs in items}

    def weight(self, ingress: str) -> str:
        path = f"/apis/networking.k8s.io/v1/namespaces/{self.name}/ingresses/{ingress}"
        return str(self.api.get(path)["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"])

    def selects(self, service: str) -> str:
        body = self.api.get(f"/api/v1/namespaces/{self.name}/services/{service}")
        return str(body["spec"]["selector"].get("rollouts-pod-template-hash", ""))

    def create(self, body: Json) -> None:
        """Creates any object of the kinds that Rollouts use."""
        group, _, version = body["apiVersion"].rpartition("/")
        plural = {"Ingress": "ingresses"}.get(body["kind"], body["kind"].lower() + "s")
        prefix = f"/apis/{group}/{version}" if group else f"/api/{version}"
        self.api.create(f"{prefix}/namespaces/{self.name}/{plural}", body)

    def find(self, name: str) -> Json | None:
        """The Rollout, or None."""
        return self.api.find(f"{self._rollouts}/{name}")

    def events(self, name: str) -> list[str]:
        """Reasons of events on that Rollout, in the order in which they were made."""
        return [reason for reason, _ in self.told(name)]

    def until_told(self, name: str, reason: str) -> None:
        """Waits for an event of that reason: events are sent behind everything else."""
        wait_for(lambda: reason in self.events(name), f"an event {reason} on {name}")

    def told(self, name: str) -> list[tuple[str, str]]:
        """Reason and message of events on that Rollout, in the order in which they were made."""
        items = list(self.api.items(f"/api/v1/namespaces/{self.name}/events"))
        mine = [e for e in items if e["involvedObject"]["kind"] == "Rollout" and e["involvedObject"]["name"] == name]
        return [
            (e["reason"], e["message"])
            for e in sorted(mine, key=lambda e: int(e["metadata"]["name"].rsplit(".", 1)[1], 16))
        ]
