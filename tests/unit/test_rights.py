"""Rights that rules grant beside those that requests need: what judges the chart's roles."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cluster.audit import Request
from tests.plane.rights import Right, granted, refused, used

Json = dict[str, Any]
LIST_SECRETS, GET_LEASES = Right("list", "secrets"), Right("get", "leases", "coordination.k8s.io")


def role(kind: str, name: str, *rules: Json, namespace: str = "") -> Json:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "rules": list(rules)}


def binding(kind: str, refers: str, name: str, account: str, namespace: str = "") -> Json:
    reference = {"kind": refers, "name": name}
    subjects = [{"kind": "ServiceAccount", "name": account}]
    return {
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": reference,
        "subjects": subjects,
    }


def rule(group: str, resources: list[str], verbs: list[str]) -> Json:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def request(right: Right, granted: bool = True, code: int = 200) -> Request:
    return Request(right.verb, right.resource, "n", "x", "me", "agent", code, right.group, granted)


def test_every_verb_on_every_resource_of_a_bound_role_counts_and_nothing_else() -> None:
    documents = [
        role("ClusterRole", "a", rule("apps", ["replicasets", "replicasets/scale"], ["get", "patch"])),
        binding("ClusterRoleBinding", "ClusterRole", "a", "me"),
        role("Role", "b", rule("", ["secrets"], ["list"]), namespace="n"),
        binding("RoleBinding", "Role", "b", "me", namespace="n"),
        role("ClusterRole", "of-people", rule("", ["pods"], ["delete"])),
        role("ClusterRole", "of-another", rule("", ["nodes"], ["delete"])),
        binding("ClusterRoleBinding", "ClusterRole", "of-another", "another"),
    ]
    scaled = {Right(verb, name, "apps") for verb in ("get", "patch") for name in ("replicasets", "replicasets/scale")}
    assert granted(documents, "me") == {*scaled, LIST_SECRETS}


def test_a_binding_that_refers_to_no_role_is_not_passed_over() -> None:
    documents = [
        role("Role", "b", rule("", ["secrets"], ["list"]), namespace="n"),
        binding("RoleBinding", "Role", "b", "me", namespace="elsewhere"),
    ]
    with pytest.raises(KeyError):
        granted(documents, "me")


def test_what_authorization_refused_is_missing_and_what_admission_refused_was_used() -> None:
    requests = [
        request(GET_LEASES),
        request(GET_LEASES, code=403),
        request(LIST_SECRETS, granted=False, code=403),
        request(Right("get", "")),
    ]
    assert used(requests) == {GET_LEASES}
    assert refused(requests) == {LIST_SECRETS}


def test_a_right_reads_as_kubectl_says_it() -> None:
    assert [str(GET_LEASES), str(LIST_SECRETS)] == ["get leases.coordination.k8s.io", "list secrets"]
