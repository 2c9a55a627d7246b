"""A proxy between the operator and the API server that counts writes, and tells when one has been carried out.

    with Proxy(plane.server, plane.ca, after_write) as proxy:
        ...  # the operator's kubeconfig names proxy.address

`after_write(method, path)` is called once the API server has answered and before the operator hears of it: who kills
the operator there leaves it without the answer, as a crash at the worst moment does.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

_HOP = frozenset({"host", "connection", "transfer-encoding", "content-length", "content-encoding", "accept-encoding"})
_LARGEST = 8 * 2**20
_CLOSING = 0.3
"""Seconds in which connections that were told to close do so."""


class Proxy:
    """Serves on a free port of 127.0.0.1 while entered, in a thread of its own."""

    def __init__(self, server: str, authority: Path, after_write: Callable[[str, str], None]) -> None:
        self._server, self._authority, self._after_write = server, authority, after_write
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy")
        self._ready = threading.Event()
        self._end = asyncio.Event()
        self.address = ""

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the proxy does not start"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(_CLOSING))
        self._loop.close()

    async def _serve(self) -> None:
        tls = ssl.create_default_context(cafile=str(self._authority))
        connector = TCPConnector(ssl=tls, limit=0)
        async with ClientSession(
            connector=connector, timeout=ClientTimeout(total=None), auto_decompress=False
        ) as session:
            app = web.Application(client_max_size=_LARGEST)
            app.router.add_route("*", "/{path:.*}", lambda request: self._forward(session, request))
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._ready.set()
            await self._end.wait()
            await runner.cleanup()

    async def _forward(self, session: ClientSession, request: web.Request) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        headers["Accept-Encoding"] = "identity"
        url, body = f"{self._server}{request.raw_path}", await request.read()
        async with session.request(request.method, url, data=body or None, headers=headers) as found:
            kept = {name: value for name, value in found.headers.items() if name.lower() not in _HOP}
            if request.method != "GET":
                whole = await found.read()
                if found.status < 300:
                    self._after_write(request.method, request.path)
                return web.Response(status=found.status, headers=kept, body=whole)
            answer = web.StreamResponse(status=found.status, headers=kept)
            try:
                await answer.prepare(request)
                async for chunk in found.content.iter_any():
                    await answer.write(chunk)
            except (ClientError, ConnectionError):
                return answer  # one of the two has hung up
            return answer
