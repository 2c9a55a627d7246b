"""Probes and metrics, served from the first moment on, by a standby too."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from ferrata.runtime.telemetry import Telemetry


class Endpoints:
    """`/healthz` and `/readyz` on one port, `/metrics` on another. `sickness` says what is wrong, or ""."""

    def __init__(self, telemetry: Telemetry, sickness: Callable[[], str]) -> None:
        self._telemetry, self._sickness = telemetry, sickness
        self._runners: list[web.AppRunner] = []

    async def start(self, health_port: int, metrics_port: int) -> tuple[int, int]:
        """Starts to serve; the two ports that were taken. Raises OSError when one is in use."""
        health = web.Application()
        health.add_routes([web.get("/healthz", self._health), web.get("/readyz", self._ready)])
        metrics = web.Application()
        metrics.add_routes([web.get("/metrics", self._metrics)])
        return await self._serve(health, health_port), await self._serve(metrics, metrics_port)

    async def stop(self) -> None:
        """Stops to serve."""
        for runner in self._runners:
            await runner.cleanup()

    async def _serve(self, app: web.Application, port: int) -> int:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, None, port).start()
        return int(runner.addresses[0][1])

    async def _health(self, _: web.Request) -> web.Response:
        sickness = self._sickness()
        return web.Response(text=sickness or "ok", status=500 if sickness else 200)

    async def _ready(self, _: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._telemetry.text(), content_type="text/plain", charset="utf-8")
