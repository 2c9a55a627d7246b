"""The kinds of steps: one module each, and one line here. Everything about a kind stands in its module: how it is
written, its text, when it is done, whether it waits, what it wants to exist, which weight or size it sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ferrata.errors import SpecRejected
from ferrata.plan.rollout.canary.steps.analysis import Analysis
from ferrata.plan.rollout.canary.steps.base import ClimbStep
from ferrata.plan.rollout.canary.steps.pause import Pause
from ferrata.plan.rollout.canary.steps.set_canary_scale import SetCanaryScale
from ferrata.plan.rollout.canary.steps.set_route import SetHeaderRoute, SetMirrorRoute
from ferrata.plan.rollout.canary.steps.set_weight import SetWeight

KINDS: Mapping[str, type[ClimbStep]] = MappingProxyType(
    {
        "setWeight": SetWeight,
        "pause": Pause,
        "setCanaryScale": SetCanaryScale,
        "analysis": Analysis,
        "setHeaderRoute": SetHeaderRoute,
        "setMirrorRoute": SetMirrorRoute,
    }
)
"""Every kind of step by its key in a manifest."""


def parse(step: Mapping[str, Any], field: str) -> ClimbStep:
    """The step that stands at `field`. Raises SpecRejected when it is none, or of a kind that is not carried out."""
    for key, kind in KINDS.items():
        if step.get(key) is not None:
            return kind.parse(step[key], field)
    names = ", ".join(step)
    raise SpecRejected(f"not yet supported: {field} ({names})", field)
