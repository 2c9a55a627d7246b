"""Releasing by canary. Start at `chain.py`: it lists the questions in the order in which they are asked."""
