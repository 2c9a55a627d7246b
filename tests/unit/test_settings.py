"""Settings: the peer's flags are understood, and what makes no sense is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferrata.errors import SettingsRejected
from ferrata.settings import Settings, own_namespace, parse, seconds_of


def parsed(*arguments: str) -> Settings:
    return parse(arguments, "1")


def problems(*arguments: str) -> list[str]:
    with pytest.raises(SettingsRejected) as caught:
        parsed(*arguments)
    return caught.value.problems


def test_the_defaults_are_the_peer_s_where_it_has_them() -> None:
    settings = parsed()
    assert (settings.metrics_port, settings.healthz_port, settings.rollout_threads) == (8090, 8080, 10)
    times = (settings.leader_election_lease_duration, settings.leader_election_renew_deadline)
    assert (*times, settings.leader_election_retry_period) == (15, 10, 2)
    assert settings.leader_elect
    assert settings.watched_namespace is None
    assert settings.lease_name == "argo-rollouts-controller-lock"


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--metricsPort", "1"], "metrics_port", 1),
        (["--metricsport=2"], "metrics_port", 2),
        (["--healthzPort=3"], "healthz_port", 3),
        (["--namespaced"], "namespaced", True),
        (["--leader-elect=false"], "leader_elect", False),
        (["--leader-election-lease-duration", "1m30s"], "leader_election_lease_duration", 90),
        (["--loglevel=debug"], "loglevel", "debug"),
        (["--instance-id=x"], "lease_name", "argo-rollouts-controller-lock-x"),
        (["--namespace=team"], "watched_namespace", "team"),
    ],
)
def test_flags_are_spelled_as_the_peer_spells_them(arguments: list[str], name: str, value: object) -> None:
    assert getattr(parsed(*arguments), name) == value


def test_one_namespace_without_a_name_is_the_operator_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POD_NAMESPACE", "here")
    assert parsed("--namespaced").watched_namespace == "here"


def test_a_flag_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRATA_QPS", "50")
    monkeypatch.setenv("FERRATA_BURST", "60")
    settings = parsed("--qps=70")
    assert (settings.qps, settings.burst) == (70, 60)


def test_flags_that_say_nothing_here_are_named_and_accepted() -> None:
    settings = parsed("--istio-api-version=v1", "--self-service-notification-enabled", "--service-threads", "5")
    assert settings.ignored_flags == (
        "--istio-api-version",
        "--self-service-notification-enabled",
        "--service-threads",
    )


def test_every_problem_gets_a_sentence_of_its_own() -> None:
    found = problems("--qps=fast", "--burst=0", "--logformat=xml", "--metrics-port=70000", "--colour=red")
    assert len(found) == 5
    for flag, said in (
        ("--colour", "no such flag"),
        ("--qps", "'fast'"),
        ("--burst", "greater"),
        ("--logformat", "json"),
    ):
        assert any(flag in problem and said in problem for problem in found), (flag, found)
    assert any("FERRATA_METRICS_PORT" in problem for problem in found)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--leader-election-lease-duration=10s"],
        ["--leader-election-retry-period=9s"],
        [
            "--leader-election-lease-duration=0.9",
            "--leader-election-renew-deadline=0.5",
            "--leader-election-retry-period=0.1",
        ],
    ],
)
def test_lease_times_that_could_make_two_leaders_are_refused(arguments: list[str]) -> None:
    (problem,) = problems(*arguments)
    assert "--leader-election-lease-duration" in problem


@pytest.mark.parametrize(
    ("text", "seconds"), [("1h2m3s", 3723), ("500ms", 0.5), ("1.5m", 90), ("7", "7"), ("x5s", "x5s")]
)
def test_durations_are_read_as_go_reads_them(text: str, seconds: object) -> None:
    assert seconds_of(text) == seconds


def test_the_own_namespace_is_asked_for_in_three_places(tmp_path: Path) -> None:
    mounted = tmp_path / "namespace"
    assert own_namespace({}, mounted) == "argo-rollouts"
    mounted.write_text("from-file\n")
    assert own_namespace({}, mounted) == "from-file"
    assert own_namespace({"POD_NAMESPACE": "from-env"}, mounted) == "from-env"


def test_help_names_every_flag_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parsed("--help")
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for name, field in Settings.model_fields.items():
        if not field.exclude:
            assert f"--{name.replace('_', '-')}" in text
            assert field.description
