"""Asking a Prometheus that answers in every way a backend can: what comes back is a sample or a reason."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ferrata.execute.measure import Backends
from ferrata.metrics.base import Failure, Request, Sample

SCALAR = json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [0, "0.5"]}}).encode()
HANG = threading.Event()
HUNG_UP = threading.Event()
"""Set when a client did not wait for the end of an endless answer."""
SEEN: list[tuple[str, str, bytes, str]] = []


class Backend(BaseHTTPRequestHandler):
    """The path's first part says how to answer."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        SEEN.append((self.command, self.path, body, self.headers.get("Authorization", "")))
        match self.path.split("/")[1]:
            case "good":
                self._answer(200, SCALAR)
            case "html":
                self._answer(200, b"<html>sign in</html>")
            case "garbage":
                self.wfile.write(b"\x00\x01\x02 not http\r\n\r\n")
            case "cut":
                self._answer(200, SCALAR[:10], length=len(SCALAR))
            case "closes":
                pass
            case "silent":
                HANG.wait(20)
            case "trickles":
                self._trickle()
            case "getonly":
                self._answer(200 if self.command == "GET" else 405, SCALAR if self.command == "GET" else b"")
            case status:
                self._answer(int(status), b"no")
        self.close_connection = True

    do_GET = do_POST  # noqa: N815 - the name that http.server looks for

    def _answer(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def _trickle(self) -> None:
        """A byte at a time, without end."""
        self._answer(200, b"", length=10**6)
        try:
            while not HANG.wait(0.01):
                self.wfile.write(b" ")
        except OSError:
            HUNG_UP.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing: what was asked is in SEEN."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    HANG.set()
    server.shutdown()
    server.server_close()
    thread.join()


def ask(request: Request) -> Sample | Failure:
    backends = Backends()
    try:
        return asyncio.run(backends.prometheus(request))
    finally:
        backends.close()


def query(address: str, path: str) -> Request:
    return Request(f"{address}/{path}", (("query", "up"),), timeout=2.0)


def test_the_query_is_posted_and_its_answer_is_a_sample(address: str) -> None:
    request = replace(query(address, "good"), username="u", password="p")
    assert ask(request) == Sample(0.5, "0.5")
    assert SEEN[-1] == ("POST", "/good/api/v1/query", b"query=up", "Basic dTpw")


def test_a_backend_that_takes_no_post_is_asked_by_get(address: str) -> None:
    assert ask(query(address, "getonly")) == Sample(0.5, "0.5")
    assert SEEN[-1][:2] == ("GET", "/getonly/api/v1/query?query=up")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("500", "HTTP 500"),
        ("429", "HTTP 429"),
        ("503", "HTTP 503"),
        ("404", "HTTP 404"),
        ("html", "no JSON"),
        ("garbage", "Post "),
        ("cut", ""),
        ("closes", "Post "),
    ],
)
def test_a_backend_out_of_order_is_a_failure(address: str, path: str, reason: str) -> None:
    found = ask(query(address, path))
    assert isinstance(found, Failure)
    assert reason in found.message


def test_a_backend_slower_than_the_timeout_is_a_failure(address: str) -> None:
    found = ask(replace(query(address, "silent"), timeout=0.2))
    assert isinstance(found, Failure)
    assert "Post " in found.message


def test_a_backend_that_is_not_there_is_a_failure() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        found = ask(query(f"http://127.0.0.1:{port}", "good"))
    assert isinstance(found, Failure)
    assert f'Post "http://127.0.0.1:{port}/good/api/v1/query"' in found.message


@pytest.mark.parametrize("header", [("X", "a\nb"), ("X", "\u2603"), ("a b\n", "c")])
def test_a_header_that_cannot_be_sent_is_a_failure(address: str, header: tuple[str, str]) -> None:
    assert isinstance(ask(replace(query(address, "good"), headers=(header,))), Failure)


def test_an_answer_without_end_holds_no_thread_beyond_its_time_out(address: str) -> None:
    answer = ask(Request(f"{address}/trickles", (("query", "up"),), 0.2))
    assert isinstance(answer, Failure)
    assert HUNG_UP.wait(20)
