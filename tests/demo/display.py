"""What is shown while a release runs: a live table on a terminal, a plain line on each change elsewhere."""

from __future__ import annotations

import os
import select
import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from .releases import Release
from .story import Frame


def percent(value: float | None) -> str:
    """`97.3 %`, or a dash."""
    return "-" if value is None else f"{value:.1f} %"


def milliseconds(value: float | None) -> str:
    """Seconds as `12 ms`, or a dash."""
    return "-" if value is None else f"{1000 * value:.0f} ms"


class Plain:
    """One line for each change of weight, decision or step, and for each thing that happened."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown: tuple[object, ...] = ()
        self._name = ""

    def begin(self, release: Release) -> None:
        self._name = release.name
        self.note(f"{release.version}: {release.tells}")

    def show(self, frame: Frame) -> None:
        seen = frame.look
        key = (frame.release.name, seen.weight, seen.decision, seen.step)
        if key == self._shown:
            return
        self._shown = key
        self.note(
            f"weight {seen.weight} %, share {percent(frame.share)}, success {percent(frame.success)}"
            f" (canary {percent(frame.canary_success)}), p99 {milliseconds(frame.p99)},"
            f" step {seen.step} | {seen.decision}"
        )

    def note(self, text: str) -> None:
        name = f"{self._name}: " if self._name else ""
        print(f"{time.monotonic() - self._started:6.1f} s  {name}{text}", flush=True)

    def may_promote(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Terminal:
    """A table that stays at the bottom, notes above it. The gate opens when somebody presses Enter."""

    def __init__(self, console: Console) -> None:
        self._started = time.monotonic()
        self._console = console
        self._live = Live(console=console, refresh_per_second=5, transient=True)
        self._name = ""
        self._asked = False

    def begin(self, release: Release) -> None:
        self._name, self._asked = release.name, False
        self.note(f"{release.version}: {release.tells}")

    def show(self, frame: Frame) -> None:
        seen = frame.look
        table = Table(title=f"{frame.release.name} {frame.release.version}: {frame.release.tells}")
        for column in ("weight", "real share", "success", "canary's", "p99", "step", "decision and reason"):
            table.add_column(column)
        table.add_row(
            f"{seen.weight} %",
            percent(frame.share),
            _coloured(percent(frame.success), good=frame.success is None or frame.success >= 95),
            _coloured(percent(frame.canary_success), good=frame.canary_success is None or frame.canary_success >= 95),
            _coloured(milliseconds(frame.p99), good=frame.p99 is None or frame.p99 <= 1),
            seen.step,
            seen.decision,
        )
        if self._asked and seen.at_gate:
            table.caption = "The release waits for a person: press Enter to promote it."
        self._live.update(table)

    def note(self, text: str) -> None:
        name = f"[bold]{self._name}[/bold]: " if self._name else ""
        self._console.print(f"{time.monotonic() - self._started:6.1f} s  {name}{text}", highlight=False)

    def may_promote(self) -> bool:
        if not self._asked:
            self._asked = True
            while _line_waits():  # what was typed before the question is no answer
                sys.stdin.readline()
        return _line_waits() and bool(sys.stdin.readline())

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


def _coloured(text: str, *, good: bool) -> str:
    return text if good else f"[bold red]{text}[/bold red]"


def _line_waits() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


def display() -> Plain | Terminal:
    """The table where a person can see it and press Enter; plain lines with NONINTERACTIVE or without a terminal."""
    is_seen = sys.stdin.isatty() and sys.stdout.isatty() and not os.environ.get("NONINTERACTIVE")
    return Terminal(Console()) if is_seen else Plain()
