"""Deciding about one Rollout. Start at `decide.py`: the chains of questions, and the plan that comes of them.

decide.py       asks the chains of the strategy, then publishes
draft.py        what has been decided so far in one pass; what a question is
canary/         the canary's own: chain.py (its questions in order), position, steps, weights, sizes, traffic
view.py         what the shared questions ask of a strategy
counts.py, numbering.py, sizing.py, placement.py, retire.py, promotion.py, runs.py, deadline.py   shared by strategies
restart.py      old pods evicted, a few at a time
conditions.py, phase.py, duration.py, events.py   what is published
invariant.py    what no plan may ever do
"""
