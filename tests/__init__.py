"""The tests, and the cluster they run on (`python -m tests.cluster`)."""
