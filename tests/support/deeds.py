"""What users and clusters do to a rollout, by name: the alphabet of the properties."""

from __future__ import annotations

from ferrata.snapshot.rollout import ServiceView
from tests.support.world import World

RELEASE = ("promote", "abort", "retry", "full", "v2", "v3", "v1", "wait", "scale", "crash", "heal")
"""Every deed that any strategy knows."""

BLUE_GREEN = (*RELEASE, "pause", "resume", "pass", "fail", "unclear", "restore")
"""With a rollout that is held, analysis that comes to a verdict, and an active Service that is applied anew."""


def do(world: World, deed: str) -> None:
    """Does it. What nobody can do at that moment does nothing."""
    match deed:
        case "promote":
            world.promote()
        case "abort":
            world.user(abort=True)
        case "retry":
            world.user(abort=False)
        case "full":
            world.user(promote_full=True)
        case "wait":
            world.run(seconds=60)
        case "scale":
            world.edit(replicas=world.spec.replicas % 5 + 2)
        case "crash":
            # Pods that serve already may die by no doing of ours; what is tested is a revision that never starts.
            if "v3" not in world.revisions:
                world.broken.add("v3")
        case "heal":
            world.broken.clear()
        case "pause" | "resume":
            world.edit(paused=deed == "pause")
        case "pass" | "fail" | "unclear":
            _judge(world, {"pass": "Successful", "fail": "Failed", "unclear": "Inconclusive"}[deed])
        case "restore":
            world.services["a"] = ServiceView("a", "")
        case _:
            world.release(deed)


def _judge(world: World, phase: str) -> None:
    for run in list(world.runs.values()):
        if not run.is_finished:
            world.judge(run.kind, phase)
