"""The operator as a process against a plane, and the objects that its tests use."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from tests.cluster import Api, ApiError, Plane, wait_for

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def install_crds(plane: Plane) -> None:
    """Applies crds/ and waits until the API server serves them."""
    for file in sorted((ROOT / "crds").glob("*.yaml")):
        crd = yaml.safe_load(file.read_text())
        plane.api.create(_CRDS, crd)
        names = crd["spec"]["names"]
        path = f"/apis/argoproj.io/v1alpha1/{names['plural']}"
        wait_for(lambda path=path: _is_served(plane.api, path), f"{names['kind']} to be served")


def _is_served(api: Api, path: str) -> bool:
    """Whether lists of a new kind are answered; 429 means that its storage is not ready yet."""
    try:
        return api.find(path) is not None
    except ApiError as error:
        if error.status != 429:
            raise
        return False


class Operator:
    """One operator process. `kill` is SIGKILL; `stop` asks it to end and gives its exit status."""

    def __init__(self, plane: Plane, log: Path, *flags: str) -> None:
        self._plane, self.log, self._flags = plane, log, flags
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Operator:
        command = [
            sys.executable,
            "-m",
            "ferrata",
            "--kubeconfig",
            str(self._plane.kubeconfig),
            "--metricsPort",
            "0",
            "--healthzPort",
            "0",
            *self._flags,
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(ROOT / "operator")},
                cwd=ROOT,
            )
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

    def rollout(self, name: str, image: str, strategy: Json, replicas: int = 4) -> None:
        labels = {"app": name}
        self.api.create(
            self._rollouts,
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Rollout",
                "metadata": {"name": name},
                "spec": {
                    "replicas": replicas,
                    "selector": {"matchLabels": labels},
                    "strategy": {"canary": strategy},
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
