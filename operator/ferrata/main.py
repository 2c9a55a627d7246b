"""The composition root: settings, connection, clock, controllers, operator. The only module that knows everything."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Sequence

import structlog

from ferrata import __version__
from ferrata.clock import SystemClock
from ferrata.cluster.connection import load_connection
from ferrata.errors import FerrataError, SettingsRejected
from ferrata.reconcile import build
from ferrata.runtime import logs
from ferrata.runtime.operator import Operator
from ferrata.settings import Settings, parse

log = structlog.get_logger(__name__)
_LAST_SECONDS = 2.0
"""A process that lost its lease ends within this time, whatever threads still run."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the operator until it is told to stop. `ferrata` and `ferrata operator` are the same.

    0 after a graceful end, 1 when the cluster forced one, 2 for settings that make no sense.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        settings = parse(words[1:] if words[:1] == ["operator"] else words, f"ferrata {__version__}")
    except SettingsRejected as error:
        for problem in error.problems:
            print(f"ferrata: {problem}", file=sys.stderr)
        return 2
    logs.configure(settings.loglevel, settings.logformat)
    for flag in settings.ignored_flags:
        log.warning("flag without effect", flag=flag)
    return _operate(settings)


def _operate(settings: Settings) -> int:
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            status = runner.run(_start(settings))
            if status:
                _end_soon(status)
            return status
    except (FerrataError, OSError) as error:
        log.critical("ending", error=str(error))
    except Exception:
        log.exception("ending: this is a bug in ferrata")
    return 1


async def _start(settings: Settings) -> int:
    connection = await asyncio.to_thread(load_connection, settings.kubeconfig, settings.context)
    log.info("starting", version=__version__, server=connection.server, instance_id=settings.instance_id)
    return await Operator(settings, connection, SystemClock(), __version__, build).run()


def _end_soon(status: int) -> None:
    timer = threading.Timer(_LAST_SECONDS, os._exit, (status,))
    timer.daemon = True
    timer.start()


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: half the latency of an event."""
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return uvloop.Loop
