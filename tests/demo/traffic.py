"""Real requests through the gateway at a constant rate, and what became of every single one of them."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.cluster import ClusterError, Node, gateway, wait_for
from tests.cluster.images import go_binary

PROGRAM = Path(__file__).with_name("load")
DISORDER = 1.0  # seconds by which an answer may be written before one that ended earlier


@dataclass(frozen=True, slots=True)
class Answer:
    """One request: when it was sent (seconds since 1970), how long it took, and what came back.

    `status` is 0 for an error of transport, which `error` names; `version` is "" when no pod of ours answered.
    """

    sent: float
    took: float
    status: int
    version: str
    error: str

    @property
    def ended(self) -> float:
        """When the answer was whole, in seconds since 1970."""
        return self.sent + self.took

    @property
    def failed(self) -> bool:
        """Whether it is an error of transport or a 5xx."""
        return self.status == 0 or self.status >= 500

    @classmethod
    def parse(cls, line: str) -> Answer:
        """From a line of the load generator."""
        sent, took, status, version, error = line.rstrip("\n").split("\t")
        return cls(int(sent) / 1e6, int(took) / 1e6, int(status), version, error)


def share(answers: Iterable[Answer], version: str) -> tuple[float, int]:
    """Percentage of the answers that are of a version, and of how many answers."""
    mine = [answer.version == version for answer in answers]
    return (100 * sum(mine) / len(mine) if mine else 0.0), len(mine)


def success(answers: Iterable[Answer]) -> float | None:
    """Percentage of the answers that did not fail; None for no answers."""
    good = [not answer.failed for answer in answers]
    return 100 * sum(good) / len(good) if good else None


def p99(answers: Iterable[Answer]) -> float | None:
    """Seconds within which 99 of 100 answers came; None for no answers."""
    took = sorted(answer.took for answer in answers)
    return took[min(len(took) - 1, int(0.99 * len(took)))] if took else None


class Load:
    """The load generator, running inside a node. A context manager: at its end all answers are there."""

    def __init__(self, node: Node, host: str, rate: int, log: Path, record: Path | None = None) -> None:
        self._answers: list[Answer] = []
        self._lock = threading.Lock()
        self._log, self._record = log, record
        address = f"--address={node.address}:{gateway.ENVOY_PORT}"
        with log.open("ab") as errors:
            self._process = node.popen(
                [str(go_binary(PROGRAM)), address, f"--host={host}", f"--rate={rate}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,  # Ctrl-C is for the demo, which ends this one itself
            )
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()

    def _read(self, lines: IO[str]) -> None:
        with self._record.open("w") if self._record else nullcontext() as record:
            for line in lines:
                answer = Answer.parse(line)
                with self._lock:
                    self._answers.append(answer)
                if record:
                    record.write(line)

    def wait_flowing(self, seconds: float) -> None:
        """Wait until requests have gone well for so long. Raises ClusterError where they do not."""

        def flowing() -> bool:
            self.check()
            last = self.recent(time.time() - seconds)
            return bool(last) and last[-1].sent < time.time() - 0.9 * seconds and not any(a.failed for a in last)

        wait_for(flowing, "requests through the gateway to be answered", 30, pause=0.2)

    def check(self) -> None:
        """Raises ClusterError with the end of its log when it ended by itself."""
        status = self._process.poll()
        if status is not None:
            raise ClusterError(f"the load generator ended with status {status}:\n{self._log.read_text()[-2000:]}")

    def recent(self, since: float) -> list[Answer]:
        """Answers that came since then, newest first."""
        return list(
            self._backwards(lambda answer: answer.ended < since - DISORDER, lambda answer: answer.ended >= since)
        )

    def sent_between(self, start: float, end: float) -> list[Answer]:
        """Answers, so far, to requests that were sent from `start` until just before `end`, in no certain order."""
        return list(self._backwards(lambda a: a.ended < start - DISORDER, lambda a: start <= a.sent < end))

    def _backwards(self, enough: Callable[[Answer], bool], wanted: Callable[[Answer], bool]) -> Iterator[Answer]:
        with self._lock:
            answers = list(self._answers)
        for answer in reversed(answers):
            if enough(answer):
                return
            if wanted(answer):
                yield answer

    def stop(self) -> None:
        """Send nothing more and wait for the answers that are due."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._reader.join()
            if self._process.stdout:
                self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
