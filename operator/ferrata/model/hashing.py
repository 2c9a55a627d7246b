"""The two hashes by which a Rollout recognises itself: of its pod template and of its steps.

pod_template_hash   names ReplicaSets (`<rollout>-<hash>`) and tells their pods apart
step_hash           `status.currentStepHash`: when it changes, a release starts over at step 0

Recipe: FNV-1a with 32 bits over the JSON; the decimal digits of the sum are mapped to an alphabet without vowels,
so that no word comes out. Both are part of the `argoproj.io/v1alpha1` contract: names must survive a migration.
"""

from __future__ import annotations

from typing import Any, Final

from ferrata.model.pod_template import go_json
from ferrata.model.pod_types import decode, encode
from ferrata.model.remembered import Remembered

_OFFSET: Final = 0x811C9DC5
_PRIME: Final = 0x01000193
_MASK: Final = 0xFFFFFFFF
_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_HASHES: Final = Remembered[str]()
_TO_LETTER: Final = str.maketrans({digit: _ALPHABET[ord(digit) % 27] for digit in "0123456789"})


def pod_template_hash(template: Any, collision_count: int | None = None) -> str:
    """Hash of a Rollout's `spec.template` as it was written, 1 to 10 letters.

    `collision_count` is `status.collisionCount`: another count gives another hash when a name is taken.
    """

    def make() -> str:
        count = b"" if collision_count is None else (collision_count & _MASK).to_bytes(4, "little") + bytes(4)
        return _letters(go_json(template) + count)

    return _HASHES.of(template, make, collision_count)


def step_hash(steps: Any) -> str:
    """Hash of `spec.strategy.canary.steps`; none, and an empty list, have the same."""
    return _HASHES.of(steps, lambda: _letters(encode(decode("[]CanaryStep", steps or None))))


def _letters(data: bytes) -> str:
    total = _OFFSET
    for byte in data:
        total = (total ^ byte) * _PRIME & _MASK
    return str(total).translate(_TO_LETTER)
