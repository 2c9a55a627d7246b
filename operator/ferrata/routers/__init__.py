"""Codecs between a split and the manifests of each vendor. No I/O: a router says what it needs, reads and renders."""
