"""The operator that the tests on a plane share: one process for all of them, on the session's own plane."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from tests.cluster import ClusterError, Plane
from tests.plane.operator import Namespace, Operator
from tests.support.timeline import timeline

HERE = Path(__file__).parent
LAST = HERE / "test_rights.py"
"""What judges the whole run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path == LAST)


@pytest.fixture(scope="session")
def operator(plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Under the rights of the chart's ServiceAccount, as everybody who runs it."""
    running = Operator(plane, tmp_path_factory.mktemp("operator") / "log").start().until_working()
    yield running
    assert running.stop() == 0, running.log.read_text()[-4000:]


@pytest.fixture
def whole_run(request: pytest.FixtureRequest) -> None:
    """Skips a test that judges the whole run where only a part of it was asked for."""
    taking_part = {item.path for item in request.session.items}
    if request.config.option.keyword or set(HERE.glob("test_*.py")) - taking_part:
        pytest.skip("judges a run of all tests on a plane")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A story that fails on its namespace `ns` shows what the operator decided there, and what it told."""
    report = yield
    ns, running = (getattr(item, "funcargs", {}).get(name) for name in ("ns", "operator"))
    if report.when == "call" and report.failed and isinstance(ns, Namespace) and isinstance(running, Operator):
        report.sections.append((f"timeline of {ns.name}", _timeline(ns, running)))
    return report


def _timeline(ns: Namespace, running: Operator) -> str:
    try:
        events = list(ns.api.items(f"/api/v1/namespaces/{ns.name}/events"))
    except (OSError, ClusterError) as error:
        return f"{timeline(running.log, ns.name, [])}\nits events cannot be read: {error}"
    return timeline(running.log, ns.name, events)
