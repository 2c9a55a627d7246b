"""What a node is told: control groups, containerd's two formats, Prometheus' labels, a Service without pods."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.cluster import cgroups, node_parts, prometheus
from tests.cluster.exposure import exposed
from tests.cluster.forward import Door
from tests.cluster.inside import Inside


def test_own_groups_are_read_by_controller() -> None:
    text = "12:cpu,cpuacct:/a\n5:memory:/a/b\n3:perf_event:/\n1:name=systemd:/c\n0::/d\n"
    assert cgroups.own_groups(text) == {
        "cpu": "/a",
        "cpuacct": "/a",
        "memory": "/a/b",
        "systemd": "/c",
        "unified": "/d",
    }


@pytest.mark.parametrize(
    ("second", "plugin"), [(False, "io.containerd.grpc.v1.cri"), (True, "io.containerd.cri.v1.runtime")]
)
def test_containerd_is_configured_in_the_format_of_its_release(
    second: bool, plugin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_parts, "cni_plugins", lambda: "/plugins")
    config = tomllib.loads(node_parts.containerd_config(Path("/certificates"), "/usr/sbin/runc", second=second))
    assert config["version"] == (3 if second else 2)
    assert config["plugins"][plugin]["restrict_oom_score_adj"] is True
    options = config["plugins"][plugin]["containerd"]["runtimes"]["runc"]["options"]
    assert options == {"BinaryName": "/usr/sbin/runc", "SystemdCgroup": False}
    folders = config["plugins"][plugin]["cni"]
    assert folders["bin_dirs" if second else "bin_dir"] == (["/plugins"] if second else "/plugins")


def test_prometheus_labels_series_with_the_revision() -> None:
    (job,) = prometheus.config("/kubeconfig")["scrape_configs"]
    labels = {rule["target_label"] for rule in job["relabel_configs"] if "target_label" in rule}
    assert {"namespace", "pod", "app", "rollouts_pod_template_hash"} <= labels


def test_a_service_without_pods_leads_to_the_address() -> None:
    service, endpoints = exposed("web", "shop", "192.168.77.2", 8080, 80)
    assert "selector" not in service["spec"]
    assert service["spec"]["ports"][0]["port"] == 80
    assert endpoints["metadata"]["labels"]["kubernetes.io/service-name"] == service["metadata"]["name"]
    assert endpoints["endpoints"][0]["addresses"] == ["192.168.77.2"]
    assert endpoints["ports"][0]["port"] == 8080


def test_what_the_inside_is_told_survives_the_file() -> None:
    told = Inside(("/sys/fs/cgroup/cpu/x",), (Door("api", 7, "127.0.0.1", 6443),), {80: 8080}, "/manifests.json")
    assert Inside.from_json(told.to_json()) == told
