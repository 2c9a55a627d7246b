"""What the demo counts and changes: requests, shares, verdicts, durations."""

from __future__ import annotations

import pytest
from tests.cluster import ClusterError, manifests
from tests.demo.outcome import Outcome, Share
from tests.demo.overlay import Overlay
from tests.demo.releases import RELEASES, Release
from tests.demo.stage import EXAMPLE, merged, millicores
from tests.demo.traffic import Answer, p99, share, success

GOOD = Release("good", "v2", "")
BAD = Release("bad", "v2", "", caught_by="success-rate")


def answer(at: float, status: int = 200, version: str = "v1", took: float = 0.01) -> Answer:
    return Answer(at, took, status, version, "")


def aborted(
    answers: list[Answer], reason: str = 'Metric "success-rate" assessed Failed', verdict: float = 4.0
) -> Outcome:
    outcome = Outcome(BAD, 0.0, "aborted", reason, verdict_at=verdict)
    outcome.count(answers)
    return outcome


def test_the_bad_canarys_own_failures_are_not_lost_and_time_runs_from_the_first_of_them() -> None:
    outcome = aborted([answer(1), answer(2, 503, "v2"), answer(3, 200, "v2"), answer(5, 503, "v2"), answer(6)])
    assert (outcome.requests, outcome.faulty, outcome.lost) == (5, 2, [])
    assert outcome.seconds_to_stable == pytest.approx(3)
    assert outcome.seconds_back == pytest.approx(1.01)
    assert outcome.problems() == []


@pytest.mark.parametrize(
    "lost", [Answer(2, 0.1, 0, "", "refused"), Answer(2, 0.1, 503, "", "no upstream"), answer(2, 500, "v1")]
)
def test_every_other_failure_is_lost(lost: Answer) -> None:
    outcome = aborted([answer(1, 503, "v2"), lost])
    assert outcome.lost == [lost]
    assert "1 of 2 requests were lost" in outcome.problems()[0]


def test_a_failure_of_a_good_canary_is_lost() -> None:
    outcome = Outcome(GOOD, 0.0, "promoted", "all steps passed")
    outcome.count([answer(1), answer(2, 503, "v2")])
    assert len(outcome.lost) == 1
    assert outcome.json()["secondsToStable"] is None


def test_a_slow_way_back_another_metric_and_another_end_are_named() -> None:
    (slow,) = aborted([answer(2, 503, "v2"), answer(20, 200, "v2")]).problems()
    assert "traffic was back 16.0 s after the verdict" in slow
    (other,) = aborted([answer(2, 503, "v2")], 'Metric "latency-p99" assessed Failed').problems()
    assert "success-rate was to catch it" in other
    ended = Outcome(GOOD, 0.0, "aborted", "ProgressDeadlineExceeded", verdict_at=1.0, last_canary=1.0)
    assert "it was to be promoted and was aborted" in ended.problems()[0]


def test_a_share_is_held_against_its_weight() -> None:
    release = Release("weighted", "v2", "", weighted=True)
    outcome = Outcome(release, 0.0, "promoted", "")
    outcome.shares = {10: Share(10, 500, 5000), 30: Share(30, 1700, 5000), 50: Share(50, 5, 10)}
    assert outcome.problems() == [
        "weighted: at weight 30 the canary got 34.0 % of 5000 requests",
        "weighted: 10 requests at weight 50 are too few to tell a share",
    ]


def test_a_line_of_the_load_generator_is_an_answer() -> None:
    found = Answer.parse("1700000000000000\t2500\t503\t\tno healthy upstream\n")
    assert found == Answer(1.7e9, 0.0025, 503, "", "no healthy upstream")
    assert found.failed


def test_figures_of_no_traffic_are_none() -> None:
    assert (share([], "v1"), success([]), p99([])) == ((0.0, 0), None, None)
    answers = [answer(1), answer(1, 500), answer(1, 200, "v2", took=2.0), answer(1)]
    assert (share(answers, "v2"), success(answers), p99(answers)) == ((25.0, 4), 75.0, 2.0)


def test_the_overlay_changes_durations_and_nothing_else() -> None:
    overlay = Overlay.load()
    for file in ("rollout.yaml", "analysis-templates.yaml", "analysis-canary.yaml", "services.yaml", "route.yaml"):
        for document in manifests.load(EXAMPLE / file):
            short = overlay.apply(document)
            text = repr(short).replace("'5s'", "'5m'").replace("'1s'", "'1m'").replace("[5s]", "[5m]")
            assert text == repr(document)
            assert (short != document) == (document["kind"] in {"Rollout", "AnalysisTemplate"})
    assert overlay.changes == {"pause 5m -> 5s": 2, "interval 1m -> 1s": 4, "rate window 5m -> 5s": 6}


def test_a_duration_that_the_overlay_does_not_list_is_an_error() -> None:
    (rollout,) = manifests.load(EXAMPLE / "rollout.yaml")
    with pytest.raises(ClusterError, match="does not list the pause 5m"):
        Overlay({"1m": "1s"}).apply(rollout)


def test_every_release_has_a_version_of_its_own() -> None:
    assert len({release.version for release in RELEASES}) == len(RELEASES)
    assert {release.caught_by for release in RELEASES} == {None, "success-rate", "latency-p99"}


def test_a_merge_patch_leaves_its_inputs_alone() -> None:
    document = {"spec": {"replicas": 1, "strategy": {"canary": {"steps": []}}}}
    patched = merged(document, {"spec": {"strategy": {"canary": {"trafficRouting": {}}}}})
    assert patched == {"spec": {"replicas": 1, "strategy": {"canary": {"steps": [], "trafficRouting": {}}}}}
    assert document["spec"]["strategy"] == {"canary": {"steps": []}}


def test_cpu_quantities_are_read_in_thousandths() -> None:
    assert (millicores("2"), millicores("100m"), millicores("1.5")) == (2000, 100, 1500)
