"""The core: pure functions from a snapshot to a plan. Standard library only; no clock, no I/O, no logging."""
