"""Fixtures that every test may use: the clusters, one of each for a whole run, and namespaces on them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from tests.cluster import Api, Node, Plane, packages, wait_for
from tests.cluster import tools as cluster_tools

NamespaceFactory = Callable[[Api], str]
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def plane() -> Iterator[Plane]:
    """One control plane with fake nodes for the whole run."""
    cluster_tools.build(["plane"])
    with Plane() as running:
        yield running


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """One real node with gateway and Prometheus for the whole run; tests that need it are skipped without root."""
    if os.geteuid() != 0:
        pytest.skip("a real node needs root")
    packages.ensure(packages.NODE_PACKAGES)
    cluster_tools.build(["node"])
    with Node(gateway=True, prometheus=True) as running:
        yield running


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[NamespaceFactory]:
    """`namespace(cluster.api)` makes a namespace of this test's own; it is deleted at the end without waiting."""
    made: list[tuple[Api, str]] = []

    def make(api: Api) -> str:
        name = f"test-{next(_NUMBERS)}"
        api.create("/api/v1/namespaces", {"metadata": {"name": name, "annotations": {"test": request.node.nodeid}}})
        made.append((api, name))
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        wait_for(lambda: api.find(account), f"the ServiceAccount of namespace {name}")
        return name

    yield make
    for api, name in made:
        api.delete(f"/api/v1/namespaces/{name}")
