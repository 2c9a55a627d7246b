"""Fake nodes and what happens on them: kwok's stages as data, and the nodes' manifests.

A pod on a fake node is Ready at once, and gone at once when it is deleted. Annotations of the pod change that, also
later, while it runs:

    never-ready: "true"     it runs but is not Ready for as long as it has the annotation
    ready-after: "2.5"      it runs, and is Ready after so many seconds
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

_READY = '.status.conditions.[] | select( .type == "Ready" ) | .status'
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
_POD_STARTS = """
{{ $now := Now }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "READY", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "READY", lastTransitionTime: {{ $now | Quote }}}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: IS_READY
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName (or .spec.hostNetwork false) (or .metadata.uid "") (or .metadata.name "") \
(or .metadata.namespace "") | Quote }}
phase: Running
startTime: {{ or .status.startTime $now | Quote }}
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


def _pod_status(ready: bool) -> Json:
    text = _POD_STARTS.replace("IS_READY", "true" if ready else "false")
    return {"statusTemplate": text.replace("READY", "True" if ready else "False")}


def stages() -> list[Json]:
    """How fake nodes and their pods behave, as kwok's Stage objects."""
    beat = {"durationMilliseconds": 20000, "jitterDurationMilliseconds": 25000}
    status = {"statusTemplate": _NODE_STATUS}
    return [
        _stage("node-ready", "Node", [_match(_READY, "NotIn", "True")], status),
        _stage("node-heartbeat", "Node", [_match(_READY, "In", "True")], status, beat),
        *_pod_stages(),
        _stage("pod-delete", "Pod", [_match(".metadata.deletionTimestamp", "Exists")], {"delete": True}),
    ]


def _pod_stages() -> list[Json]:
    lives = _match(".metadata.deletionTimestamp", "DoesNotExist")
    pending, running = ([lives, _match(".status.phase", "In", phase)] for phase in ("Pending", "Running"))
    ready, unready = _match(_READY, "In", "True"), _match(_READY, "In", "False")
    never, may = (_annotation("never-ready", operator) for operator in ("Exists", "DoesNotExist"))
    later, at_once = (_annotation("ready-after", operator) for operator in ("Exists", "DoesNotExist"))
    seconds = {"durationFrom": {"expressionFrom": '.metadata.annotations["ready-after"] + "s"'}}
    starts_ready, starts_unready = _pod_status(True), _pod_status(False)
    return [
        _stage("pod-starts-ready", "Pod", [*pending, may, at_once], starts_ready),
        _stage("pod-starts-never-ready", "Pod", [*pending, never], starts_unready),
        _stage("pod-starts-slowly", "Pod", [*pending, may, later], starts_unready),
        _stage("pod-gets-ready", "Pod", [*running, unready, may, at_once], starts_ready),
        _stage("pod-gets-ready-later", "Pod", [*running, unready, may, later], starts_ready, seconds),
        _stage("pod-gets-unready", "Pod", [*running, ready, never], starts_unready),
        _stage(
            "pod-of-job-ends", "Pod", [*running, ready, _match(_OWNER, "In", "Job")], {"statusTemplate": _POD_ENDED}
        ),
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
