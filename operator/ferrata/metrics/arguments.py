"""`{{args.x}}` in metrics: filled in on the JSON of a metric in one pass, escaped so that strings stay strings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ferrata.errors import SpecRejected

Json = dict[str, Any]
_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_MASK = "*****"


def substitute(metric: Json, values: Mapping[str, str | None]) -> Json:
    """`metric` with its tags replaced. Raises SpecRejected for a tag or an argument without a value."""
    for name, value in values.items():
        if value is None:
            raise SpecRejected(f'argument "{name}" was not supplied')
    text = json.dumps(metric, ensure_ascii=False)

    def fill(tag: re.Match[str]) -> str:
        name = tag[1].strip()
        value = values.get(name.removeprefix("args.")) if name.startswith("args.") else None
        if value is None:
            raise SpecRejected("failed to resolve {{" + tag[1] + "}}")
        return json.dumps(value, ensure_ascii=False)[1:-1]

    filled: Json = json.loads(_TAG.sub(fill, text))
    return filled


def masked(message: str, secrets: tuple[str, ...]) -> str:
    """`message` with the values of secrets hidden; an empty one hides nothing."""
    for secret in secrets:
        if secret:
            message = message.replace(secret, _MASK)
    return message
