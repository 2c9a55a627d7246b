"""The rights of the chart beside what all tests on the plane made of them. Runs last (see conftest.py)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.cluster import Api, Plane, wait_for
from tests.plane.operator import Namespace, Operator
from tests.plane.rights import Right, granted, refused, used

pytestmark = pytest.mark.plane
ARGO, INGRESS, GATEWAY = "argoproj.io", "networking.k8s.io", "gateway.networking.k8s.io"

_LATE = "read live only when the watch does not show a write of ours in time, or its answer was lost"
UNUSED_HERE = {
    Right("get", "rollouts", ARGO): _LATE,
    Right("get", "analysisruns", ARGO): _LATE,
    Right("get", "replicasets", "apps"): _LATE,
    Right("get", "services"): _LATE,
    Right("get", "ingresses", INGRESS): _LATE,
    Right("get", "httproutes", GATEWAY): _LATE,
    Right(
        "update", "rollouts/finalizers", ARGO
    ): "never asked for, but checked by OwnerReferencesPermissionEnforcement",
    Right("watch", "httproutes", GATEWAY): "the plane has no Gateway API; the node has",
    Right("patch", "httproutes", GATEWAY): "the plane has no Gateway API; the node has",
}
"""Rights that a run of these tests need not use, and why they are granted all the same."""
UNWATCHED = {"events", "pods"}
"""What is written and never waited for: no watch shows it."""


def test_revisions_and_runs_beyond_their_limits_are_deleted(
    plane: Plane, operator: Operator, namespace: Callable[[Api], str]
) -> None:
    ns = Namespace(plane.api, namespace(plane.api))
    ns.rollout("app", "example.test/app:v1", {"steps": []})
    ns.patch("app", {"spec": {"revisionHistoryLimit": 0}})
    ns.until_phase("app", "Healthy")
    ns.release("app", "example.test/app:v2")
    wait_for(lambda: ns.replica_sets() == {"64bf89d46": 4}, "the first revision to be deleted")

    metric = {"name": "up", "provider": {"prometheus": {"address": "http://127.0.0.1:9", "query": "up"}}}
    spec = {"metrics": [metric | {"consecutiveErrorLimit": 0}], "ttlStrategy": {"secondsAfterCompletion": 0}}
    ns.create({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "run"}, "spec": spec})
    run = f"/apis/argoproj.io/v1alpha1/namespaces/{ns.name}/analysisruns/run"
    wait_for(lambda: plane.api.find(run) is None, "the run whose time is over to be deleted")


def test_no_right_was_missing(plane: Plane, operator: Operator) -> None:
    assert {str(right) for right in refused(operator.installation.requests(plane))} == set()


def test_no_right_was_idle(plane: Plane, operator: Operator, whole_run: None) -> None:
    installed = operator.installation
    rights = granted(installed.documents, installed.account)
    idle = rights - used(installed.requests(plane)) - UNUSED_HERE.keys()
    assert {str(right) for right in idle} == set()
    assert UNUSED_HERE.keys() <= rights, "these are not granted any more"


def test_what_is_written_can_be_read_live(operator: Operator) -> None:
    """For when the watch lags behind our own write (`OwnWrites`), which a run may never see."""
    installed = operator.installation
    rights = granted(installed.documents, installed.account)
    written = {right for right in rights if right.verb in {"create", "patch"} and "/" not in right.resource}
    unread = {right._replace(verb="get") for right in written if right.resource not in UNWATCHED} - rights
    assert {str(right) for right in unread} == set()
