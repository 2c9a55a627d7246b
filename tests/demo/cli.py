"""Command line of the demo: cluster, operator and service up, releases one after another, the report, all down."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console

from tests.cluster import ClusterError, Node, packages, state
from tests.cluster import tools as cluster_tools
from tests.cluster.images import go_binary
from tests.cluster.node import Options

from . import report, traffic
from .display import display
from .overlay import Overlay
from .releases import FIRST, RELEASES, Release, versions
from .stage import HOST, Stage
from .story import run_all

NAME = "demo"
NAMESPACE = "financehub"
RATE = 600  # requests a second: enough of them at each weight to measure its share, little for two cores


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo. Returns 0 when everything was as it should be, else 1, or 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    chosen = tuple(release for release in RELEASES if not options.only or release.name in options.only)
    try:
        return _demo(chosen, rate=options.rate, record=options.record, keep=options.keep)
    except ClusterError as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return 130


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.demo",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=(
            "Ferrata's main job on a real cluster of this machine: real pods, a real gateway, a real Prometheus.\n"
            "FinanceHub's Rollout (examples/financehub) goes through these releases, under constant traffic:\n\n"
            + "".join(f"  {release.name:14} {release.tells}\n" for release in RELEASES)
        ),
        epilog=(
            "Needs root on Debian or Ubuntu, and Go; what else is missing is installed and built first. On a terminal\n"
            "it shows a live table and waits for Enter where the release waits for a person; with NONINTERACTIVE=1 or\n"
            "without a terminal it prints a line on each change and promotes by itself. The last line is `demo: ` and\n"
            "a JSON object; secondsToStable counts from the first bad answer of the canary (5xx, or slower than 1 s)\n"
            "to its last answer and is null for a release that is promoted; lost counts errors of transport and every\n"
            "5xx except those that the bad canary itself made. Exit status 1 when something is not as it should be."
        ),
    )
    names = [release.name for release in RELEASES]
    parser.add_argument("--only", action="append", choices=names, help="run this release only; may be given again")
    parser.add_argument("--rate", type=_rate, default=RATE, help="requests a second (default %(default)s)")
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="write a line for each request: microseconds of its "
        "sending since 1970, microseconds taken, status, version, error",
    )
    parser.add_argument("--keep", action="store_true", help="leave the cluster up; `python -m tests.cluster down demo`")
    return parser


def _rate(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 5000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests from 1 to 5000")
    return int(text)


def _demo(releases: tuple[Release, ...], *, rate: int, record: Path | None, keep: bool) -> int:
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {text}", flush=True)

    _prepare(say)
    say("starting a cluster: API server, kubelet, containerd, Contour and Envoy, Prometheus")
    node = Node.up(NAME, Options(True, True)) if keep else Node(NAME, gateway=True, prometheus=True)
    try:
        say(f"the cluster is up: export KUBECONFIG={node.kubeconfig}")
        stage = Stage(node, NAMESPACE, Overlay.load(), say)
        stage.install_operator()
        stage.push_versions(versions(releases))
        stage.deploy(FIRST)
        say(f"traffic: {rate} requests a second through the gateway")
        with traffic.Load(node, HOST, rate, node.folder.path / "log" / "load.log", record) as load, display() as viewer:
            outcomes = run_all(stage, load, viewer, releases, FIRST)
    finally:
        if not keep:
            node.stop()
    say("the cluster is down" if not keep else f"the cluster stays up: `python -m tests.cluster down {NAME}` ends it")
    return report.show(outcomes, _console())


def _prepare(say: Callable[[str], None]) -> None:
    """Packages, programs and what is left of an earlier demo."""
    if os.geteuid() != 0:
        raise ClusterError("a real node needs root: namespaces, mounts and containers are made")
    packages.ensure(packages.NODE_PACKAGES, say)
    cluster_tools.build(["node", "helm"], say)
    go_binary(traffic.PROGRAM)
    state.sweep(say)


def _console() -> Console:
    """As wide as the terminal; where there is none, wide enough for the table."""
    width = None if sys.stdout.isatty() else max(200, shutil.get_terminal_size().columns)
    return Console(width=width)
