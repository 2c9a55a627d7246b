"""Fake nodes and what happens on them: kwok's stages as data, and the nodes' manifests.

A pod on a fake node is Ready at once, and gone at once when it is deleted. Annotations of the pod change that:

    never-ready: "true"     it stays Pending
    ready-after: "2.5"      it is Ready after so many seconds
    exit-code: "3"          a Job's pod fails with it (a Job's pod succeeds otherwise)
"""

from __future__ import annotations

import json
from typing import Any

from .control_plane import Component
from .state import Folder
from .tools import locate

Json = dict[str, Any]
STAGES = "kwok-stages.yaml"
POD_ADDRESSES = "10.64.0.0/12"
CAPACITY = {"cpu": "1000", "memory": "4Ti", "pods": "5000", "ephemeral-storage": "4Ti"}

_NODE_READY = '.status.conditions.[] | select( .type == "Ready" ) | .status'
_OWNER = ".metadata.ownerReferences.[].kind"
_NODE_STATUS = """
{{ $now := Now }}
conditions:
- type: Ready
  status: "True"
  reason: KubeletReady
  message: a fake node is always ready
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ .metadata.creationTimestamp | Quote }}
phase: Running
"""
_POD_RUNS = """
{{ $now := Now }}
conditions:
{{ range $type := (list "Initialized" "ContainersReady" "Ready") }}
- {type: {{ $type }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName (or .spec.hostNetwork false) (or .metadata.uid "") (or .metadata.name "") \
(or .metadata.namespace "") | Quote }}
phase: Running
startTime: {{ $now | Quote }}
"""
_POD_ENDED = """
{{ $now := Now }}
{{ $code := or (index (or .metadata.annotations dict) "exit-code") "0" }}
conditions:
- {type: Ready, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: false
  restartCount: 0
  state: {terminated: {exitCode: {{ $code }}, finishedAt: {{ $now | Quote }}}}
{{ end }}
phase: {{ if eq $code "0" }}Succeeded{{ else }}Failed{{ end }}
"""


def _match(key: str, operator: str, *values: str) -> Json:
    return {"key": key, "operator": operator} | ({"values": list(values)} if values else {})


def _annotation(name: str, operator: str) -> Json:
    return _match(f'.metadata.annotations["{name}"]', operator)


def _stage(name: str, kind: str, matches: list[Json], following: Json, delay: Json | None = None) -> Json:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": matches},
            "next": following,
        }
        | ({"delay": delay} if delay else {}),
    }


def stages() -> list[Json]:
    """How fake nodes and their pods behave, as kwok's Stage objects."""
    lives = _match(".metadata.deletionTimestamp", "DoesNotExist")
    pending = [lives, _match(".status.phase", "In", "Pending"), _annotation("never-ready", "DoesNotExist")]
    running_job = [lives, _match(".status.phase", "In", "Running"), _match(_OWNER, "In", "Job")]
    seconds = {"durationFrom": {"expressionFrom": '.metadata.annotations["ready-after"] + "s"'}}
    beat = {"durationMilliseconds": 20000, "jitterDurationMilliseconds": 25000}
    node_status, runs, ended = ({"statusTemplate": text} for text in (_NODE_STATUS, _POD_RUNS, _POD_ENDED))
    return [
        _stage("node-ready", "Node", [_match(_NODE_READY, "NotIn", "True")], node_status),
        _stage("node-heartbeat", "Node", [_match(_NODE_READY, "In", "True")], node_status, beat),
        _stage("pod-ready", "Pod", [*pending, _annotation("ready-after", "DoesNotExist")], runs),
        _stage("pod-ready-after", "Pod", [*pending, _annotation("ready-after", "Exists")], runs, seconds),
        _stage("pod-of-job", "Pod", running_job, ended),
        _stage("pod-delete", "Pod", [_match(".metadata.deletionTimestamp", "Exists")], {"delete": True}),
    ]


def component(folder: Folder) -> Component:
    """kwok, managing all nodes of the cluster; writes its stages into the cluster's folder."""
    path = folder.write(STAGES, "\n---\n".join(json.dumps(stage) for stage in stages()))
    return Component(
        "kwok",
        (
            str(locate("kwok")),
            f"--kubeconfig={folder.path / 'kwok.kubeconfig'}",
            "--manage-all-nodes",
            f"--cidr={POD_ADDRESSES}",
            f"--config={path}",
        ),
    )


def node(name: str) -> Json:
    """Manifest of a fake node with room for thousands of pods."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
            "labels": {"type": "kwok", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"},
        },
        "status": {"allocatable": CAPACITY, "capacity": CAPACITY},
    }
