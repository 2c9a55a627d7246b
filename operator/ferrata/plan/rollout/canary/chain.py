"""A canary's questions, in the order in which they are asked."""

from __future__ import annotations

from ferrata.plan.rollout import counts, deadline, numbering, placement, promotion, retire, roles, runs, sizing
from ferrata.plan.rollout.canary import analysis, position, scaling, traffic
from ferrata.plan.rollout.draft import Question

acts_on = promotion.as_promoted
"""What the actions see: a promotion of this pass as published, so that one pass can finish the release."""

POSITION: tuple[Question, ...] = (
    numbering.new_revision_is_told,
    counts.all_pods_count,
    position.new_revision_restarts_the_steps,
    numbering.update_is_told,
    promotion.promoted_rollout_cannot_be_aborted,
    promotion.full_promotion_ends_an_abort,
    runs.verdicts_count,
    deadline.timeout_aborts,
    position.abort_returns_to_the_start,
    position.full_promotion_skips_the_steps,
    position.finished_steps_advance,
    position.whole_revision_becomes_stable,
)
"""Where the climb is."""

ACTIONS: tuple[Question, ...] = (
    numbering.revision_is_numbered,
    scaling.revisions_are_scaled,
    sizing.missing_revision_is_created,
    placement.new_revision_avoids_the_stable_one,
    roles.pods_carry_their_role,
    traffic.traffic_follows,
    analysis.step_is_carried_out,
    analysis.background_run_exists,
    runs.others_end,
    retire.revisions_beyond_history_go,
    traffic.weights_are_published,
)
"""What is to be done at that position."""
