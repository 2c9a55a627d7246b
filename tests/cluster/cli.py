"""The verbs of `python -m tests.cluster`: build, install, up, down, show, list, exec. One function each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from . import packages, processes, state, tools
from .errors import ClusterError
from .node import Node, Options
from .plane import Plane
from .running import Running

Verb = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit status: 1 with one sentence on the error stream when it cannot be done."""
    options = _parser().parse_args(arguments)
    verb: Verb = options.verb
    try:
        return verb(options)
    except ClusterError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    build = _add(verbs, "build", _build, "build what is missing of groups (plane, node, clients) or single tools")
    build.add_argument("names", nargs="*", default=["plane"], metavar="GROUP|TOOL")
    _add(verbs, "install", _install, "install the Debian packages that a real node needs (root)")
    up = _add(verbs, "up", _up, "start a cluster that runs until `down`")
    up.add_argument("kind", choices=["plane", "node"])
    up.add_argument("--name", help="default: the kind")
    up.add_argument("--fake-nodes", type=int, default=3, help="fake nodes of a plane (default 3)")
    up.add_argument("--gateway", action="store_true", help="on a node: Contour and Envoy, Gateway API")
    up.add_argument("--prometheus", action="store_true", help="on a node: a Prometheus that scrapes pods")
    inside = _add(verbs, "exec", _exec, "run a command inside a node, where Services have addresses and names")
    inside.add_argument("--name", help="default: the only cluster that runs")
    inside.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    _named(_add(verbs, "down", _down, "stop a cluster and remove all of it"))
    _named(_add(verbs, "show", _show, "state, processes, memory by part, versions, kubeconfig"))
    _add(verbs, "list", _list, "all clusters of this user")
    return parser


def _add(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, verb: Verb, text: str
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(verb=verb)
    return parser


def _named(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="default: the only one that runs")


def _build(options: argparse.Namespace) -> int:
    tools.build(options.names)
    for tool in tools.catalogue().named(options.names):
        print(tools.locate(tool.name))
    return 0


def _install(_options: argparse.Namespace) -> int:
    packages.ensure(packages.NODE_PACKAGES)
    print(f"all {len(packages.NODE_PACKAGES)} packages of a real node are installed")
    return 0


def _up(options: argparse.Namespace) -> int:
    tools.build([options.kind])
    name = options.name or options.kind
    cluster: Running
    if options.kind == "plane":
        cluster = Plane.up(name, options.fake_nodes)
    else:
        packages.ensure(packages.NODE_PACKAGES)
        cluster = Node.up(name, Options(options.gateway, options.prometheus))
        _print_doors(cluster)
    print(f"{cluster.name} is up: export KUBECONFIG={cluster.kubeconfig}")
    return 0


def _print_doors(cluster: Running) -> None:
    """Where a node's gateway and Prometheus answer on this machine."""
    if cluster.folder.record and cluster.folder.record.kind == "node":
        for door, url in Node.attach(cluster.folder).doors().items():
            print(f"{door:10} {url}")


def _exec(options: argparse.Namespace) -> int:
    cluster = _chosen(options.name)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if cluster.folder.record is None or cluster.folder.record.kind != "node" or not command:
        raise ClusterError("usage: exec [--name NODE] -- COMMAND, on a cluster that is a node")
    return Node.attach(cluster.folder).exec(command).returncode


def _chosen(name: str | None) -> Running:
    """The cluster of that name, or the only one there is."""
    if name is None:
        names = [folder.name for folder in state.everything()]
        if len(names) != 1:
            raise ClusterError(f"say which: {', '.join(names)}" if names else "no cluster is up")
        name = names[0]
    folder = state.find(name)
    if folder is None:
        raise ClusterError(f"no cluster called {name} is up")
    return Running(folder)


def _down(options: argparse.Namespace) -> int:
    cluster = _chosen(options.name)
    cluster.stop()
    print(f"{cluster.name} is down")
    return 0


def _show(options: argparse.Namespace) -> int:
    cluster = _chosen(options.name)
    record = cluster.folder.record
    if record is None or record.supervisor is None or not record.alive():
        print(f"{cluster.name}: not running; `down` removes what it left in {cluster.folder.path}")
        return 1
    print(f"{cluster.name}: {record.kind}, supervisor {record.supervisor.pid}, {cluster.server}")
    print(f"kubeconfig {cluster.kubeconfig}\nlogs       {cluster.folder.path / 'log'}")
    _print_doors(cluster)
    print(f"versions   {', '.join(f'{tool.name} {tool.version}' for tool in tools.catalogue().named([record.kind]))}")
    _print_memory(processes.memory(processes.descendants(record.supervisor.pid)))
    return 0


def _print_memory(parts: dict[str, tuple[int, float]]) -> None:
    for program, (count, size) in sorted(parts.items(), key=lambda part: -part[1][1]):
        print(f"{size:8.1f} MiB  {program}" + (f" x{count}" if count > 1 else ""))
    print(f"{sum(size for _, size in parts.values()):8.1f} MiB  in all")


def _list(_options: argparse.Namespace) -> int:
    for folder in state.everything():
        record = folder.record
        if record:
            print(f"{folder.name:24} {record.kind:6} {'up' if record.alive() else 'stale'}")
    return 0
