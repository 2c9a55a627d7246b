"""Deciding about one Rollout. Start at `decide.py`: it lists the questions in the order in which they are asked.

decide.py       the order of the questions, and the plan
draft.py        what has been decided so far in one pass
position.py     which step the climb is on: restart, abort, promote, pause, advance
weights.py      which weight sizes the canary, and which weight its traffic gets
sizes.py        how many pods each revision should have
basic.py        the arithmetic without a router: maxSurge, maxUnavailable, closest ratio
retire.py       what happens to revisions that are no longer needed
traffic.py      services and split
runs.py         analysis that belongs to the release
conditions.py, phase.py, duration.py   what is published
invariant.py    what no plan may ever do
"""
