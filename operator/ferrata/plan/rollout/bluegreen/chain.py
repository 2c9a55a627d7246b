"""The questions of a blue-green release, in the order in which they are asked."""

from __future__ import annotations

from ferrata.plan.rollout import deadline, numbering, placement, promotion, retire, roles, runs, sizing
from ferrata.plan.rollout.bluegreen import analysis, counts, position, preview, scaling, services
from ferrata.plan.rollout.draft import Draft, Question
from ferrata.snapshot.rollout import RolloutSnapshot

POSITION: tuple[Question, ...] = (
    numbering.new_revision_is_told,
    counts.active_pods_count,
    position.new_revision_begins_anew,
    position.retry_begins_anew,
    position.first_revision_is_stable,
    numbering.update_is_told,
    promotion.promoted_rollout_cannot_be_aborted,
    promotion.full_promotion_ends_an_abort,
    runs.verdicts_count,
    deadline.timeout_aborts,
    position.abort_ends_the_release,
    position.resumed_verdict_is_asked_again,
    position.full_promotion_ends_the_pauses,
    preview.preview_waits,
    preview.preview_may_grow,
    services.active_follows,
    position.serving_revision_becomes_stable,
)
"""How far the release is, the switch included."""

ACTIONS: tuple[Question, ...] = (
    numbering.revision_is_numbered,
    scaling.stable_is_whole,
    scaling.new_is_sized,
    scaling.others_retire,
    sizing.missing_revision_is_created,
    placement.new_revision_avoids_the_stable_one,
    roles.pods_carry_their_role,
    services.preview_follows,
    services.selectors_are_published,
    counts.active_pods_count,
    analysis.pre_promotion_run_exists,
    analysis.post_promotion_run_exists,
    runs.others_end,
    retire.revisions_beyond_history_go,
)
"""What is to be done at that position."""


def acts_on(s: RolloutSnapshot, _: Draft) -> RolloutSnapshot:
    """What the actions see: the way back is given up by the pass after the promotion, once that is published."""
    return s
