"""Probes and metrics, served from the first moment on, by a standby too.

`/healthz`: this process can do its work (else the kubelet restarts it). `/readyz`: it does, or stands by for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.Response]]
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Endpoints:
    """`sickness` and `hindrance` say in a sentence what is wrong, "" when all is well; `metrics` gives the text."""

    def __init__(
        self, *, sickness: Callable[[], str], hindrance: Callable[[], str], metrics: Callable[[], bytes]
    ) -> None:
        self._sickness, self._hindrance, self._metrics = sickness, hindrance, metrics
        self._runners: list[web.AppRunner] = []

    async def start(self, address: str, health_port: int, metrics_port: int) -> tuple[int, int]:
        """Starts to serve; the two ports that were taken (0 asks for any). Raises OSError when one is in use."""
        health = {"/healthz": self._health, "/readyz": self._ready}
        return (
            await self._serve(web.Application(), health, address, health_port),
            await self._serve(web.Application(), {"/metrics": self._scrape}, address, metrics_port),
        )

    async def stop(self) -> None:
        """Stops to serve."""
        for runner in self._runners:
            await runner.cleanup()

    async def _serve(self, app: web.Application, routes: Mapping[str, Answer], address: str, port: int) -> int:
        for path, answer in routes.items():
            app.router.add_get(path, answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, address or None, port).start()
        return int(runner.addresses[0][1])

    async def _health(self, _: web.Request) -> web.Response:
        return _verdict(self._sickness())

    async def _ready(self, _: web.Request) -> web.Response:
        return _verdict(self._sickness() or self._hindrance())

    async def _scrape(self, _: web.Request) -> web.Response:
        """Written in a thread: ten thousand series take a while, and decisions must not wait for them."""
        return web.Response(body=await asyncio.to_thread(self._metrics), headers={"Content-Type": _TYPE})


def _verdict(fault: str) -> web.Response:
    return web.Response(text=fault or "ok", status=503 if fault else 200)
