"""The composition root: settings, connection, clock, operator. The only module that knows everything."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from ferrata import __version__
from ferrata.clock import SystemClock
from ferrata.cluster.connection import load_connection
from ferrata.errors import FerrataError
from ferrata.runtime import logs
from ferrata.runtime.operator import Operator
from ferrata.settings import Settings, from_process


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the operator until it is told to stop; its exit status (2 for settings that make no sense)."""
    settings = from_process(sys.argv[1:] if arguments is None else arguments, __version__)
    logs.configure(settings.log_level, settings.log_format)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_operate(settings))
    except (FerrataError, OSError) as error:
        print(f"ferrata: {error}", file=sys.stderr)
        return 1


async def _operate(settings: Settings) -> int:
    connection = load_connection(settings.kubeconfig, settings.context)
    return await Operator(settings, connection, SystemClock(), __version__).run()


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: half the latency of an event."""
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return uvloop.Loop
