"""A thin client of the Kubernetes API over urllib: what the cluster's set-up and its tests need, no dependency.

Paths are those of the API ("/api/v1/namespaces/x/pods"); answers are the decoded JSON.
"""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from .errors import ClusterError

Json = dict[str, Any]
T = TypeVar("T")


class ApiError(ClusterError):
    """The API server answered with an error; `status` is the HTTP status."""

    def __init__(self, method: str, path: str, status: int, text: str) -> None:
        super().__init__(f"{method} {path}: {status} {text[:500]}")
        self.status = status


class Api:
    """The API server of one cluster as one user."""

    def __init__(self, server: str, token: str, authority: Path) -> None:
        self.server = server
        self._token = token
        self._tls = ssl.create_default_context(cafile=str(authority))

    def request(
        self, method: str, path: str, body: Any = None, content: str = "application/json", timeout: float = 30
    ) -> Json:
        """One request. Raises ApiError for an error's answer and OSError when there is no answer."""
        return self._decoded(self.raw(method, path, body, content, timeout))

    @staticmethod
    def _decoded(text: bytes) -> Json:
        answer: Json = json.loads(text) if text else {}
        return answer

    def raw(
        self,
        method: str,
        path: str,
        body: Any = None,
        content: str = "application/json",
        timeout: float = 30,
        accept: str = "*/*",
    ) -> bytes:
        """One request, its answer undecoded (logs, metrics, /readyz)."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": content, "Accept": accept}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=timeout) as answer:
                read: bytes = answer.read()
                return read
        except urllib.error.HTTPError as problem:
            with problem:
                text = problem.read().decode(errors="replace")
            raise ApiError(method, path, problem.code, text) from None

    def watch(self, path: str, version: str, seconds: float) -> Iterator[Json]:
        """Events of a list's objects after that resourceVersion, as they come; ends after so many seconds.

        Raises ApiError, also for one that comes as an event (410: the version is too old).
        """
        query = f"watch=1&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={int(seconds)}"
        request = urllib.request.Request(
            f"{self.server}{path}?{query}", headers={"Authorization": f"Bearer {self._token}"}
        )
        with urllib.request.urlopen(request, context=self._tls, timeout=seconds + 30) as answer:
            for line in answer:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError("WATCH", path, event["object"].get("code", 0), line.decode())
                yield event

    def get(self, path: str) -> Json:
        return self.request("GET", path)

    def create(self, path: str, body: Json) -> Json:
        return self.request("POST", path, body)

    def delete(self, path: str) -> Json:
        return self.request("DELETE", path)

    def patch(self, path: str, body: Any, kind: str = "merge") -> Json:
        """Patch of kind merge, json or strategic-merge."""
        return self.request("PATCH", path, body, f"application/{kind}-patch+json")

    def apply(self, path: str, body: Json) -> Json:
        """Server-side apply; the path names the object."""
        return self.request("PATCH", f"{path}?fieldManager=tests&force=true", body, "application/apply-patch+yaml")

    def find(self, path: str) -> Json | None:
        """The object, or None when there is none."""
        try:
            return self.get(path)
        except ApiError as problem:
            if problem.status == 404:
                return None
            raise

    def items(self, path: str) -> Iterator[Json]:
        """The objects of a list."""
        yield from self.get(path)["items"]

    def ready(self) -> bool:
        """Whether the server says it is ready; False also while it does not answer."""
        try:
            return self.raw("GET", "/readyz", timeout=2) == b"ok"
        except (OSError, ApiError):
            return False


def wait_for(question: Callable[[], T | None], what: str, seconds: float = 30, pause: float = 0.05) -> T:
    """Ask until the answer is true and return it. Raises ClusterError naming `what` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise ClusterError(f"waited {seconds:g} s for {what}, in vain")
        time.sleep(pause)
    return answer
