"""Fields that nothing reads, in the objects that users write.

unknown_in_rollout, unknown_in_template, unknown_in_run   all of them
refused_in_rollout, refused_in_metrics                    those that must not be ignored

Argo Rollouts drops unknown fields, so most are told and nothing else: a Rollout that works there works here. Some
are refused, since the release would look fine and be wrong: a router that is not there leaves traffic at 50:50, a step
without its kind does nothing, and a metric without its condition always passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from ferrata.api.analysis import AnalysisRun, AnalysisTemplate
from ferrata.api.parsing import UnknownField, unknown_fields
from ferrata.api.rollout import Rollout
from ferrata.api.routing import GatewayApi
from ferrata.api.spec_error import SpecError, forbidden
from ferrata.api.unsupported import GATEWAY_PLUGIN
from ferrata.model.remembered import Remembered

Json = dict[str, Any]
_ROUTING: Final = "spec.strategy.canary.trafficRouting"
_UNKNOWN: Final = Remembered[tuple[UnknownField, ...]]()
_PLUGIN: Final = ("spec", "strategy", "canary", "trafficRouting", "plugins", GATEWAY_PLUGIN)
_REFUSED: Final = re.compile(
    rf"{re.escape(_ROUTING)}\.(?!plugins).*|spec\.strategy\.canary\.steps\[\d+\](\.[^.\[]*|\[[^\]]*\])", re.DOTALL
)
_METRIC: Final = re.compile(r"spec\.metrics\[\d+\](\.[^.\[]*|\[[^\]]*\])", re.DOTALL)


def unknown_in_rollout(rollout: Json) -> tuple[UnknownField, ...]:
    """In its spec, and in the configuration of the Gateway API plugin, which Ferrata reads itself."""
    return _UNKNOWN.of(rollout.get("spec"), lambda: _unknown_in_rollout(rollout))


def _unknown_in_rollout(rollout: Json) -> tuple[UnknownField, ...]:
    plugin: Any = rollout
    for name in _PLUGIN:
        plugin = plugin.get(name) if isinstance(plugin, dict) else None
    path = f"{_ROUTING}.plugins[{GATEWAY_PLUGIN}]"
    return (*unknown_fields(Rollout, _written(rollout)), *unknown_fields(GatewayApi, plugin, path))


def unknown_in_template(template: Json) -> tuple[UnknownField, ...]:
    """In an AnalysisTemplate or ClusterAnalysisTemplate."""
    return tuple(unknown_fields(AnalysisTemplate, _written(template)))


def unknown_in_run(run: Json) -> tuple[UnknownField, ...]:
    """In an AnalysisRun."""
    return tuple(unknown_fields(AnalysisRun, _written(run)))


def _written(obj: Json) -> Json:
    return {key: value for key, value in obj.items() if key != "status"}


def refused_in_rollout(rollout: Json) -> Iterator[SpecError]:
    """An error for each unknown router or setting of one, and for each unknown kind of step."""
    for field in unknown_in_rollout(rollout):
        if _REFUSED.fullmatch(field.path):
            yield forbidden(field.path, f"unknown field{field.hint}")


def refused_in_metrics(template: Json) -> Iterator[SpecError]:
    """An error for each field of a metric that is a known one misspelt."""
    for field in unknown_in_template(template):
        if field.meant and _METRIC.fullmatch(field.path):
            yield forbidden(field.path, f"unknown field{field.hint}")
