"""Rights: those that RBAC rules grant, and those that requests made use of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.cluster.audit import Request
from tests.cluster.chart import of_kind

Json = dict[str, Any]


class Right(NamedTuple):
    """One verb on one resource with its subresource, as in `patch rollouts/status.argoproj.io`."""

    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}"


def granted(documents: Iterable[Json], account: str) -> set[Right]:
    """What the roles among some objects grant to a ServiceAccount by the bindings among them."""
    documents = list(documents)
    roles = {_identity(role): role for kind in ("Role", "ClusterRole") for role in of_kind(documents, kind)}
    bindings = [*of_kind(documents, "RoleBinding"), *of_kind(documents, "ClusterRoleBinding")]
    return {
        Right(verb, resource, group)
        for binding in bindings
        if any(subject["kind"] == "ServiceAccount" and subject["name"] == account for subject in binding["subjects"])
        for rule in roles[_referred(binding)]["rules"]
        for verb in rule["verbs"]
        for resource in rule["resources"]
        for group in rule["apiGroups"]
    }


def _identity(role: Json) -> tuple[str, str, str]:
    return role["kind"], role["metadata"].get("namespace", ""), role["metadata"]["name"]


def _referred(binding: Json) -> tuple[str, str, str]:
    role = binding["roleRef"]
    namespace = binding["metadata"].get("namespace", "") if role["kind"] == "Role" else ""
    return role["kind"], namespace, role["name"]


def used(requests: Iterable[Request]) -> set[Right]:
    """What was asked for and granted, discovery and other paths without a resource apart."""
    return {right_of(request) for request in requests if request.granted and request.resource}


def refused(requests: Iterable[Request]) -> set[Right]:
    """What was asked for and not granted. Refusals by admission (a namespace that ends, a quota) are none of these."""
    return {right_of(request) for request in requests if not request.granted}


def right_of(request: Request) -> Right:
    """The right that a request needs."""
    return Right(request.verb, request.resource, request.group)
