"""Types of the fields that validation and planning read, checked before anything looks at their content.

shape_errors   yields an error for each field whose JSON type is wrong, so that no later check can trip over one

`null` counts as absent everywhere but in lists. A router's plugin configuration and a pod template are plain JSON in
the model of a Rollout; those parts of them that are read are modelled here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ferrata.api.parsing import type_errors
from ferrata.api.rollout import Rollout
from ferrata.api.routing import GatewayApi
from ferrata.api.spec_error import SpecError, invalid
from ferrata.api.unsupported import GATEWAY_PLUGIN
from ferrata.api.written import Int32, Int64, Text, TextMap, Written


class _Port(Written):
    name: Text | None = None
    container_port: Int32 | None = None
    host_port: Int32 | None = None
    protocol: Text | None = None


class _Named(Written):
    name: Text | None = None


class _Mount(_Named):
    mount_path: Text | None = None


class _Resources(Written):
    limits: dict[str, Any] | None = None
    requests: dict[str, Any] | None = None


class _Container(_Named):
    image: Text | None = None
    ports: tuple[_Port, ...] | None = None
    env: tuple[_Named, ...] | None = None
    resources: _Resources | None = None
    volume_mounts: tuple[_Mount, ...] | None = None
    image_pull_policy: Text | None = None


class _PodSpec(Written):
    containers: tuple[_Container, ...] | None = None
    init_containers: tuple[_Container, ...] | None = None
    volumes: tuple[_Named, ...] | None = None
    restart_policy: Text | None = None
    termination_grace_period_seconds: Int64 | None = None


class _Metadata(Written):
    labels: TextMap | None = None
    annotations: TextMap | None = None


class _Template(Written):
    metadata: _Metadata | None = None
    spec: _PodSpec | None = None


_TEMPLATE: Final = ("spec", "template")
_PLUGIN: Final = ("spec", "strategy", "canary", "trafficRouting", "plugins", GATEWAY_PLUGIN)


def shape_errors(rollout: Any) -> Iterator[SpecError]:
    """An error for each field of a Rollout whose type is wrong, in the order of the schema; its status is not read."""
    if not isinstance(rollout, dict):
        yield invalid("rollout", rollout, "must be an object")
        return
    yield from type_errors(Rollout, {key: value for key, value in rollout.items() if key != "status"})
    for place, model in ((_TEMPLATE, _Template), (_PLUGIN, GatewayApi)):
        part = _at(rollout, place)
        if part is not None:
            yield from type_errors(model, part, place)


def _at(value: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        value = value.get(name) if isinstance(value, dict) else None
    return value
