"""The time between a preview that is up and the switch to it: the pause, and growing from a part to the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ferrata.model.status import PauseCondition
from ferrata.plan.rollout import runs
from ferrata.plan.rollout.bluegreen.facts import PAUSE, is_fast_tracked, is_halted
from ferrata.plan.rollout.bluegreen.sizes import is_ready
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import RolloutSnapshot


def preview_waits(s: RolloutSnapshot, d: Draft) -> Draft:
    """Paused once the preview is ready and analysed, until its time is over or somebody promotes it."""
    if d.status.abort or is_halted(s, d) or not is_ready(s, d):
        return d
    if not s.spec.blue_green.waits_before_switch or is_fast_tracked(s, d) or d.status.blue_green.checkpoint:
        return _without_pause(d, resumed=False)
    if not is_analysed(s, d):
        return d
    pause = next((p for p in d.status.pauses if p.reason == PAUSE), None)
    if pause is None and d.status.controller_pause:
        return d
    pause = pause or PauseCondition(PAUSE, s.now)
    return _until_its_end(s, _with_pause(d, pause), pause)


def _with_pause(d: Draft, pause: PauseCondition) -> Draft:
    return d if pause in d.status.pauses else d.put(pauses=(*d.status.pauses, pause), controller_pause=True)


def _without_pause(d: Draft, *, resumed: bool) -> Draft:
    """Without the pause; `controllerPause` with no pause left is how a status says that it was ended."""
    pauses = tuple(p for p in d.status.pauses if p.reason != PAUSE)
    return d.put(pauses=pauses, controller_pause=bool(pauses) or resumed)


def _until_its_end(s: RolloutSnapshot, d: Draft, pause: PauseCondition) -> Draft:
    strategy = s.spec.blue_green
    if not strategy.promotes_itself:
        return d
    end = pause.since + timedelta(seconds=strategy.promotion_seconds)
    return _without_pause(d, resumed=True) if end <= s.now else d.wake_at(end)


def is_analysed(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether pre-promotion analysis has nothing against the switch."""
    is_asked = s.spec.blue_green.pre_promotion_analysis and not d.status.blue_green.checkpoint
    return not is_asked or runs.has_passed(s, runs.PRE_PROMOTION)


def is_promoted(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether the pause before the switch is over, or there is none."""
    if not s.spec.blue_green.waits_before_switch or d.status.blue_green.checkpoint:
        return True
    return d.status.controller_pause and not d.status.is_paused_for(PAUSE)


def preview_may_grow(s: RolloutSnapshot, d: Draft) -> Draft:
    """A preview that is only a part grows to the whole once it is analysed and promoted."""
    is_part = s.spec.blue_green.preview_replicas is not None and not is_fast_tracked(s, d)
    if not is_part or d.status.abort or is_halted(s, d) or not is_ready(s, d):
        return d
    if not is_analysed(s, d) or not is_promoted(s, d):
        return d
    return d.put(blue_green=replace(d.status.blue_green, checkpoint=True), controller_pause=bool(d.status.pauses))
