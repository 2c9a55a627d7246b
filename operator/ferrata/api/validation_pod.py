"""The pod template and the selector of a Rollout, as the API server will judge them in a ReplicaSet.

selector_errors    a label selector by itself
selects            whether a label selector matches labels
template_errors    a pod template against its selector

Not every rule of the API server is repeated here, only those that people break most: whatever passes here and is
refused there is reported when the ReplicaSet is created, with the API server's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from ferrata.api.spec_error import Kind, SpecError, forbidden, invalid, required, unsupported_value
from ferrata.model import quantities

Json = dict[str, Any]
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.ASCII)
_NOT_A_LABEL: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")


def selector_errors(selector: Json, path: str) -> Iterator[SpecError]:
    """What is wrong with a label selector, an empty one included."""
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        yield from _expression_errors(expression, f"{path}.matchExpressions[{index}]")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid(path, {}, "empty selector is invalid for deployment")


def _expression_errors(expression: Json, path: str) -> Iterator[SpecError]:
    operator = expression.get("operator") or ""
    if operator in ("In", "NotIn"):
        if not expression.get("values"):
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if expression.get("values"):
            yield forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    else:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")


def selects(selector: Json, labels: Json) -> bool:
    """Whether `labels` match a valid `selector`."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions") or ())


def _holds(expression: Json, labels: Json) -> bool:
    key, values = expression.get("key"), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def template_errors(template: Json, selector: Json, path: str) -> Iterator[SpecError]:
    """What is wrong with a pod template that ReplicaSets with `selector` are made of."""
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not selects(selector, labels):
        yield invalid(f"{path}.metadata.labels", labels or None, "`selector` does not match template `labels`")
    spec = template.get("spec") or {}
    volumes = [volume.get("name") or "" for volume in spec.get("volumes") or ()]
    yield from _name_errors(volumes, f"{path}.spec.volumes")
    if not spec.get("containers"):
        yield required(f"{path}.spec.containers")
    for kind in ("containers", "initContainers"):
        containers = spec.get(kind) or ()
        yield from _name_errors([container.get("name") or "" for container in containers], f"{path}.spec.{kind}")
        for index, container in enumerate(containers):
            yield from _container_errors(container, frozenset(volumes), f"{path}.spec.{kind}[{index}]")
    if (spec.get("restartPolicy") or "Always") != "Always":
        yield unsupported_value(f"{path}.spec.restartPolicy", spec["restartPolicy"], ("Always",))
    if spec.get("activeDeadlineSeconds") is not None:
        yield forbidden(f"{path}.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported")


def _name_errors(names: list[str], path: str) -> Iterator[SpecError]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        field = f"{path}[{index}].name"
        if not name:
            yield required(field)
        elif len(name) > 63:
            yield invalid(field, name, "must be no more than 63 characters")
        elif not _LABEL.fullmatch(name):
            yield invalid(field, name, _NOT_A_LABEL)
        elif name in seen:
            yield SpecError(field, Kind.DUPLICATE, name)
        seen.add(name)


def _container_errors(container: Json, volumes: frozenset[str], path: str) -> Iterator[SpecError]:
    if not container.get("image"):
        yield required(f"{path}.image")
    for index, port in enumerate(container.get("ports") or ()):
        yield from _port_errors(port, f"{path}.ports[{index}]")
    for index, variable in enumerate(container.get("env") or ()):
        if not variable.get("name"):
            yield required(f"{path}.env[{index}].name")
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        yield from _mount_errors(mount, volumes, f"{path}.volumeMounts[{index}]")
    if (container.get("imagePullPolicy") or "Always") not in _PULL_POLICIES:
        yield unsupported_value(f"{path}.imagePullPolicy", container["imagePullPolicy"], _PULL_POLICIES)
    yield from _resource_errors(container.get("resources") or {}, f"{path}.resources")


def _port_errors(port: Json, path: str) -> Iterator[SpecError]:
    number = port.get("containerPort") or 0
    if number == 0:
        yield required(f"{path}.containerPort")
    elif not 0 < number < 65536:
        yield invalid(f"{path}.containerPort", number, "must be between 1 and 65535, inclusive")
    if (port.get("protocol") or "TCP") not in _PROTOCOLS:
        yield unsupported_value(f"{path}.protocol", port["protocol"], _PROTOCOLS)


def _mount_errors(mount: Json, volumes: frozenset[str], path: str) -> Iterator[SpecError]:
    name = mount.get("name") or ""
    if not name:
        yield required(f"{path}.name")
    elif name not in volumes:
        yield SpecError(f"{path}.name", Kind.NOT_FOUND, name)
    if not mount.get("mountPath"):
        yield required(f"{path}.mountPath")


def _resource_errors(resources: Json, path: str) -> Iterator[SpecError]:
    """Unreadable quantities count as 0 here, as they do in hashes; what is left to refuse is more than the limit."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            if _nano(amount) < 0:
                yield invalid(f"{path}.{kind}[{name}]", amount, "must be greater than or equal to 0")
    for name, amount in requests.items():
        if name in limits and _nano(amount) > _nano(limits[name]):
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            yield invalid(f"{path}.requests", amount, detail)


def _nano(amount: Any) -> int:
    try:
        return quantities.parse(amount).nano
    except ValueError:
        return 0
