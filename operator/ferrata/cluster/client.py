"""A thin asynchronous client: plain dicts in and out, typed errors, a rate limit, and a fence before every write.

What is repeated here: reads (connection errors, 5xx) and what the server refused to start (429). A write that failed
otherwise is not repeated blindly: the reconciliation decides again on what it then sees.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import aiohttp
import orjson

from ferrata.clock import Clock
from ferrata.cluster.answers import error_of, lines
from ferrata.cluster.connection import Connection
from ferrata.cluster.kinds import Kind
from ferrata.errors import LeadershipLost, NotFound, Throttled, WorldUnavailable

Json = dict[str, Any]
Objects = list[Json]
FIELD_MANAGER = "rollouts-controller"
"""Argo Rollouts' own manager name, so that users' `managedFieldsManagers` rules keep working."""

PatchContent = Literal["merge", "json", "strategic"]
_PATCH_TYPES: dict[PatchContent, str] = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
_MANAGED = {"fieldManager": FIELD_MANAGER}
_TRIES = 4
_LONGEST_WAIT = 5.0
_A_REQUEST = 0.02
"""Seconds: about what a request takes while there are many."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a list, and the version of the whole list."""

    items: Objects
    resource_version: str


class WriteHook(Protocol):
    """Told about each write that the API server answered (`OwnWrites` is one)."""

    def answered(self, kind: Kind, answer: Json) -> None:
        """The object as it now is."""

    def deleted(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """The object is gone."""


class TokenBucket:
    """At most `rate` requests a second over time, `burst` at once."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._tokens, self._at = float(burst), clock.monotonic()

    def delay(self) -> float:
        """Seconds to wait before the next request; takes one token."""
        self._refill()
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def busy(self) -> float:
        """Seconds until half of the burst is free again, if nobody asks meanwhile; 0 when it is."""
        self._refill()
        return max(0.0, (self._burst / 2 - self._tokens) / self._rate)

    def _refill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now


class ApiClient:
    """Reads and writes objects. `fence` is asked before each write: when it says no, LeadershipLost is raised.

    `on_request(verb, kind, HTTP code or 0, seconds)` hears of each request; `timeout` is seconds per request.
    Every method raises the errors of `ferrata.errors`: Forbidden, SpecRejected (422, 400, 413 with the server's own
    sentence), Throttled, WorldUnavailable for what may pass.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Clock,
        qps: float = 200,
        burst: int = 400,
        fence: Callable[[], bool] = lambda: True,
        on_request: Callable[[str, str, int, float], None] | None = None,
        on_write: WriteHook | None = None,
        timeout: float = 15,
        connections: int = 64,
    ) -> None:
        self._connection, self._clock, self._fence, self._on_request = connection, clock, fence, on_request
        self._bucket = TokenBucket(qps, burst, clock)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._under_way = 0
        self.on_write = on_write

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def busy(self) -> float:
        """Seconds that whoever is in no hurry should wait before the next request; 0 when nobody else asks."""
        return max(self._bucket.busy(), _A_REQUEST if self._under_way else 0.0)

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Json:
        """The object. Raises NotFound."""
        return await self._call("GET", kind, kind.path(namespace, name))

    async def list(
        self, kind: Kind, namespace: str | None = None, *, label_selector: str = "", limit: int = 500
    ) -> tuple[Objects, str]:
        """All objects and the resourceVersion of the list. Raises NotFound when the kind is not served."""
        items: Objects = []
        version = ""
        async for page in self.pages(kind, namespace, label_selector=label_selector, limit=limit):
            items += page.items
            version = page.resource_version
        return items, version

    async def pages(
        self, kind: Kind, namespace: str | None = None, *, label_selector: str = "", limit: int = 500
    ) -> AsyncIterator[Page]:
        """The same page by page, so that only one page is in memory. Raises Expired when the list takes too long."""
        query = {"limit": str(limit)} | ({"labelSelector": label_selector} if label_selector else {})
        identity = {"apiVersion": kind.api_version, "kind": kind.kind}
        while True:
            page = await self._call("GET", kind, kind.path(namespace), query)
            metadata = page["metadata"]
            items = [identity | item for item in page.get("items") or ()]
            yield Page(items, str(metadata.get("resourceVersion", "")))
            if not (token := metadata.get("continue")):
                return
            query["continue"] = token

    async def create(self, kind: Kind, namespace: str | None, body: Json) -> Json:
        """The created object. Raises AlreadyExists."""
        return self._wrote(kind, await self._call("POST", kind, kind.path(namespace), _MANAGED, body))

    async def act(self, kind: Kind, namespace: str, name: str, subresource: str, body: Json) -> Json:
        """Posts `body` to a subresource that does something to the object. Never repeated, not even when refused."""
        path = kind.path(namespace, name, subresource)
        return await self._once("POST", kind, path, {}, body, "application/json")

    async def patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        body: object,
        *,
        subresource: str | None = None,
        content: PatchContent = "merge",
    ) -> Json:
        """The patched object. Raises NotFound, or Conflict when `body` names another resourceVersion."""
        path = kind.path(namespace, name, subresource)
        return self._wrote(kind, await self._call("PATCH", kind, path, _MANAGED, body, _PATCH_TYPES[content]))

    async def replace(
        self, kind: Kind, namespace: str | None, name: str, body: Json, *, subresource: str | None = None
    ) -> Json:
        """The replaced object. Raises Conflict when the object changed since `body` was read."""
        path = kind.path(namespace, name, subresource)
        return self._wrote(kind, await self._call("PUT", kind, path, _MANAGED, body))

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        """Asks for deletion, of that very `uid` and version where given (else Conflict).

        An object that is gone already is what was wanted.
        """
        expected = {"uid": uid, "resourceVersion": resource_version}
        preconditions = {key: value for key, value in expected.items() if value}
        body: Json = {"propagationPolicy": propagation} | ({"preconditions": preconditions} if preconditions else {})
        try:
            answer = await self._call("DELETE", kind, kind.path(namespace, name), {}, body)
        except NotFound:
            return
        if answer.get("kind") != "Status":
            self._wrote(kind, answer)
        elif self.on_write and (gone := (answer.get("details") or {}).get("uid")):
            self.on_write.deleted(kind, namespace or "", name, gone)

    async def watch(
        self,
        kind: Kind,
        namespace: str | None,
        resource_version: str,
        *,
        label_selector: str = "",
        seconds: int = 300,
        silence: float = 70,
        opened: Callable[[], None] = lambda: None,
    ) -> AsyncIterator[Json]:
        """Watch events from `resource_version` on, until the server ends the stream or is silent for `silence` s.

        `opened` is called when the server has accepted the watch. Raises Expired when the version is too old,
        WorldUnavailable when the stream breaks.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
        } | ({"labelSelector": label_selector} if label_selector else {})
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silence)
        try:
            async with self._open().get(
                self._connection.server + kind.path(namespace), params=query, timeout=timeout
            ) as response:
                if response.status != 200:
                    raise error_of(response.status, response.headers, await response.read(), f"WATCH {kind.plural}")
                opened()
                async for line in lines(response.content.iter_any()):
                    yield orjson.loads(line)
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as error:
            raise WorldUnavailable(f"the watch of {kind.plural} broke: {str(error) or type(error).__name__}") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._connection.session(limit=self._connections)
        return self._session

    def _wrote(self, kind: Kind, answer: Json) -> Json:
        if self.on_write is not None:
            self.on_write.answered(kind, answer)
        return answer

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
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._once(method, kind, path, query or {}, body, content_type)
            except WorldUnavailable as error:
                pause = _pause_before_retry(error, method, attempt)
                if pause is None:
                    raise
                await asyncio.sleep(pause * random.uniform(1, 1.2))

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
        code = 0
        self._under_way += 1
        try:
            async with self._open().request(
                method,
                self._connection.server + path,
                params=query,
                data=content,
                headers=headers,
                timeout=self._timeout,
            ) as response:
                answer = await response.read()
                code = response.status
            if code >= 400:
                raise error_of(code, response.headers, answer, f"{method} {path}")
            return orjson.loads(answer)  # type: ignore[no-any-return]
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as error:
            raise WorldUnavailable(f"{method} {path}: {str(error) or type(error).__name__}") from error
        finally:
            self._under_way -= 1
            if self._on_request:
                self._on_request(method, kind.kind, code, self._clock.monotonic() - started)


def _pause_before_retry(error: WorldUnavailable, method: str, attempt: int) -> float | None:
    """Seconds to wait before the same request again; None when it must not or need not be repeated."""
    if attempt >= _TRIES:
        return None
    if isinstance(error, Throttled):
        return error.retry_after if error.retry_after <= _LONGEST_WAIT else None
    return 0.1 * 2.0**attempt if method == "GET" and type(error) is WorldUnavailable else None
