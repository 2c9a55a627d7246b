"""The load's side of the wire: cheap, so that the machine's time goes to what is measured.

- Wire: requests over one kept connection for each thread
- WeightWatch: when each canary Ingress last changed its weight, by a watch
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tests.cluster import ApiError, Plane

Json = dict[str, Any]
T = TypeVar("T")
WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"
_THREADS = 4
_REST = 20.0


class Wire:
    """A client of a plane's API server as its administrator."""

    def __init__(self, plane: Plane) -> None:
        self._address = plane.server.removeprefix("https://")
        self._tls = ssl.create_default_context(cafile=str(plane.ca))
        self._token = plane.token
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(_THREADS)

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._address, context=self._tls, timeout=60)

    def headers(self, content: str = "application/json") -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Content-Type": content, "User-Agent": "bench"}

    def request(self, method: str, path: str, body: Json | None = None) -> Json:
        """The decoded answer. A patch is a merge patch. Raises ApiError for an error's answer."""
        connection = self._kept()
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), self.headers(content))
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise ApiError(method, path, answer.status, text.decode(errors="replace"))
        decoded: Json = json.loads(text)
        return decoded

    def _kept(self) -> http.client.HTTPSConnection:
        """This thread's connection, a new one after a rest: the API server closes those that rest too long."""
        now = time.monotonic()
        if now - getattr(self._own, "used", -_REST) >= _REST:
            self._own.connection = self.connect()
        self._own.used = now
        connection: http.client.HTTPSConnection = self._own.connection
        return connection

    def each(self, work: Callable[[str], object], names: Iterable[str]) -> None:
        """Do it for all names, a few at a time; the first failure is raised."""
        for _ in self._pool.map(work, names):
            pass


class WeightWatch:
    """The weights of a namespace's canary Ingresses as a watch tells them, with the instant of their arrival."""

    def __init__(self, wire: Wire, namespace: str) -> None:
        path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"
        listed = wire.request("GET", path)
        self.weights: dict[str, tuple[str, float]] = {}  # Ingress -> weight, monotonic seconds at which it was seen
        self._changed = threading.Condition()
        for ingress in listed["items"]:
            self._take(ingress)
        since = listed["metadata"]["resourceVersion"]
        connection = wire.connect()
        connection.timeout = 3600
        connection.request(
            "GET", f"{path}?watch=true&resourceVersion={since}&timeoutSeconds=3600", None, wire.headers()
        )
        threading.Thread(target=self._read, args=(connection.getresponse(), connection), daemon=True).start()

    def _read(self, stream: http.client.HTTPResponse, _kept: http.client.HTTPSConnection) -> None:
        while line := stream.readline():
            self._take(json.loads(line)["object"])

    def _take(self, ingress: Json) -> None:
        weight = ingress["metadata"].get("annotations", {}).get(WEIGHT)
        if weight is None:
            return
        name = ingress["metadata"]["name"]
        with self._changed:
            if self.weights.get(name, ("",))[0] != weight:
                self.weights[name] = (weight, time.monotonic())
                self._changed.notify_all()

    def until(self, names: Iterable[str], weight: str, seconds: float) -> float:
        """The instant at which the last of those Ingresses got that weight. Raises TimeoutError."""
        wanted = set(names)

        def there() -> bool:
            return all(self.weights.get(name, ("",))[0] == weight for name in wanted)

        with self._changed:
            if not self._changed.wait_for(there, seconds):
                late = sorted(name for name in wanted if self.weights.get(name, ("",))[0] != weight)
                raise TimeoutError(f"{len(late)} Ingresses never got weight {weight}: {', '.join(late[:5])}")
            return max(self.weights[name][1] for name in wanted)
