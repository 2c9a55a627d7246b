"""Analysis that belongs to a release: which runs should exist, and what their verdicts mean for it."""

from __future__ import annotations

from dataclasses import replace

from ferrata.model.rollout import Analysis
from ferrata.model.status import PauseCondition, RunStatus
from ferrata.plan.actions import Action, DeleteAnalysis, StartAnalysis, StopAnalysis
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import AnalysisView, RolloutSnapshot

STEP, BACKGROUND = "Step", "Background"
_INCONCLUSIVE = "InconclusiveAnalysisRun"
_PREFIX = {STEP: "Step-based", BACKGROUND: "Background"}


def current_run(s: RolloutSnapshot, kind: str) -> AnalysisView | None:
    """The run of that kind that the status names, if it still belongs to this revision (and, for a step, to it)."""
    named = s.status.step_run if kind == STEP else s.status.background_run
    run = next((r for r in s.runs if named is not None and r.name == named.name), None)
    if run is None or run.hash != s.new_hash:
        return None
    return run if kind == BACKGROUND or run.step_index == s.status.current_step_index else None


def step_outcome(s: RolloutSnapshot, index: int) -> str:
    """Phase of the run of step `index`; "" when it has none yet."""
    run = current_run(s, STEP)
    return run.phase if run is not None and run.step_index == index else ""


def verdicts_count(s: RolloutSnapshot, d: Draft) -> Draft:
    """Each current run is recorded and announced; a failure aborts, an inconclusive one pauses."""
    if _are_cancelled(s, d):
        return d
    for kind in (STEP, BACKGROUND):
        run = current_run(s, kind)
        if run is not None:
            d = _apply(s, _record(s, d, kind, run), kind, run)
    return d


def _record(s: RolloutSnapshot, d: Draft, kind: str, run: AnalysisView) -> Draft:
    old = s.status.step_run if kind == STEP else s.status.background_run
    recorded = RunStatus(run.name, run.phase, run.message)
    d = d.put(step_run=recorded) if kind == STEP else d.put(background_run=recorded)
    if not run.phase or (old and old.status == run.phase):
        return d
    previous = old.status if old and old.status else "NoPreviousStatus"
    text = f"{kind} Analysis Run '{run.name}' Status New: '{run.phase}' Previous: '{previous}'"
    return d.say(f"AnalysisRun{run.phase}", text, "Warning" if run.phase in {"Failed", "Error"} else "Normal")


def _apply(s: RolloutSnapshot, d: Draft, kind: str, run: AnalysisView) -> Draft:
    if run.phase in {"Failed", "Error"}:
        text = f"{_PREFIX[kind]} analysis phase error/failed" + (f": {run.message}" if run.message else "")
        return abort(d, text)
    if run.phase != "Inconclusive" or d.status.is_paused_for(_INCONCLUSIVE) or _was_resumed(s, run):
        return d
    return d.put(pauses=(*d.status.pauses, PauseCondition(_INCONCLUSIVE, s.now)), controller_pause=True)


def _was_resumed(s: RolloutSnapshot, run: AnalysisView) -> bool:
    """Whether somebody already took the pause away that this inconclusive run caused."""
    named = s.status.step_run if run.kind == STEP else s.status.background_run
    return s.status.controller_pause and not s.status.pauses and named is not None and named.status == run.phase


def abort(d: Draft, message: str) -> Draft:
    """The draft with the release aborted; the first cause is the one that is told."""
    return replace(d.put(abort=True), abort_message=d.abort_message or message)


def _are_cancelled(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether no analysis may run: nothing is being released, or somebody decided over its head."""
    return s.is_fully_promoted or d.status.abort or d.status.promote_full or not d.status.stable_rs


def run_actions(s: RolloutSnapshot, d: Draft) -> tuple[Action, ...]:
    """Runs to start for the present position, and runs to end because their time is over."""
    wanted = () if _are_cancelled(s, d) or d.status.is_paused_for(_INCONCLUSIVE) else _wanted(s, d)
    starts = [a for a in wanted if isinstance(a, StartAnalysis)]
    keep = {r.name for r in (current_run(s, STEP), current_run(s, BACKGROUND)) if r and _still_counts(s, d, r)}
    stops = [StopAnalysis(r.name) for r in s.runs if r.name not in keep and not r.is_finished and not r.is_terminating]
    return (*starts, *stops, *_beyond_history(s, keep))


def _still_counts(s: RolloutSnapshot, d: Draft, run: AnalysisView) -> bool:
    if _are_cancelled(s, d):
        return False
    return run.kind == BACKGROUND or run.step_index == d.status.current_step_index


def _wanted(s: RolloutSnapshot, d: Draft) -> tuple[Action, ...]:
    number = s.new.number if s.new else s.revision_annotation
    index = d.status.current_step_index
    actions: list[Action] = []
    if _needs_step_run(s, d, index):
        actions.append(StartAnalysis(STEP, s.new_hash, number, index, _taken(s, index)))
    if _needs_background_run(s, index):
        actions.append(StartAnalysis(BACKGROUND, s.new_hash, number, None, _taken(s, None)))
    return tuple(actions)


def _needs_step_run(s: RolloutSnapshot, d: Draft, index: int | None) -> bool:
    if index is None or index >= s.spec.step_count or d.status.pauses:
        return False
    step = s.spec.canary.steps[index]
    if not isinstance(step, Analysis) or not step.has_templates:
        return False
    run = current_run(s, STEP)
    return run is None or run.step_index != index or _is_to_be_repeated(s, run)


def _needs_background_run(s: RolloutSnapshot, index: int | None) -> bool:
    if not s.spec.canary.background_analysis or (index is not None and index < s.spec.canary.starting_step):
        return False
    run = current_run(s, BACKGROUND)
    return run is None or _is_to_be_repeated(s, run)


def _is_to_be_repeated(s: RolloutSnapshot, run: AnalysisView) -> bool:
    return run.phase == "Inconclusive" and s.status.controller_pause and not s.status.pauses


def _taken(s: RolloutSnapshot, index: int | None) -> tuple[str, ...]:
    """Names of finished runs of this revision, which a new run must not take for its own."""
    return tuple(
        r.name for r in s.runs if r.hash == s.new_hash and r.step_index == index and (r.is_finished or r.is_terminating)
    )


def _beyond_history(s: RolloutSnapshot, keep: set[str]) -> list[Action]:
    """Finished runs that no ReplicaSet stands for any more, or that are more than the history keeps."""
    hashes = {r.hash for r in s.revisions if not r.is_deleting}
    left = {True: s.spec.successful_run_limit, False: s.spec.unsuccessful_run_limit}
    gone: list[Action] = []
    for run in sorted(s.runs, key=lambda r: (r.created, r.name), reverse=True):
        if run.name in keep or not run.is_finished:
            continue
        is_good = run.phase == "Successful"
        left[is_good] -= 1
        if left[is_good] < 0 or run.hash not in hashes:
            gone.append(DeleteAnalysis(run.name))
    return gone
