"""Types of the fields that validation and planning read, checked before anything looks at their content.

shape_errors   yields an error for each field whose JSON type is wrong, so that no later check can trip over one

`null` counts as absent everywhere but in lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from ferrata.api.spec_error import SpecError, invalid

_INT32: Final = range(-(2**31), 2**31)


class _Scalar:
    """A JSON type without parts: its `words` for an error text, and a test."""

    def __init__(self, words: str, fits: Callable[[Any], bool]) -> None:
        self.words = words
        self.fits = fits


class _MapOf:
    """A JSON object with free keys, whose values are all of one shape."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _INT32


_INT: Final = _Scalar("a whole number of 32 bits", _is_int)
_STR: Final = _Scalar("text", lambda value: isinstance(value, str))
_BOOL: Final = _Scalar("true or false", lambda value: isinstance(value, bool))
_INT_OR_STR: Final = _Scalar("a whole number or text", lambda value: _is_int(value) or isinstance(value, str))
_MAP: Final = _MapOf(_STR)
_ANY: Final = _Scalar("anything", lambda _: True)
_SELECTOR: Final = {
    "matchLabels": _MAP,
    "matchExpressions": [{"key": _STR, "operator": _STR, "values": [_STR]}],
}
_TEMPLATE_REFS: Final = [{"templateName": _STR, "clusterScope": _BOOL}]
_ARG_SOURCE: Final = {
    "podTemplateHashValue": _STR,
    "fieldRef": {"fieldPath": _STR},
    "secretKeyRef": {"name": _STR, "key": _STR},
}
_ARGS: Final = [{"name": _STR, "value": _STR, "valueFrom": _ARG_SOURCE}]
_METADATA: Final = {"labels": _MAP, "annotations": _MAP}
_ANALYSIS: Final = {
    "templates": _TEMPLATE_REFS,
    "args": _ARGS,
    "dryRun": [{"metricName": _STR}],
    "measurementRetention": [{"metricName": _STR, "limit": _INT}],
    "analysisRunMetadata": _METADATA,
    "startingStep": _INT,
}
_STRING_MATCH: Final = {"exact": _STR, "prefix": _STR, "regex": _STR}
_EXPERIMENT: Final = {
    "templates": [{"name": _STR, "specRef": _STR, "replicas": _INT, "weight": _INT, "metadata": _METADATA}],
    "analyses": [{"name": _STR, "templateName": _STR, "clusterScope": _BOOL, "args": _ARGS}],
    "duration": _STR,
    "scaleDownDelaySeconds": _INT,
}
_STEP: Final = {
    "setWeight": _INT,
    "pause": {"duration": _INT_OR_STR},
    "experiment": _EXPERIMENT,
    "analysis": _ANALYSIS,
    "setCanaryScale": {"weight": _INT, "replicas": _INT, "matchTrafficWeight": _BOOL},
    "setHeaderRoute": {"name": _STR, "match": [{"headerName": _STR, "headerValue": _STRING_MATCH}]},
    "setMirrorRoute": {
        "name": _STR,
        "match": [{"method": _STRING_MATCH, "path": _STRING_MATCH, "headers": _MapOf(_STRING_MATCH)}],
        "percentage": _INT,
    },
    "plugin": {"name": _STR},
}
_GATEWAY: Final = {
    "namespace": _STR,
    "httpRoute": _STR,
    "httpRoutes": [{"name": _STR, "useHeaderRoutes": _BOOL}],
    "disableInProgressLabel": _BOOL,
    "inProgressLabelKey": _STR,
    "inProgressLabelValue": _STR,
}
_ROUTING: Final = {
    "nginx": {
        "annotationPrefix": _STR,
        "stableIngress": _STR,
        "stableIngresses": [_STR],
        "additionalIngressAnnotations": _MAP,
        "canaryIngressAnnotations": _MAP,
    },
    "alb": {"ingress": _STR, "ingresses": [_STR], "rootService": _STR, "servicePort": _INT},
    "istio": {"destinationRule": _MapOf(_ANY), "virtualService": _MapOf(_ANY), "virtualServices": [_MapOf(_ANY)]},
    **{name: _MapOf(_ANY) for name in ("smi", "ambassador", "appMesh", "traefik", "apisix")},
    "plugins": {"argoproj-labs/gatewayAPI": _GATEWAY},
    "gatewayAPI": _GATEWAY,
    "managedRoutes": [{"name": _STR}],
    "maxTrafficWeight": _INT,
}
_ANTI_AFFINITY: Final = {
    "preferredDuringSchedulingIgnoredDuringExecution": {"weight": _INT},
    "requiredDuringSchedulingIgnoredDuringExecution": _MapOf(_ANY),
}
_CANARY: Final = {
    "canaryService": _STR,
    "stableService": _STR,
    "steps": [_STEP],
    "trafficRouting": _ROUTING,
    "maxSurge": _INT_OR_STR,
    "maxUnavailable": _INT_OR_STR,
    "analysis": _ANALYSIS,
    "antiAffinity": _ANTI_AFFINITY,
    "canaryMetadata": _METADATA,
    "stableMetadata": _METADATA,
    "scaleDownDelaySeconds": _INT,
    "scaleDownDelayRevisionLimit": _INT,
    "abortScaleDownDelaySeconds": _INT,
    "dynamicStableScale": _BOOL,
    "pingPong": {"pingService": _STR, "pongService": _STR},
    "minPodsPerReplicaSet": _INT,
    "replicaProgressThreshold": {"type": _STR, "value": _INT},
}
_BLUE_GREEN: Final = {
    "activeService": _STR,
    "previewService": _STR,
    "previewReplicaCount": _INT,
    "autoPromotionEnabled": _BOOL,
    "autoPromotionSeconds": _INT,
    "maxUnavailable": _INT_OR_STR,
    "scaleDownDelaySeconds": _INT,
    "scaleDownDelayRevisionLimit": _INT,
    "abortScaleDownDelaySeconds": _INT,
    "prePromotionAnalysis": _ANALYSIS,
    "postPromotionAnalysis": _ANALYSIS,
    "antiAffinity": _ANTI_AFFINITY,
}
_CONTAINER: Final = {
    "name": _STR,
    "image": _STR,
    "ports": [{"name": _STR, "containerPort": _INT, "hostPort": _INT, "protocol": _STR}],
    "env": [{"name": _STR}],
    "resources": {"limits": _MapOf(_ANY), "requests": _MapOf(_ANY)},
    "volumeMounts": [{"name": _STR, "mountPath": _STR}],
    "imagePullPolicy": _STR,
}
_TEMPLATE: Final = {
    "metadata": _METADATA,
    "spec": {
        "containers": [_CONTAINER],
        "initContainers": [_CONTAINER],
        "volumes": [{"name": _STR}],
        "restartPolicy": _STR,
        "terminationGracePeriodSeconds": _INT,
    },
}
_ROLLOUT: Final = {
    "metadata": {"name": _STR, "namespace": _STR, "uid": _STR, "labels": _MAP, "annotations": _MAP},
    "spec": {
        "replicas": _INT,
        "selector": _SELECTOR,
        "template": _TEMPLATE,
        "workloadRef": {"apiVersion": _STR, "kind": _STR, "name": _STR, "scaleDown": _STR},
        "minReadySeconds": _INT,
        "revisionHistoryLimit": _INT,
        "paused": _BOOL,
        "progressDeadlineSeconds": _INT,
        "progressDeadlineAbort": _BOOL,
        "restartAt": _STR,
        "analysis": {"successfulRunHistoryLimit": _INT, "unsuccessfulRunHistoryLimit": _INT},
        "rollbackWindow": {"revisions": _INT},
        "strategy": {"canary": _CANARY, "blueGreen": _BLUE_GREEN},
    },
}


def shape_errors(rollout: Any) -> Iterator[SpecError]:
    """An error for each field of a Rollout whose type is wrong, in the order of the schema."""
    if not isinstance(rollout, dict):
        yield invalid("rollout", rollout, "must be an object")
        return
    yield from _errors(rollout, _ROLLOUT, "")


def _errors(value: Any, shape: Any, path: str) -> Iterator[SpecError]:
    if isinstance(shape, _Scalar):
        if not shape.fits(value):
            yield invalid(path, value, f"must be {shape.words}")
    elif isinstance(shape, list):
        yield from _list_errors(value, shape[0], path)
    elif not isinstance(value, dict):
        yield invalid(path, value, "must be an object")
    elif isinstance(shape, _MapOf):
        for key, item in value.items():
            yield from _errors(item, shape.inner, f"{path}[{key}]")
    else:
        for key, inner in shape.items():
            if value.get(key) is not None:
                yield from _errors(value[key], inner, f"{path}.{key}" if path else key)


def _list_errors(value: Any, inner: Any, path: str) -> Iterator[SpecError]:
    if not isinstance(value, list):
        yield invalid(path, value, "must be a list")
        return
    for index, item in enumerate(value):
        yield from _errors(item, inner, f"{path}[{index}]")
