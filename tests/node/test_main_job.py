"""The main job on a real cluster: under traffic a good release arrives, a bad one is caught, and no request is lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.cluster import Node
from tests.conftest import NamespaceFactory
from tests.demo.outcome import SHARE_LIMIT
from tests.demo.overlay import Overlay
from tests.demo.releases import FIRST, RELEASES, versions
from tests.demo.stage import HOST, Stage
from tests.demo.story import Frame, run_all
from tests.demo.traffic import Load

pytestmark = [pytest.mark.node, pytest.mark.slow]
CHOSEN = tuple(release for release in RELEASES if release.name in {"good-weighted", "slow-weighted"})


class Quiet:
    """Promotes at once and keeps what happened, for the message of a failure."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._started = time.monotonic()

    def begin(self, release: object) -> None:
        self.note(str(release))

    def show(self, frame: Frame) -> None:
        pass

    def note(self, text: str) -> None:
        self.notes.append(f"{time.monotonic() - self._started:.1f} s {text}")

    def may_promote(self) -> bool:
        return True


def test_a_good_release_arrives_a_bad_one_is_caught_and_nothing_is_lost(
    node: Node, namespace: NamespaceFactory, tmp_path: Path
) -> None:
    viewer = Quiet()
    stage = Stage(node, namespace(node.api), Overlay.load(), viewer.note)
    stage.install_operator()
    stage.push_versions(versions(CHOSEN))
    stage.deploy(FIRST, weighted=True)
    with Load(node, HOST, 300, tmp_path / "load.log") as load:
        good, bad = run_all(stage, load, viewer, CHOSEN, FIRST)

    told = "\n".join(viewer.notes)
    assert good.outcome == "promoted", told
    assert set(good.shares) == {10, 30, 50}, told
    # Half the requests of the demo, so twice its tolerance: five standard deviations.
    assert all(abs(share.measured - share.weight) <= 2 * SHARE_LIMIT for share in good.shares.values()), told
    assert bad.outcome == "aborted", told
    assert 'Metric "latency-p99" assessed Failed' in bad.reason, told
    assert bad.seconds_back is not None, told
    assert bad.seconds_back <= 10, told
    assert (good.lost, bad.lost) == ([], []), told
