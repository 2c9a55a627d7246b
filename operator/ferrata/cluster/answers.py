"""What the API server answers: lines of a stream, and which error an HTTP status is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from ferrata.errors import (
    AlreadyExists,
    Conflict,
    Expired,
    FerrataError,
    Forbidden,
    NotFound,
    SpecRejected,
    Throttled,
    WorldUnavailable,
)


async def lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines of any length; what is left without an end is not a line. (aiohttp's own reader stops at its buffer.)"""
    parts: list[bytes] = []
    async for chunk in chunks:
        first, *rest = chunk.split(b"\n")
        parts.append(first)
        for piece in rest:
            if line := b"".join(parts):
                yield line
            parts = [piece]


def error_of(code: int, headers: Mapping[str, str], answer: bytes, request: str) -> FerrataError:
    """The error for HTTP status `code` that says who must act, with the server's own sentence where it has one."""
    status = _status(answer)
    message = str(status.get("message") or f"{request}: HTTP {code}")
    match code:
        case 404:
            return NotFound(message)
        case 409:
            return AlreadyExists(message) if status.get("reason") == "AlreadyExists" else Conflict(message)
        case 410:
            return Expired(message)
        case 429:
            return Throttled(message, _seconds(headers.get("Retry-After", "")))
        case 401 | 403:
            return Forbidden(message)
        case 400 | 413 | 422:
            causes = (status.get("details") or {}).get("causes") or [{}]
            return SpecRejected(message, str(causes[0].get("field") or ""))
    return WorldUnavailable(f"{request}: {message}" if status else message)


def _status(answer: bytes) -> dict[str, Any]:
    try:
        status = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return {}
    return status if isinstance(status, dict) else {}


def _seconds(text: str) -> float:
    """The value of Retry-After; 1 when it is absent or a date."""
    return float(text) if text.isdigit() else 1.0
