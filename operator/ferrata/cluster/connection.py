"""How to reach the API server: in-cluster or by a kubeconfig, through the `kubernetes` package's loaders.

The loaders know every way to log in (certificates, tokens, mounted token files, exec plugins, OIDC); requests go
through sessions of our own. A session asks for the Authorization header at most every ten seconds, in a thread,
because an exec plugin is a program that runs for a while and a mounted token is rotated under our feet.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from kubernetes import client, config

from ferrata.clock import Clock, SystemClock
from ferrata.errors import WorldUnavailable

_TOKEN_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
_HEADER_AGE = 10.0
OnAnswer = Callable[[str, str, Mapping[str, str], int], None]
"""Called with method, path, query and HTTP status of each answer, before its body is read."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An API server's address, how to trust it, and `authorization`: a callable giving the header's value or None."""

    server: str
    tls: ssl.SSLContext | None
    authorization: Callable[[], str | None]
    server_name: str | None = None
    proxy: str | None = None
    clock: Clock = field(default_factory=SystemClock)

    def session(self, *, limit: int = 64, on_answer: OnAnswer | None = None) -> aiohttp.ClientSession:
        """A new session of at most `limit` connections (0: no limit); the caller closes it and names whole URLs."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limit, ssl=self.tls or True, ttl_dns_cache=300),
            middlewares=(_Authorize(self),),
            headers={"User-Agent": "rollouts-controller"},
            proxy=self.proxy,
            trace_configs=[_trace(on_answer)] if on_answer else [],
        )


class _Authorize:
    """Puts the Authorization header on every request; it is renewed by one request at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._lock = connection, asyncio.Lock()
        self._header: str | None = None
        self._until = float("-inf")

    async def __call__(self, request: aiohttp.ClientRequest, call: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        if self._connection.clock.monotonic() >= self._until:
            await self._renew()
        if self._header:
            request.headers["Authorization"] = self._header
        if self._connection.server_name:
            request.server_hostname = self._connection.server_name
        return await call(request)

    async def _renew(self) -> None:
        async with self._lock:
            if self._connection.clock.monotonic() >= self._until:
                self._header = await asyncio.to_thread(self._connection.authorization)
                self._until = self._connection.clock.monotonic() + _HEADER_AGE


def _trace(on_answer: OnAnswer) -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()

    async def answered(_session: object, _context: object, seen: aiohttp.TraceRequestEndParams) -> None:
        on_answer(seen.method, seen.url.path, seen.url.query, seen.response.status)

    trace.on_request_end.append(answered)
    return trace


def load_connection(kubeconfig: str | None = None, context: str | None = None) -> Connection:
    """The connection that `kubeconfig` describes, the pod's own inside a cluster, or the user's default one.

    Raises WorldUnavailable with a sentence when there is none.
    """
    settings = client.Configuration()
    try:
        if not kubeconfig and not context and _TOKEN_FILE.exists():
            config.load_incluster_config(client_configuration=settings)
        else:
            config.load_kube_config(
                config_file=kubeconfig or None, context=context or None, client_configuration=settings
            )
    except (config.ConfigException, OSError) as error:
        raise WorldUnavailable(f"no way to the API server: {error}; name a kubeconfig by --kubeconfig") from error
    return Connection(
        settings.host.rstrip("/"),
        _tls(settings),
        _authorization(settings),
        server_name=settings.tls_server_name,
        proxy=settings.proxy,
    )


def _tls(settings: client.Configuration) -> ssl.SSLContext | None:
    if not settings.host.startswith("https"):
        return None
    tls = ssl.create_default_context(cafile=settings.ssl_ca_cert)
    if not settings.verify_ssl:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    if settings.cert_file:
        tls.load_cert_chain(settings.cert_file, settings.key_file)
    return tls


def _authorization(settings: client.Configuration) -> Callable[[], str | None]:
    """Tokens rotate: the loader's own hook reads the mounted file again or runs the plugin again."""

    def header() -> str | None:
        if settings.username:
            pair = f"{settings.username}:{settings.password or ''}"
            return "Basic " + base64.b64encode(pair.encode()).decode()
        value = settings.get_api_key_with_prefix("BearerToken") or settings.get_api_key_with_prefix("authorization")
        return str(value).strip() if value else None

    return header
