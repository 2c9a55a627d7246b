"""Judging measurements without holding up the event loop.

Nearly every condition takes microseconds and is judged at once. What takes more goes to a single thread, so that costly
conditions delay each other only; the limits of the language bound each of them to about a second.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from ferrata.metrics.expression import Judgement, check, judge, judge_quickly


class Judges:
    """Judges conditions; close it to end its thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="judge")
        # The grammar takes a tenth of a second to build, once: before the first condition, and not in the event loop.
        self._thread.submit(check, "true")

    async def judge(self, success: str | None, failure: str | None, result: object, now: datetime) -> Judgement:
        """Return what the conditions say about `result`; never raises."""
        quick = judge_quickly(success, failure, result, now)
        if quick is not None:
            return quick
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, judge, success, failure, result, now)

    def close(self) -> None:
        """Ends the thread; what it judges right now is left to the limits of the language."""
        self._thread.shutdown(wait=False, cancel_futures=True)
