"""How to reach the API server: in-cluster or by a kubeconfig, through the `kubernetes` package's loaders."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from kubernetes import client, config

from ferrata.errors import WorldUnavailable

_TOKEN_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


@dataclass(frozen=True, slots=True)
class Connection:
    """An API server's address, how to trust it, and `authorization`: a callable giving the header's value or None."""

    server: str
    tls: ssl.SSLContext | None
    authorization: Callable[[], str | None]

    def session(self, *, limit: int = 64) -> aiohttp.ClientSession:
        """A new session of at most `limit` connections; the caller closes it. The token is read for each request."""
        connector = aiohttp.TCPConnector(limit=limit, ssl=self.tls or True, ttl_dns_cache=300)

        async def authorize(request: aiohttp.ClientRequest, call: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            header = self.authorization()
            if header:
                request.headers["Authorization"] = header
            return await call(request)

        return aiohttp.ClientSession(
            self.server, connector=connector, middlewares=(authorize,), headers={"User-Agent": "rollouts-controller"}
        )


def load_connection(kubeconfig: str | None = None, context: str | None = None) -> Connection:
    """The connection that `kubeconfig` describes, the pod's own inside a cluster, or the user's default one.

    Raises WorldUnavailable with a sentence when there is none.
    """
    settings = client.Configuration()
    try:
        if kubeconfig is None and context is None and _TOKEN_FILE.exists():
            config.load_incluster_config(client_configuration=settings)
        else:
            config.load_kube_config(config_file=kubeconfig, context=context, client_configuration=settings)
    except (config.ConfigException, OSError) as error:
        raise WorldUnavailable(f"no way to the API server: {error}; name one by --kubeconfig") from error
    return Connection(settings.host, _tls(settings), _authorization(settings))


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
    """Tokens rotate: a mounted one is read from its file, others are refreshed by the loader's own hook."""

    def header() -> str | None:
        if settings.username:
            pair = f"{settings.username}:{settings.password or ''}"
            return "Basic " + base64.b64encode(pair.encode()).decode()
        value = settings.get_api_key_with_prefix("authorization") or settings.get_api_key_with_prefix("BearerToken")
        return str(value) if value else None

    return header
