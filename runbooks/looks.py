"""What the looks of several runbooks have in common: who uses a volume, and what the agent finds in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cluster.api import ClaimRef, Sync, WorkloadRef
from runbooks.acts.data import agent
from runbooks.acts.workloads import Detached, Healthy, ResumeSync, Scale, StopSync
from runbooks.base import Act, Objection, VolumeFacts, World, objection


@dataclass(frozen=True)
class Scene:
    """A volume and everything around it, held against the world again before a run starts."""

    volume: VolumeFacts
    claim_uid: str
    workload: WorkloadRef | None
    workload_uid: str
    version: str
    replicas: int
    syncs: tuple[Sync, ...]
    strangers: tuple[str, ...]

    @property
    def claim(self) -> ClaimRef:
        return self.volume.claim


def scene(world: World, volume: int) -> Scene:
    known = world.records.volume(volume)
    claim = world.cluster.claim(known.claim)
    workload = world.cluster.workload_using(known.claim)
    syncs = world.cluster.syncs(known.claim)
    ours = {s.workload for s in syncs} | ({workload.ref} if workload else set())
    jobs = world.tag + "-"  # our own looking jobs mount the claim, too
    strangers = {
        str(pod.workload)
        for pod in world.cluster.pods_using(known.claim)
        if pod.workload not in ours and not pod.workload.name.startswith(jobs)
    }
    return Scene(
        volume=known,
        claim_uid=claim.uid,
        workload=workload.ref if workload else None,
        workload_uid=workload.uid if workload else "",
        version=workload.version if workload else "",
        replicas=workload.replicas if workload else 0,
        syncs=tuple(sorted(syncs, key=str)),
        strangers=tuple(sorted(strangers)),
    )


def inspected(world: World, scene: Scene, **spec: Any) -> Mapping[str, Any]:
    """What the agent finds in the volume now. Raises NotYet while it looks."""
    wanted = {"sentinels": list(scene.volume.sentinels), **spec}
    return agent(world, scene.claim, "inspect", wanted, read_only=True, deadline=600)


def common(scene: Scene) -> Iterator[Objection]:
    """What speaks against any run that takes the application down."""
    for stranger in scene.strangers:
        yield objection("stranger", claim=scene.claim, stranger=stranger)
    if scene.workload is None:
        yield objection("no-workload", stops=False, claim=scene.claim)


def down(scene: Scene) -> Iterator[Act]:
    """Nothing writes any more, and the volume is free. The syncs stop first: some copy once more when they end."""
    for sync in scene.syncs:
        if sync.running:
            yield StopSync(sync)
    if scene.workload and scene.replicas:
        yield Scale(scene.workload, was=scene.replicas, to=0)
    yield Detached(scene.claim)


def up(scene: Scene) -> Iterator[Act]:
    """The application as it was."""
    if scene.workload and scene.replicas:
        yield Scale(scene.workload, was=0, to=scene.replicas)
        yield Healthy(scene.workload, scene.claim, scene.replicas)


def syncs_again(scene: Scene) -> Iterator[Act]:
    """The syncs as they were: last of all, when what they copy is known to be good."""
    for sync in scene.syncs:
        if sync.running:
            yield ResumeSync(sync)
