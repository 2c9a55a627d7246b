"""A server that speaks Prometheus' protocol and says what it is told."""

from __future__ import annotations

import json

from tests.support.loopback import Handler, LoopbackServer


class Metrics(LoopbackServer):
    """Answers every query with a vector of one: `value`; or with `nonsense`, whatever it is."""

    def __init__(self) -> None:
        self.value, self.nonsense, self.queries = "0.99", "", list[str]()
        metrics = self

        class Answering(Handler):
            def answer(self) -> None:
                metrics.queries.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                result = [{"metric": {}, "value": [0, metrics.value]}]
                answer = {"status": "success", "data": {"resultType": "vector", "result": result}}
                body = (metrics.nonsense or json.dumps(answer)).encode()
                self.reply(body)

        super().__init__(Answering)
