"""Analysis that belongs to a release: which runs should exist, and what their verdicts mean for it."""

from __future__ import annotations

from dataclasses import replace

from ferrata.model import keys
from ferrata.model.rollout import Canary
from ferrata.model.status import INCONCLUSIVE_RUN, PauseCondition, RunStatus
from ferrata.plan.actions import Action, DeleteAnalysis, StartAnalysis, StopAnalysis
from ferrata.plan.rollout import numbering
from ferrata.plan.rollout.draft import Draft
from ferrata.plan.rollout.view import view
from ferrata.snapshot.rollout import AnalysisView, RolloutSnapshot

STEP, BACKGROUND = keys.ROLLOUT_TYPE_STEP, keys.ROLLOUT_TYPE_BACKGROUND
PRE_PROMOTION, POST_PROMOTION = keys.ROLLOUT_TYPE_PRE_PROMOTION, keys.ROLLOUT_TYPE_POST_PROMOTION
_PREFIX = {
    STEP: "Step-based",
    BACKGROUND: "Background",
    PRE_PROMOTION: "Blue/green pre-promotion",
    POST_PROMOTION: "Blue/green post-promotion",
}


def kinds(s: RolloutSnapshot) -> tuple[str, str]:
    """The kinds of runs that the strategy knows."""
    return (STEP, BACKGROUND) if isinstance(s.spec.strategy, Canary) else (PRE_PROMOTION, POST_PROMOTION)


def current(s: RolloutSnapshot, kind: str) -> AnalysisView | None:
    """The run of that kind that the status names, if it still belongs to this revision (and, for a step, to it)."""
    named = s.status.run(kind)
    run = next((r for r in s.runs if named is not None and r.name == named.name), None)
    if run is None or run.hash != s.new_hash or is_retried(s):
        return None
    return run if kind != STEP or run.step_index == s.status.current_step_index else None


def has_passed(s: RolloutSnapshot, kind: str) -> bool:
    """Whether the current run of that kind has succeeded."""
    run = current(s, kind)
    return run is not None and run.phase == "Successful"


def is_retried(s: RolloutSnapshot) -> bool:
    """Whether somebody has just taken an abort back: what was measured before it does not count any more."""
    return s.status.aborted_at is not None and not s.status.abort


def verdicts_count(s: RolloutSnapshot, d: Draft) -> Draft:
    """Each current run is recorded and announced; a failure aborts, an inconclusive one pauses."""
    if are_cancelled(s, d):
        return d
    for kind in kinds(s):
        run = current(s, kind)
        if run is not None:
            d = _apply(s, _record(s, d, kind, run), kind, run)
    return d


def _record(s: RolloutSnapshot, d: Draft, kind: str, run: AnalysisView) -> Draft:
    old = s.status.run(kind)
    d = replace(d, status=d.status.with_run(kind, RunStatus(run.name, run.phase, run.message)))
    if not run.phase or (old and old.status == run.phase):
        return d
    previous = old.status if old else "NoPreviousStatus"
    text = f"{kind} Analysis Run '{run.name}' Status New: '{run.phase}' Previous: '{previous}'"
    return d.say(f"AnalysisRun{run.phase}", text, "Warning" if run.phase in {"Failed", "Error"} else "Normal")


def _apply(s: RolloutSnapshot, d: Draft, kind: str, run: AnalysisView) -> Draft:
    if run.phase in {"Failed", "Error"}:
        text = f"{_PREFIX[kind]} analysis phase error/failed" + (f": {run.message}" if run.message else "")
        return abort(d, text)
    if run.phase != "Inconclusive" or d.status.is_paused_for(INCONCLUSIVE_RUN) or _was_resumed(s, run):
        return d
    return d.put(pauses=(*d.status.pauses, PauseCondition(INCONCLUSIVE_RUN, s.now)), controller_pause=True)


def _was_resumed(s: RolloutSnapshot, run: AnalysisView) -> bool:
    """Whether somebody already took the pause away that this inconclusive run caused."""
    named = s.status.run(run.kind)
    return s.status.controller_pause and not s.status.pauses and named is not None and named.status == run.phase


def abort(d: Draft, message: str) -> Draft:
    """The draft with the release aborted; the first cause is the one that is told."""
    return replace(d.put(abort=True), abort_message=d.abort_message or message)


def are_cancelled(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether no analysis may run: nothing is being released, or somebody decided over its head."""
    is_over = s.is_fully_promoted or d.status.abort or d.status.promote_full or not d.status.stable_rs
    return is_over or view(s.spec).goes_back_fast(s)


def may_start(s: RolloutSnapshot, d: Draft) -> bool:
    """Whether analysis may begin: neither cancelled nor waiting for somebody to judge an inconclusive one."""
    return not are_cancelled(s, d) and not d.status.is_paused_for(INCONCLUSIVE_RUN)


def start_if_needed(s: RolloutSnapshot, kind: str, step_index: int | None = None) -> tuple[Action, ...]:
    """A run of that kind, unless there is one that still counts."""
    run = current(s, kind)
    if run is not None and run.step_index == step_index and not _is_to_be_repeated(s, run):
        return ()
    return (StartAnalysis(kind, s.new_hash, numbering.number(s), step_index, _taken(s, step_index)),)


def others_end(s: RolloutSnapshot, d: Draft) -> Draft:
    """Runs whose time is over are asked to end; what is beyond the history goes."""
    keep = {run.name for run in s.runs if _still_counts(s, d, run) or _is_about_to_be_named(d, run)}
    stops = [StopAnalysis(r.name) for r in s.runs if r.name not in keep and not r.is_finished and not r.is_terminating]
    return d.do(*stops, *_beyond_history(s, keep))


def _still_counts(s: RolloutSnapshot, d: Draft, run: AnalysisView) -> bool:
    is_current = any(current(s, kind) == run for kind in kinds(s))
    return is_current and not are_cancelled(s, d) and view(s.spec).keeps_run(s, d, run.kind)


def _is_about_to_be_named(d: Draft, run: AnalysisView) -> bool:
    """Whether a pass that died before it could publish created the run that this pass asks for."""
    purpose = (run.kind, run.hash, run.revision, run.step_index)
    starts = (action for action in d.actions if isinstance(action, StartAnalysis) and run.name not in action.avoid)
    return any(purpose == (a.kind, a.hash, a.revision, a.step_index) for a in starts)


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
