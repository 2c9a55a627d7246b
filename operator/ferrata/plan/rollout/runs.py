"""Analysis that belongs to a release: which runs should exist, and what their verdicts mean for it."""

from __future__ import annotations

from dataclasses import replace

from ferrata.model.status import PauseCondition, RunStatus
from ferrata.plan.actions import Action, DeleteAnalysis, StartAnalysis, StopAnalysis
from ferrata.plan.rollout.draft import Draft
from ferrata.snapshot.rollout import AnalysisView, RolloutSnapshot

STEP, BACKGROUND = "Step", "Background"
INCONCLUSIVE = "InconclusiveAnalysisRun"
_PREFIX = {STEP: "Step-based", BACKGROUND: "Background"}


def current(s: RolloutSnapshot, kind: str) -> AnalysisView | None:
    """The run of that kind that the status names, if it still belongs to this revision (and, for a step, to it)."""
    named = s.status.step_run if kind == STEP else s.status.background_run
    run = next((r for r in s.runs if named is not None and r.name == named.name), None)
    if run is None or run.hash != s.new_hash:
        return None
    return run if kind == BACKGROUND or run.step_index == s.status.current_step_index else None


def verdicts_count(s: RolloutSnapshot, d: Draft) -> Draft:
    """Each current run is recorded and announced; a failure aborts, an inconclusive one pauses."""
    if are_cancelled(s, d):
        return d
    for kind in (STEP, BACKGROUND):
        run = current(s, kind)
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
    if run.phase != "Inconclusive" or d.status.is_paused_for(INCONCLUSIVE) or _was_resumed(s, run):
        return d
    return d.put(pauses=(*d.status.pauses, PauseCondition(INCONCLUSIVE, s.now)), controller_pause=True)


def _was_resumed(s: RolloutSnapshot, run: AnalysisView) -> bool:
    """Whether somebody already took the pause away that this inconclusive run caused."""
    named = s.status.step_run if run.kind == STEP else s.status.background_run
    return s.status.controller_pause and not s.status.pauses and named is not None and named.status == run.phase


def abort(d: Draft, message: str) -> Draft:
    """The draft with the release aborted; the first cause is the one that is told."""
    return replace(d.put(abort=True), abort_message=d.abort_message or message)


def are_cancelled(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether no analysis may run: nothing is being released, or somebody decided over its head."""
    return s.is_fully_promoted or d.status.abort or d.status.promote_full or not d.status.stable_rs


def may_start(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether analysis may begin: neither cancelled nor waiting for somebody to judge an inconclusive one."""
    return not are_cancelled(s, d) and not d.status.is_paused_for(INCONCLUSIVE)


def start_if_needed(s: RolloutSnapshot, kind: str, step_index: int | None = None) -> tuple[Action, ...]:
    """A run of that kind, unless there is one that still counts."""
    run = current(s, kind)
    if run is not None and run.step_index == step_index and not _is_to_be_repeated(s, run):
        return ()
    number = s.new.number if s.new else s.revision_annotation
    return (StartAnalysis(kind, s.new_hash, number, step_index, _taken(s, step_index)),)


def others_end(s: RolloutSnapshot, d: Draft) -> Draft:
    """Runs whose time is over are asked to end; what is beyond the history goes."""
    found = (current(s, kind) for kind in (STEP, BACKGROUND))
    keep = {run.name for run in found if run is not None and _still_counts(s, d, run)}
    stops = [StopAnalysis(r.name) for r in s.runs if r.name not in keep and not r.is_finished and not r.is_terminating]
    return d.do(*stops, *_beyond_history(s, keep))


def _still_counts(s: RolloutSnapshot, d: Draft, run: AnalysisView) -> bool:
    if are_cancelled(s, d):
        return False
    return run.kind == BACKGROUND or run.step_index == d.status.current_step_index


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
