"""The jobs by which a run looked, once nobody waits for them any more."""

from __future__ import annotations

from dataclasses import replace

from runbooks.acts.agent import PARTS, found
from runbooks.world import World

LOOKS = ("look", "begin")  # for the draft, and once more before it begins


def end(world: World, namespace: str, attempt: int) -> None:
    """End those that still run; what others said stays to be read. Raises a ClusterError."""
    for at in LOOKS:
        looking = replace(world, at=at, attempt=attempt)
        for part in PARTS:
            job = found(world, namespace, looking.name(part))
            if job is not None and job.state in ("pending", "running"):
                world.cluster.drop_job(namespace, job.name)
