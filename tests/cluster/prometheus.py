"""A Prometheus on a node: it scrapes annotated pods every second, as a cluster's own would.

A pod takes part by annotation `prometheus.io/scrape: "true"`, with `prometheus.io/port` and, unless it is /metrics,
`prometheus.io/path`. Its series carry namespace, pod, app and rollouts_pod_template_hash.
"""

from __future__ import annotations

from typing import Any

from . import tools
from .control_plane import Component
from .namespaces import ADDRESS
from .state import Folder

PORT = 9090
_POD = "__meta_kubernetes_pod_"
# Label of the series -> where discovery has it.
LABELS = {
    "namespace": "__meta_kubernetes_namespace",
    "pod": f"{_POD}name",
    "app": f"{_POD}label_app",
    "rollouts_pod_template_hash": f"{_POD}label_rollouts_pod_template_hash",
}


def config(kubeconfig: str) -> dict[str, Any]:
    """Prometheus' configuration; JSON is YAML."""
    annotation = f"{_POD}annotation_prometheus_io_"
    relabel = [
        {"source_labels": [f"{annotation}scrape"], "action": "keep", "regex": "true"},
        {"source_labels": [f"{_POD}phase"], "action": "keep", "regex": "Running"},
        {
            "source_labels": [f"{_POD}ip", f"{annotation}port"],
            "separator": ":",
            "regex": "(.+:.+)",
            "target_label": "__address__",
        },
        {"source_labels": [f"{annotation}path"], "regex": "(.+)", "target_label": "__metrics_path__"},
        *({"source_labels": [source], "target_label": label} for label, source in LABELS.items()),
    ]
    pods = {
        "job_name": "pods",
        "kubernetes_sd_configs": [{"role": "pod", "kubeconfig_file": kubeconfig}],
        "relabel_configs": relabel,
    }
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [pods],
    }


def component(folder: Folder) -> Component:
    """Prometheus on the node's address; writes its configuration."""
    path = folder.write("prometheus.yml", config(str(folder.path / "prometheus.kubeconfig")))
    return Component(
        "prometheus",
        (
            str(tools.locate("prometheus")),
            f"--config.file={path}",
            f"--storage.tsdb.path={folder.path / 'prometheus'}",
            "--storage.tsdb.retention.time=6h",
            f"--web.listen-address={ADDRESS}:{PORT}",
            "--log.level=warn",
        ),
    )
