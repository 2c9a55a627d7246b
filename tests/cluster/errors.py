"""The one error of the tests' cluster: a sentence that says what is wrong and what to do."""

from __future__ import annotations


class ClusterError(Exception):
    """The cluster cannot be built, started or reached; the message is shown to the user as it is."""
