"""Metrics: what a provider answers, and what a condition says about it. Pure: no input or output, no clock."""
