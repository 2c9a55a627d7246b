"""A status as JSON and back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ferrata.model.status import BlueGreenStatus, RolloutStatus, RunStatus
from ferrata.model.status_json import read_status

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_part_of_blue_green_comes_back_as_it_was() -> None:
    pre, post = RunStatus("app-1-2-pre", "Successful"), RunStatus("app-1-2-post", "Failed", "too many")
    status = RolloutStatus(blue_green=BlueGreenStatus("h1", "h2", True, pre, post))
    assert status.to_json()["blueGreen"] == {
        "activeSelector": "h1",
        "previewSelector": "h2",
        "scaleUpPreviewCheckPoint": True,
        "prePromotionAnalysisRunStatus": {"name": "app-1-2-pre", "status": "Successful"},
        "postPromotionAnalysisRunStatus": {"name": "app-1-2-post", "status": "Failed", "message": "too many"},
    }
    assert read_status(status.to_json(), NOW) == status


def test_what_is_empty_is_left_out() -> None:
    assert RolloutStatus().to_json() == {}


def test_what_users_broke_reads_as_absent() -> None:
    broken = {
        "blueGreen": {"activeSelector": 5, "scaleUpPreviewCheckPoint": "yes", "prePromotionAnalysisRunStatus": []}
    }
    assert read_status(broken, NOW).blue_green == BlueGreenStatus()


@pytest.mark.parametrize("kind", ["Step", "Background", "PrePromotion", "PostPromotion"])
def test_runs_are_kept_by_their_kind(kind: str) -> None:
    run = RunStatus("r", "Running")
    status = RolloutStatus().with_run(kind, run)
    named = [k for k in ("Step", "Background", "PrePromotion", "PostPromotion") if status.run(k) == run]
    assert named == [kind]
