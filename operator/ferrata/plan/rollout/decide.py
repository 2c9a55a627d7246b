"""`decide(snapshot) -> Plan`: the whole decision about one Rollout.

First the position of the release is settled from the facts; from the position follow sizes, traffic and analysis; what
remains is to say so. The first two are the strategy's own chains of questions, the last one is the same for all.
The function is total and deterministic: the same snapshot always gives the same plan.
"""

from __future__ import annotations

from ferrata.model.rollout import Canary
from ferrata.plan.actions import Plan, in_safe_order
from ferrata.plan.rollout import conditions, deadline, events, numbering, restart
from ferrata.plan.rollout.bluegreen import chain as bluegreen
from ferrata.plan.rollout.canary import chain as canary
from ferrata.plan.rollout.draft import Draft, Question, ask
from ferrata.plan.rollout.duration import duration
from ferrata.plan.rollout.phase import phase
from ferrata.snapshot.rollout import RolloutSnapshot

PUBLICATION: tuple[Question, ...] = (
    conditions.valid_spec,
    conditions.unknown_fields,
    conditions.resumption,
    conditions.availability,
    conditions.completion,
    conditions.health,
    conditions.replica_failure,
    conditions.progress,
    conditions.pause,
    duration,
    phase,
    deadline.is_waited_for,
    events.actions_are_told,
    events.pauses_are_told,
    events.are_in_order,
)
"""What is published about the decision."""


def decide(s: RolloutSnapshot) -> Plan:
    """What to do, publish and say about the Rollout in `s`, and when to look again."""
    s = numbering.with_desired_revision(s)
    chain = canary if isinstance(s.spec.strategy, Canary) else bluegreen
    d = restart.pods_are_restarted(s, Draft(s.status))
    d = ask(chain.POSITION, s, d)
    d = ask(chain.ACTIONS, chain.acts_on(s, d), d)
    d = ask(PUBLICATION, s, d)
    return Plan(in_safe_order(d.actions), d.status, d.events, _reason(d), min(d.wake_ups, default=None))


def _reason(d: Draft) -> str:
    """One sentence for people: the phase and what it waits for."""
    return f"{d.status.phase}: {d.status.message}" if d.status.message else d.status.phase
