"""The operator that the tests on a plane share: one process for all of them, on the session's own plane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.cluster import Plane
from tests.plane.operator import Operator, install_crds


@pytest.fixture(scope="session")
def operator(plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    install_crds(plane)
    plane.api.create("/api/v1/namespaces", {"metadata": {"name": "argo-rollouts"}})
    running = Operator(plane, tmp_path_factory.mktemp("operator") / "log").start()
    yield running
    assert running.stop() == 0, running.log.read_text()[-4000:]
