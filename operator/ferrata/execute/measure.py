"""Asking metrics backends. Prometheus goes through prometheus-api-client, which blocks, so it runs on a few threads.

Whatever goes wrong becomes a Failure with its reason: a backend that is down, slow or talks nonsense never stops us.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import requests
import urllib3
from prometheus_api_client import PrometheusConnect

from ferrata.clock import Clock, SystemClock
from ferrata.execute.judging import Judges
from ferrata.metrics import prometheus
from ferrata.metrics.base import Failure, Request, Sample

_THREADS = 16
_MOST = 8 * 1024 * 1024
"""Bytes of an answer that are read; a metric is a handful of numbers."""
_PART = 64 * 1024
"""Bytes that are read at once."""
_TAKES_NO_POST = frozenset({405, 501})
"""Answers upon which clients of the Prometheus HTTP API ask again by GET."""


class Backends:
    """Connections that are kept alive, one set per address and its settings."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="measure")
        self.judges = Judges()
        self._connections: dict[tuple[object, ...], PrometheusConnect] = {}

    async def prometheus(self, request: Request) -> Sample | Failure:
        """The sample that the query gives, or why there is none; never raises."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(request.timeout + 1):
                return await loop.run_in_executor(self._pool, self._query, request)
        except TimeoutError:
            return Failure(f'Post "{request.url}/api/v1/query": no answer within {request.timeout:g} s')

    def _query(self, request: Request) -> Sample | Failure:
        url = f"{request.url}/api/v1/query"
        try:
            status, body = self._ask(request, "POST", url)
            if status in _TAKES_NO_POST:
                status, body = self._ask(request, "GET", url)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, OverflowError) as error:
            return Failure(f'Post "{url}": {error}')
        return prometheus.sample(status, body)

    def _ask(self, request: Request, method: str, url: str) -> tuple[int, bytes]:
        session = self._connection(request)._session  # noqa: SLF001 - its own query methods hide status and body
        form, started = dict(request.form), self._clock.monotonic()
        with session.request(
            method,
            url,
            data=form if method == "POST" else None,
            params=form if method == "GET" else None,
            headers=dict(request.headers),
            timeout=request.timeout,
            auth=(request.username, request.password) if request.username else None,
            verify=request.verify,
            stream=True,
        ) as response:
            return response.status_code, self._read(response.raw, started + request.timeout)

    def _read(self, answer: urllib3.BaseHTTPResponse, until: float) -> bytes:
        """The body. A time-out of a socket begins anew with each byte, so the whole is given up at `until` (monotonic).

        Raises TimeoutError then, which is an OSError as the others of a connection.
        """
        body = bytearray()
        while len(body) < _MOST and (part := answer.read1(_PART, decode_content=True)):
            body += part
            if self._clock.monotonic() > until:
                raise TimeoutError(f"the answer is not over after {len(body)} bytes")
        return bytes(body)

    def _connection(self, request: Request) -> PrometheusConnect:
        key = (request.url, request.verify)
        if key not in self._connections:
            no_retries = urllib3.Retry(total=0)
            self._connections[key] = PrometheusConnect(
                url=request.url, disable_ssl=not request.verify, retry=no_retries, timeout=request.timeout
            )
        return self._connections[key]

    def close(self) -> None:
        """Ends the threads; queries under way are left to their time-outs."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.judges.close()
