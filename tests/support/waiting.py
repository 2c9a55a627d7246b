"""Waiting for something to come true in another task, with a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], what: str, seconds: float = 5.0) -> None:
    """Returns as soon as `condition()` is true; fails the test after `seconds`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition():
        assert loop.time() < end, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.005)
