"""A thin asynchronous client: plain dicts in and out, typed errors, a rate limit, and a fence before every write."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import orjson

from ferrata.clock import Clock
from ferrata.cluster.connection import Connection
from ferrata.cluster.kinds import Kind
from ferrata.errors import (
    AlreadyExists,
    Conflict,
    FerrataError,
    Forbidden,
    LeadershipLost,
    NotFound,
    SpecRejected,
    Throttled,
    WorldUnavailable,
)

Json = dict[str, Any]
FIELD_MANAGER = "rollouts-controller"
"""Argo Rollouts' own manager name, so that users' `managedFieldsManagers` rules keep working."""

_PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
_TRIES = 4


class TokenBucket:
    """At most `rate` requests a second over time, `burst` at once."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._tokens, self._at = float(burst), clock.monotonic()

    def delay(self) -> float:
        """Seconds to wait before the next request; takes one token."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - 1
        self._at = now
        return max(0.0, -self._tokens / self._rate)


class ApiClient:
    """Reads and writes objects. `fence` is asked before each write: when it says no, LeadershipLost is raised."""

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Clock,
        qps: float = 200,
        burst: int = 400,
        fence: Callable[[], bool] = lambda: True,
        on_request: Callable[[str, str, int, float], None] | None = None,
        timeout: float = 15,
    ) -> None:
        self._connection, self._clock, self._fence, self._on_request = connection, clock, fence, on_request
        self._bucket = TokenBucket(qps, burst, clock)
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Json:
        """The object. Raises NotFound."""
        return await self._call("GET", kind, kind.path(namespace, name))

    async def list(
        self, kind: Kind, namespace: str | None = None, *, label_selector: str = "", limit: int = 500
    ) -> tuple[list[Json], str]:
        """All objects and the resourceVersion of the list. Raises NotFound when the kind is not served."""
        query = {"limit": str(limit)} | ({"labelSelector": label_selector} if label_selector else {})
        items: list[Json] = []
        while True:
            page = await self._call("GET", kind, kind.path(namespace), query)
            items += page.get("items") or []
            if not (token := page["metadata"].get("continue")):
                return items, str(page["metadata"].get("resourceVersion", ""))
            query["continue"] = token

    async def create(self, kind: Kind, namespace: str | None, body: Json) -> Json:
        """The created object. Raises AlreadyExists."""
        return await self._call("POST", kind, kind.path(namespace), {"fieldManager": FIELD_MANAGER}, body)

    async def patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        body: object,
        *,
        subresource: str | None = None,
        content: str = "merge",
    ) -> Json:
        """The patched object. Raises NotFound, or Conflict when `body` names another resourceVersion."""
        path = kind.path(namespace, name, subresource)
        return await self._call("PATCH", kind, path, {"fieldManager": FIELD_MANAGER}, body, _PATCH_TYPES[content])

    async def replace(self, kind: Kind, namespace: str | None, name: str, body: Json) -> Json:
        """The replaced object. Raises Conflict when the object changed since `body` was read."""
        return await self._call("PUT", kind, kind.path(namespace, name), {"fieldManager": FIELD_MANAGER}, body)

    async def delete(self, kind: Kind, namespace: str | None, name: str, *, uid: str | None = None) -> None:
        """Asks for deletion in the background; an object that is gone already is what was wanted."""
        body: Json = {"propagationPolicy": "Background"} | ({"preconditions": {"uid": uid}} if uid else {})
        try:
            await self._call("DELETE", kind, kind.path(namespace, name), {}, body)
        except NotFound:
            return

    async def watch(
        self,
        kind: Kind,
        namespace: str | None,
        resource_version: str,
        *,
        label_selector: str = "",
        seconds: int = 300,
        silence: float = 70,
    ) -> AsyncIterator[Json]:
        """Watch events from `resource_version` on, until the server ends the stream or is silent for `silence` s."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
        } | ({"labelSelector": label_selector} if label_selector else {})
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silence)
        try:
            async with self._open().get(kind.path(namespace), params=query, timeout=timeout) as response:
                if response.status != 200:
                    raise _error(response, await response.read(), "GET", response.url.path)
                async for line in _lines(response.content):
                    yield orjson.loads(line)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise WorldUnavailable(f"the watch of {kind.plural} broke: {error or type(error).__name__}") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._connection.session()
        return self._session

    async def _call(
        self,
        method: str,
        kind: Kind,
        path: str,
        query: dict[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
    ) -> Json:
        """One request, repeated when that is safe and may help."""
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._once(method, kind, path, query or {}, body, content_type)
            except Throttled as error:
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(min(5.0, error.retry_after) * random.uniform(1, 1.2))
            except (NotFound, Conflict, AlreadyExists, LeadershipLost):
                raise
            except WorldUnavailable:
                if attempt == _TRIES or method != "GET":
                    raise
                await asyncio.sleep(0.1 * 2**attempt * random.uniform(0.8, 1.2))
        raise WorldUnavailable(f"{method} {path}: no answer")

    async def _once(
        self, method: str, kind: Kind, path: str, query: dict[str, str], body: object, content_type: str
    ) -> Json:
        if (delay := self._bucket.delay()) > 0:
            await asyncio.sleep(delay)
        if method != "GET" and not self._fence():
            raise LeadershipLost("the lease cannot be proved to be ours: nothing is written")
        started = self._clock.monotonic()
        content = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": content_type} if content else None
        try:
            timeout = aiohttp.ClientTimeout(total=self._timeout)
            async with self._open().request(
                method, path, params=query, data=content, headers=headers, timeout=timeout
            ) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise WorldUnavailable(f"{method} {path}: {error or type(error).__name__}") from error
        if self._on_request:
            self._on_request(method, kind.kind, response.status, self._clock.monotonic() - started)
        if response.status >= 400:
            raise _error(response, answer, method, path)
        return orjson.loads(answer)  # type: ignore[no-any-return]


async def _lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines of any length; the stream's own reader stops at its buffer's size."""
    rest = b""
    async for chunk in stream.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                yield line


def _error(response: aiohttp.ClientResponse, answer: bytes, method: str, path: str) -> FerrataError:
    """The error that says who must act."""
    try:
        status = orjson.loads(answer)
    except orjson.JSONDecodeError:
        status = {}
    message = status.get("message") if isinstance(status, dict) else None
    text = str(message or f"{method} {path}: HTTP {response.status}")
    match response.status:
        case 404:
            return NotFound(text)
        case 409:
            return AlreadyExists(text) if status.get("reason") == "AlreadyExists" else Conflict(text)
        case 410:
            return Conflict(text)
        case 429:
            return Throttled(text, float(response.headers.get("Retry-After", "1")))
        case 401 | 403:
            return Forbidden(text)
        case 400 | 413 | 422:
            return SpecRejected(text)
    return WorldUnavailable(text)
