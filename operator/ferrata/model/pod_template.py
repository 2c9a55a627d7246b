"""Pod templates as Go sees them: decoded into types, printed in declaration order, compared by meaning.

`pod_types.json` (made by tools/podtypes) lists the fields of every struct in the order of their declaration. A template
is hashed on what Go would print after decoding it: unknown fields vanish, quantities become canonical, and what cannot
be decoded is dropped.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from ferrata.model import quantities
from ferrata.model.keys import POD_TEMPLATE_HASH

Json = dict[str, Any]
Fields = tuple[tuple[str, str, bool], ...]
_MISSING = object()
_ZERO: dict[str, Any] = {"string": "", "int": 0, "bool": False, "quantity": "0", "intOrString": 0, "time": None}


@cache
def structs() -> dict[str, Fields]:
    """Per struct its fields as (JSON name, type, left out when empty), in declaration order."""
    text = files("ferrata.model").joinpath("pod_types.json").read_text(encoding="utf-8")
    return {name: tuple((f["n"], f["t"], f.get("o", False)) for f in found) for name, found in json.loads(text).items()}


def canonical(template: object, type_: str = "PodTemplateSpec") -> Json:
    """`template` as Go prints it after decoding: its fields in order. Never raises; nonsense is dropped."""
    decoded = _decode(template, type_)
    return decoded if isinstance(decoded, dict) else _empty(type_)


def go_json(value: object) -> bytes:
    """`value` as Go's encoding/json prints it: compact, with `<`, `>`, `&` and line separators escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(character, escaped)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


def _decode(value: object, type_: str) -> object:
    """`value` decoded as `type_`; `_MISSING` when it cannot be."""
    if value is None:
        return _MISSING
    if type_.startswith("*"):
        return _decode(value, type_[1:])
    if type_.startswith("[]"):
        return _decode_list(value, type_[2:])
    if type_.startswith("map:"):
        return _decode_map(value, type_[4:])
    if type_ in structs():
        return _decode_struct(value, type_) if isinstance(value, dict) else _MISSING
    return _decode_scalar(value, type_)


def _decode_list(value: object, item: str) -> object:
    if not isinstance(value, list):
        return _MISSING
    decoded = [_decode(entry, item) for entry in value]
    return _MISSING if any(entry is _MISSING for entry in decoded) else decoded


def _decode_map(value: object, item: str) -> object:
    if not isinstance(value, dict):
        return _MISSING
    decoded = {key: _decode(value[key], item) for key in sorted(value, key=lambda k: str(k).encode())}
    return _MISSING if any(entry is _MISSING for entry in decoded.values()) else decoded


def _decode_struct(value: Json, type_: str) -> Json:
    result: Json = {}
    for name, field_type, omit in structs()[type_]:
        decoded = _decode(value.get(name), field_type)
        if decoded is _MISSING:
            decoded = _absent(field_type)
        if not (omit and _is_zero(decoded, field_type)):
            result[name] = decoded
    return result


def _decode_scalar(value: object, type_: str) -> object:
    if type_ == "quantity":
        try:
            return quantities.canonical(value)
        except ValueError:
            return _MISSING
    allowed = {
        "string": str,
        "bytes": str,
        "time": str,
        "bool": bool,
        "int": int,
        "intOrString": (int, str),
        "any": object,
    }[type_]
    is_number = type_ in {"int", "intOrString"}
    if isinstance(value, float) and is_number and value.is_integer():
        return int(value)
    if not isinstance(value, allowed) or (is_number and isinstance(value, bool)):
        return _MISSING
    return value


def _absent(type_: str) -> object:
    """What Go prints for a field that was not given and is not left out."""
    return _empty(type_) if type_ in structs() else _ZERO.get(type_)


def _empty(type_: str) -> Json:
    return _decode_struct({}, type_)


def _is_zero(value: object, type_: str) -> bool:
    """Whether omitempty leaves `value` out: pointers only when nil, everything else when empty."""
    if type_.startswith("*"):
        return value is None
    return value is None or value in ("", 0, [], {}) or value is False


def with_defaults(template: Json) -> Json:
    """A copy with the defaults that the API server gives to a pod template."""
    result: Json = json.loads(json.dumps(template))
    spec = result.setdefault("spec", {})
    for key, value in (
        ("restartPolicy", "Always"),
        ("terminationGracePeriodSeconds", 30),
        ("dnsPolicy", "ClusterFirst"),
        ("securityContext", {}),
        ("schedulerName", "default-scheduler"),
    ):
        spec.setdefault(key, value)
    for key in ("containers", "initContainers", "ephemeralContainers"):
        for container in _objects(spec.get(key)):
            _default_container(container)
    for volume in _objects(spec.get("volumes")):
        _default_volume(volume)
    return result


def _default_container(container: Json) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", _pull_policy(str(container.get("image", ""))))
    for port in _objects(container.get("ports")):
        port.setdefault("protocol", "TCP")
    for variable in _objects(container.get("env")):
        source = variable.get("valueFrom")
        if isinstance(source, dict) and isinstance(source.get("fieldRef"), dict):
            source["fieldRef"].setdefault("apiVersion", "v1")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(container.get(probe), dict):
            _default_probe(container[probe])
    for hook in _values(container.get("lifecycle")):
        _default_http(hook)


def _pull_policy(image: str) -> str:
    """Always for `latest` or no tag; an image named by digest does not count as latest."""
    name = image.rsplit("/", 1)[-1]
    if "@" in name:
        return "IfNotPresent"
    tag = name.split(":", 1)[1] if ":" in name else "latest"
    return "Always" if tag == "latest" else "IfNotPresent"


def _default_probe(probe: Json) -> None:
    for key, value in (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)):
        if not probe.get(key):
            probe[key] = value
    _default_http(probe)
    if isinstance(probe.get("grpc"), dict):
        probe["grpc"].setdefault("service", "")


def _default_http(owner: Json) -> None:
    if isinstance(owner.get("httpGet"), dict):
        owner["httpGet"].setdefault("path", "/")
        owner["httpGet"].setdefault("scheme", "HTTP")


def _default_volume(volume: Json) -> None:
    if set(volume) <= {"name"}:
        volume["emptyDir"] = {}
    for source in ("secret", "configMap", "downwardAPI", "projected"):
        if isinstance(volume.get(source), dict):
            volume[source].setdefault("defaultMode", 420)
    if isinstance(volume.get("hostPath"), dict):
        volume["hostPath"].setdefault("type", "")


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _values(value: object) -> list[Json]:
    return _objects(list(value.values())) if isinstance(value, dict) else []


def digest(template: object) -> bytes:
    """What two templates that mean the same have in common: canonical, defaulted, without what is empty.

    The label with the template's own hash and the deprecated `serviceAccount` do not count.
    """
    full = canonical(with_defaults(canonical(template)))
    labels = full["metadata"].get("labels", {})
    labels.pop(POD_TEMPLATE_HASH, None)
    full["spec"].pop("serviceAccount", None)
    return json.dumps(_without_empty(full), sort_keys=True).encode()


def _without_empty(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, "", [], {})}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value
