"""The distribution's packages: what is missing, and what a user who cannot install them is told."""

from __future__ import annotations

import pytest
from tests.cluster import ClusterError, packages


def test_a_package_is_installed_only_when_dpkg_says_so() -> None:
    answer = "runc installed\nsocat config-files\n"
    assert packages.not_installed(["runc", "socat", "ipset"], answer) == ["socat", "ipset"]


def test_nothing_is_run_when_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "missing", lambda wanted: [])
    monkeypatch.setattr(packages, "_apt", lambda *arguments: pytest.fail(f"ran apt-get {arguments}"))
    packages.ensure(["runc"], report=pytest.fail)


def test_a_user_who_is_not_root_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "missing", lambda wanted: ["runc"])
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match=r"only root may install packages: install these by hand.*: runc$"):
        packages.ensure(["socat", "runc"])


def test_another_distribution_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    with pytest.raises(ClusterError, match=r"not Debian or Ubuntu: install these by hand.*: runc socat$"):
        packages.ensure(["runc", "socat"])


def test_success_without_the_package_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(packages, "missing", lambda wanted: ["runc"])
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(packages, "_apt", lambda verb, *rest: ran.append(verb))
    with pytest.raises(ClusterError, match="runc is not installed"):
        packages.ensure(["runc"], report=lambda line: None)
    assert ran == ["update", "install"]
