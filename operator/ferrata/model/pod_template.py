"""A pod template as Kubernetes' Go types see it, so that two templates can be told apart, or not, as Kubernetes would.

canonical       what Go would print after reading it: known fields in declaration order, quantities canonical
go_json         the same, as bytes: what is hashed
with_defaults   with the defaults that the API server gives to the template of a ReplicaSet
digest          what all templates that mean the same have in common
equal           whether a live ReplicaSet already runs the desired template

Nothing here raises on nonsense in a template: one unreadable field must not hide all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from ferrata.model.keys import POD_TEMPLATE_HASH
from ferrata.model.pod_types import Json, decode, encode
from ferrata.model.quantities import parse, rounded_up_to_milli

_SPEC_DEFAULTS: Final[Json] = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
}
_CONTAINER_DEFAULTS: Final[Json] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE_DEFAULTS: Final[Json] = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_HTTP_DEFAULTS: Final[Json] = {"path": "/", "scheme": "HTTP"}
_VOLUME_DEFAULTS: Final[dict[str, Json]] = {
    "secret": {"defaultMode": 420},
    "configMap": {"defaultMode": 420},
    "downwardAPI": {"defaultMode": 420},
    "projected": {"defaultMode": 420},
    "hostPath": {"type": ""},
    "azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}
"""Source of all defaults: the generated defaults of Kubernetes' core/v1 PodTemplate."""


def canonical(template: Any) -> Json:
    """`template` as Go would print it after reading it: unknown and unreadable parts are gone. A fresh copy."""
    found: Json = decode("PodTemplateSpec", template)
    return found


def go_json(template: Any) -> bytes:
    """The JSON that Go's encoding/json prints for `template`; the bytes that a pod template hash is made of."""
    return encode(canonical(template))


def with_defaults(template: Any) -> Json:
    """`template`, canonical, with the defaults that the API server gives to a pod template (not to a pod)."""
    full = canonical(template)
    spec = full["spec"]
    _fill(spec, _SPEC_DEFAULTS)
    spec.setdefault("securityContext", {})
    for container in _containers(spec):
        _default_container(container)
    for volume in spec.get("volumes", ()):
        _default_volume(volume)
    _round_up(spec.get("overhead"))
    _default_resources(spec.get("resources"))
    return canonical(full)


def digest(template: Any) -> bytes:
    """Bytes that are the same for two templates exactly when Kubernetes would run the same pods for them.

    Defaults are applied; quantities count by value; the label with the template's own hash and the deprecated
    `serviceAccount` do not count; no list and an empty list are the same.
    """
    full = with_defaults(template)
    full["metadata"].get("labels", {}).pop(POD_TEMPLATE_HASH, None)
    full["spec"].pop("serviceAccount", None)
    return encode(decode("PodTemplateSpec", full, by_value=True))


def equal(live_template: Any, desired_template: Any) -> bool:
    """Whether a ReplicaSet with `live_template` runs what `desired_template` asks for."""
    return digest(live_template) == digest(desired_template)


def _containers(spec: Json) -> Iterator[Json]:
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        yield from spec.get(kind) or ()


def _fill(target: Json | None, defaults: Json) -> None:
    if target is not None:
        target.update({key: value for key, value in defaults.items() if key not in target})


def _default_container(container: Json) -> None:
    _fill(container, _CONTAINER_DEFAULTS)
    container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for variable in container.get("env", ()):
        source = variable.get("valueFrom", {})
        _fill(source.get("fieldRef"), {"apiVersion": "v1"})
        _fill(source.get("fileKeyRef"), {"optional": False})
    _default_resources(container["resources"])
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        _default_probe(container.get(probe))
    for hook in ("postStart", "preStop"):
        _fill(container.get("lifecycle", {}).get(hook, {}).get("httpGet"), _HTTP_DEFAULTS)


def _pull_policy(image: str) -> str:
    """Always for the tag `latest` or none at all; an image named by digest is not the latest one."""
    name, _, by_digest = image.partition("@")
    _, _, tag = name.rpartition("/")[2].partition(":")
    is_latest = tag == "latest" or (name and not tag and not by_digest)
    return "Always" if is_latest else "IfNotPresent"


def _default_probe(probe: Json | None) -> None:
    if probe is None:
        return
    _fill(probe, _PROBE_DEFAULTS)
    _fill(probe.get("httpGet"), _HTTP_DEFAULTS)
    _fill(probe.get("grpc"), {"service": ""})


def _default_volume(volume: Json) -> None:
    if set(volume) <= {"name"}:
        volume["emptyDir"] = {}
    for source, defaults in _VOLUME_DEFAULTS.items():
        _fill(volume.get(source), defaults)
    _default_items(volume.get("downwardAPI", {}).get("items", ()))
    for source in volume.get("projected", {}).get("sources") or ():
        _default_items(source.get("downwardAPI", {}).get("items", ()))
        _fill(source.get("serviceAccountToken"), {"expirationSeconds": 3600})
    if "image" in volume:
        volume["image"].setdefault("pullPolicy", _pull_policy(volume["image"].get("reference", "")))
    claim = volume.get("ephemeral", {}).get("volumeClaimTemplate", {}).get("spec")
    _fill(claim, {"volumeMode": "Filesystem"})
    _default_resources(claim and claim["resources"])


def _default_items(items: Iterable[Json]) -> None:
    for item in items:
        _fill(item.get("fieldRef"), {"apiVersion": "v1"})


def _default_resources(resources: Json | None) -> None:
    if resources is not None:
        _round_up(resources.get("limits"))
        _round_up(resources.get("requests"))


def _round_up(amounts: Json | None) -> None:
    if amounts is not None:
        amounts.update({name: rounded_up_to_milli(parse(text)).text for name, text in amounts.items()})
