"""Ferrata: progressive delivery for Kubernetes. See ARCHITECTURE.md for the picture and the reading order."""

__version__ = "0.1.0"
