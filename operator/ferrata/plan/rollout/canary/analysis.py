"""Analysis of a canary: that of the current step, and the one beside the whole update."""

from __future__ import annotations

from ferrata.plan.rollout import runs
from ferrata.plan.rollout.canary.position import step_at
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def step_is_carried_out(s: RolloutSnapshot, d: Draft) -> Draft:
    """What the current step wants to exist, its AnalysisRun above all."""
    index = d.status.current_step_index
    if index is None or index >= s.spec.step_count or not runs.may_start(s, d):
        return d
    return d.do(*step_at(s, index).actions(s, d))


def background_run_exists(s: RolloutSnapshot, d: Draft) -> Draft:
    """The run beside the steps, from its starting step on."""
    canary, index = s.spec.canary, d.status.current_step_index
    is_early = index is not None and index < canary.starting_step
    if not canary.background_analysis or is_early or not runs.may_start(s, d):
        return d
    return d.do(*runs.start_if_needed(s, runs.BACKGROUND))
