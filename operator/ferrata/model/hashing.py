"""Hashes that name revisions and recognise changed steps: FNV-1a over Go's JSON, in Kubernetes' safe alphabet."""

from __future__ import annotations

from typing import Any

from ferrata.model.pod_template import canonical, go_json

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_STEP_FIELDS = (
    "setWeight",
    "pause",
    "experiment",
    "analysis",
    "setCanaryScale",
    "setHeaderRoute",
    "setMirrorRoute",
    "plugin",
)


def fnv1a(content: bytes) -> int:
    """The 32-bit FNV-1a hash (offset 0x811c9dc5, prime 0x01000193)."""
    value = 0x811C9DC5
    for byte in content:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def _encode(value: int) -> str:
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(value))


def pod_template_hash(template: object, collision_count: int | None = None) -> str:
    """1 to 10 characters that name the revision of `template`; another name for each collision count."""
    content = go_json(canonical(template))
    if collision_count is not None:
        content += (collision_count & 0xFFFFFFFF).to_bytes(4, "little") + bytes(4)
    return _encode(fnv1a(content))


def step_hash(steps: Any) -> str:
    """The hash of a canary's steps; no steps (None) and an empty list differ."""
    if not isinstance(steps, list):
        return _encode(fnv1a(b"null"))
    ordered = [
        {key: step[key] for key in _STEP_FIELDS if key in step} if isinstance(step, dict) else {} for step in steps
    ]
    return _encode(fnv1a(go_json(ordered)))
