"""The plane itself: what tests may rely on. Real API server, real controllers, fake nodes; nothing left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cluster import (
    Api,
    ApiError,
    Plane,
    Running,
    audited_requests,
    kubeconfig_for_service_account,
    paths,
    processes,
    state,
    wait_for,
)

pytestmark = pytest.mark.plane
Namespace = Callable[[Api], str]
OWNER = """
import sys, time
from tests.cluster import Plane
plane = Plane("orphan", nodes=1)
print("up", flush=True)
time.sleep(600)
"""


def pod(name: str, **annotations: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "annotations": {key.replace("_", "-"): value for key, value in annotations.items()}},
        "spec": {"containers": [{"name": "main", "image": "example.com/app:1"}]},
    }


def condition(api: Api, path: str, kind: str) -> str:
    conditions = api.get(path).get("status", {}).get("conditions", [])
    return next((str(one["status"]) for one in conditions if one["type"] == kind), "")


def deployment(replicas: int) -> dict[str, Any]:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": pod("unnamed")["spec"]}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": "web"}, "spec": spec}


def everything_of(cluster: Running) -> list[processes.Identity]:
    record = cluster.folder.record
    assert record is not None
    assert record.supervisor is not None
    return [record.supervisor, *(cluster.component(name) for name in cluster.report["components"])]


def test_a_deployment_of_five_becomes_ready_and_the_audit_log_counts_its_create_once(
    plane: Plane, namespace: Namespace
) -> None:
    name = namespace(plane.api)
    path = f"/apis/apps/v1/namespaces/{name}/deployments"
    plane.api.create(path, deployment(5))

    wait_for(lambda: plane.api.get(f"{path}/web")["status"].get("readyReplicas") == 5, "5 ready replicas")

    pods = list(plane.api.items(f"/api/v1/namespaces/{name}/pods"))
    assert len({one["status"]["podIP"] for one in pods}) == 5
    seen = [one for one in audited_requests(plane.audit_log) if one.namespace == name and one.verb == "create"]
    created = [one for one in seen if one.resource == "deployments"]
    assert [(one.user, one.code) for one in created] == [("admin", 201)]
    assert sum(1 for one in seen if one.resource == "pods") == 5


def test_a_service_gets_the_addresses_of_ready_pods_only(plane: Plane, namespace: Namespace) -> None:
    name = namespace(plane.api)
    for body in (pod("good"), pod("bad", never_ready="true")):
        body["metadata"]["labels"] = {"app": "web"}
        plane.api.create(f"/api/v1/namespaces/{name}/pods", body)
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    plane.api.create(f"/api/v1/namespaces/{name}/services", {"metadata": {"name": "web"}, "spec": spec})

    def endpoints() -> dict[str, bool]:
        slices = plane.api.items(f"/apis/discovery.k8s.io/v1/namespaces/{name}/endpointslices")
        found = [one for part in slices for one in part["endpoints"] or []]
        return {one["targetRef"]["name"]: one["conditions"]["ready"] for one in found}

    wait_for(lambda: endpoints() == {"good": True, "bad": False}, "one ready endpoint and one that is not")


def test_a_pod_is_ready_for_as_long_as_nothing_calls_it_never_ready(plane: Plane, namespace: Namespace) -> None:
    name = namespace(plane.api)
    plane.api.create(f"/api/v1/namespaces/{name}/pods", pod("web", never_ready="true"))
    path = f"/api/v1/namespaces/{name}/pods/web"
    wait_for(lambda: plane.api.get(path)["status"]["phase"] == "Running", "the pod to run")
    assert condition(plane.api, path, "Ready") == "False"

    plane.api.patch(path, {"metadata": {"annotations": {"never-ready": None}}})
    wait_for(lambda: condition(plane.api, path, "Ready") == "True", "the pod to be Ready")

    plane.api.patch(path, {"metadata": {"annotations": {"never-ready": "true"}}})
    wait_for(lambda: condition(plane.api, path, "Ready") == "False", "the pod to be unready again")


def test_a_pod_is_ready_after_the_seconds_it_asks_for(plane: Plane, namespace: Namespace) -> None:
    name = namespace(plane.api)
    plane.api.create(f"/api/v1/namespaces/{name}/pods", pod("web", ready_after="1.5"))
    path = f"/api/v1/namespaces/{name}/pods/web"
    wait_for(lambda: plane.api.get(path)["status"]["phase"] == "Running", "the pod to run")
    assert condition(plane.api, path, "Ready") == "False"

    wait_for(lambda: condition(plane.api, path, "Ready") == "True", "the pod to be Ready", seconds=5)


@pytest.mark.parametrize(("code", "outcome"), [("0", "Complete"), ("3", "Failed")])
def test_a_job_ends_as_its_pod_says(plane: Plane, namespace: Namespace, code: str, outcome: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace(plane.api)}/jobs"
    template = pod("unnamed", exit_code=code)
    template["spec"]["restartPolicy"] = "Never"
    spec = {"backoffLimit": 0, "template": template}
    plane.api.create(path, {"metadata": {"name": "check"}, "spec": spec})

    wait_for(lambda: condition(plane.api, f"{path}/check", outcome) == "True", f"the job to be {outcome}")


def test_a_service_account_has_the_rights_it_was_given_and_no_others(plane: Plane, namespace: Namespace) -> None:
    name = namespace(plane.api)
    rule = {"apiGroups": [""], "resources": ["services"], "verbs": ["list"]}
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}"
    plane.api.create(f"{rbac}/roles", {"metadata": {"name": "reader"}, "rules": [rule]})
    binding = {
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": name}],
    }
    plane.api.create(f"{rbac}/rolebindings", binding)

    config = json.loads(kubeconfig_for_service_account(plane, name, "default").read_text())
    account = Api(plane.server, config["users"][0]["user"]["token"], plane.ca)

    wait_for(lambda: _allowed(account, f"/api/v1/namespaces/{name}/services"), "the role to be in force")
    with pytest.raises(ApiError, match="403"):
        account.get(f"/api/v1/namespaces/{name}/secrets")


def _allowed(api: Api, path: str) -> bool:
    try:
        return bool(api.get(path)["items"] == [])
    except ApiError as problem:
        if problem.status != 403:
            raise
        return False


def test_a_paused_api_server_answers_nobody_until_it_is_resumed() -> None:
    with Plane(nodes=0) as own:
        assert own.api.ready()
        own.pause_apiserver()
        assert not own.api.ready()
        own.resume_apiserver()
        wait_for(own.api.ready, "the API server to answer again", seconds=10)


def test_two_planes_at_once_know_nothing_of_each_other(plane: Plane, namespace: Namespace) -> None:
    name = namespace(plane.api)
    with Plane(nodes=1) as other:
        assert other.server != plane.server
        assert other.api.find(f"/api/v1/namespaces/{name}") is None
        assert plane.api.find(f"/api/v1/namespaces/{name}") is not None
        mine = everything_of(other)
        assert all(one.alive() for one in mine)
    assert not any(one.alive() for one in mine)
    assert not other.folder.path.exists()
    assert plane.api.ready()


def test_killing_the_owner_leaves_no_process_and_the_next_start_removes_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERRATA_STATE", str(tmp_path))
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(command, cwd=paths.REPOSITORY, stdout=subprocess.PIPE, text=True) as owner:
        try:
            assert owner.stdout is not None
            assert owner.stdout.readline() == "up\n"
            folder = state.find("orphan")
            assert folder is not None
            theirs = everything_of(Running(folder))
            assert len(theirs) == 6
            assert all(one.alive() for one in theirs)
        finally:
            owner.kill()
    assert all(one.wait_gone(5) for one in theirs)
    assert state.sweep() == ["orphan"]
    assert list(tmp_path.iterdir()) == []


def test_killing_the_supervisor_takes_all_programs_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRATA_STATE", str(tmp_path))
    with Plane("lost", nodes=0) as lost:
        supervisor, *programs = everything_of(lost)
        assert supervisor.signal(signal.SIGKILL)
        assert all(one.wait_gone(5) for one in programs)


def test_the_command_line_starts_shows_lists_and_stops_a_plane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRATA_STATE", str(tmp_path))

    def verb(*arguments: str) -> str:
        command = [sys.executable, "-m", "tests.cluster", *arguments]
        return subprocess.run(command, cwd=paths.REPOSITORY, capture_output=True, text=True, check=True).stdout

    assert "export KUBECONFIG=" in verb("up", "plane", "--name", "shown", "--fake-nodes", "1")
    try:
        shown = verb("show")
        assert "kube-apiserver v1." in shown
        assert str(tmp_path / "shown" / "kubeconfig") in shown
        assert "MiB  in all" in shown
        assert verb("list").split() == ["shown", "plane", "up"]
        theirs = everything_of(Running(state.Folder(tmp_path / "shown")))
    finally:
        verb("down", "shown")
    assert not any(one.alive() for one in theirs)
    assert verb("list") == ""
