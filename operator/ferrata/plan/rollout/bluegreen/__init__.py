"""Releasing by blue-green: a whole second revision, then one switch. Start at `chain.py`."""
