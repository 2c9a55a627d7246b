"""A server that speaks Prometheus' protocol and says what it is told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Metrics:
    """Answers every query with a vector of one: `value`; or with `nonsense`, whatever it is."""

    def __init__(self) -> None:
        self.value, self.nonsense, self.queries = "0.99", "", list[str]()
        metrics = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                metrics.queries.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                result = [{"metric": {}, "value": [0, metrics.value]}]
                answer = {"status": "success", "data": {"resultType": "vector", "result": result}}
                body = (metrics.nonsense or json.dumps(answer)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
