"""What the looks of several runbooks have in common: who uses a volume, and what the agent finds in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from cluster.api import ClaimRef, Keeper, Room, Sync, WorkloadRef
from cluster.errors import Forbidden, Refused
from runbooks.acts.agent import agent, beside
from runbooks.acts.gitops import PauseKeeper, ResumeKeeper
from runbooks.acts.guards import Guard, Guarded
from runbooks.acts.syncs import ResumeSync, StopSync
from runbooks.acts.workloads import Detached, Healthy, Scale, StaysDown
from runbooks.base import Act, Objection, objection
from runbooks.world import VolumeFacts, World

LOOKING = re.compile(r"am-\d+(-[a-z0-9]+)?-look(-again\d+)?(-\d)?")
LEASE = 4 * 60  # minutes that a run's own pause lasts; while the run is live it is prolonged


@dataclass(frozen=True)
class KeptSync:
    """A sync that can be stopped by itself, and what would start it again."""

    sync: Sync
    keepers: tuple[Keeper, ...]


@dataclass(frozen=True)
class Scene:
    """
    A volume and everything around it, held against the world again before a run starts. `keepers` are what changes
    the workload by itself; a pause of ours that stands already is not theirs: they are as they would be without it.
    """

    volume: VolumeFacts
    claim_uid: str
    workload: WorkloadRef | None
    workload_uid: str
    version: str
    replicas: int
    syncs: tuple[Sync, ...]
    strangers: tuple[str, ...]
    keepers: tuple[Keeper, ...] = ()
    kept_syncs: tuple[KeptSync, ...] = ()
    sort: str = "known"  # of its volume: empty where nobody here can tell whether such a one is detached
    handle: str = ""  # of its volume, as its driver names it

    @property
    def claim(self) -> ClaimRef:
        return self.volume.claim

    @property
    def pausable(self) -> tuple[Keeper, ...]:
        return tuple(keeper for keeper in self.keepers if keeper.pausable)

    @property
    def stoppable(self) -> tuple[Sync, ...]:
        """The syncs that run and can be stopped by themselves; a sidecar goes with its workload."""
        return tuple(sync for sync in self.syncs if sync.running and sync.kind != "Sidecar")

    @property
    def sidecar(self) -> Sync | None:
        """A sync that runs in the pods of the workload: it stops and starts with them."""
        return next((sync for sync in self.syncs if sync.running and sync.kind == "Sidecar"), None)


def scene(world: World, volume: int) -> Scene:
    known = world.records.volume(volume)
    claim = world.cluster.claim(known.claim)
    workload = world.cluster.workload_using(known.claim)
    syncs = [unspoken(sync) for sync in world.cluster.syncs(known.claim)]
    return Scene(
        volume=known,
        claim_uid=claim.uid,
        workload=workload.ref if workload else None,
        workload_uid=workload.uid if workload else "",
        version=workload.version if workload else "",
        replicas=workload.replicas if workload else 0,
        syncs=tuple(sorted(syncs, key=str)),
        strangers=strangers(world, known.claim, {s.workload for s in syncs} | ({workload.ref} if workload else set())),
        keepers=keepers(world, workload.ref) if workload else (),
        kept_syncs=tuple(kept_syncs(world, sorted(syncs, key=str))),
        sort=claim.driver if claim.volume else "known",
        handle=claim.handle,
    )


def unspoken(sync: Sync) -> Sync:
    """As it is kept: whether its command is another one is seen by its digest. In its words there may be a key."""
    return replace(sync, command=sha256(sync.command.encode()).hexdigest() if sync.command else "")


def kept_syncs(world: World, syncs: Sequence[Sync]) -> Iterator[KeptSync]:
    for sync in syncs:
        if sync.running and sync.kind != "Sidecar":
            pausable = tuple(keeper for keeper in keepers(world, sync.workload) if keeper.pausable)
            if pausable:
                yield KeptSync(sync, pausable)


def strangers(world: World, claim: ClaimRef, known: set[WorkloadRef]) -> tuple[str, ...]:
    jobs = world.tag + "-"  # our own looking jobs mount the claim, too, and so do those of other drafts
    pods = [p.workload for p in world.cluster.pods_using(claim) if p.workload not in known]
    return tuple(sorted({str(w) for w in pods if not w.name.startswith(jobs) and not looks(w)}))


def looks(workload: WorkloadRef) -> bool:
    """A job by which some run only looks, for a draft; it reads, and is soon over."""
    return workload.kind == "Job" and LOOKING.fullmatch(workload.name) is not None


def keepers(world: World, workload: WorkloadRef) -> tuple[Keeper, ...]:
    """Those of the workload, as they are to be put back: a lease of ours says how they were before it."""
    held = {str(keeper): keeper for keeper in world.records.paused(workload)}
    found = world.cluster.keepers(workload)
    return tuple(sorted(replace(k, paused=held[str(k)].paused) if str(k) in held else k for k in found))


def inspected(world: World, scene: Scene, **spec: Any) -> Mapping[str, Any]:
    """What the agent finds in the volume now. Raises NotYet while it looks."""
    wanted = {"sentinels": list(scene.volume.sentinels), **spec}
    return agent(world, beside(world, scene.claim, "inspect", wanted, minutes=10, read_only=True))


def common(scene: Scene) -> Iterator[Objection]:
    """What speaks against any run that takes the application down, and what a person should know of it."""
    for stranger in scene.strangers:
        yield objection("stranger", claim=scene.claim, stranger=stranger)
    if not scene.sort:
        yield objection("never-detached", claim=scene.claim)
    if scene.workload is None:
        yield objection("no-workload", stops=False, claim=scene.claim)
    for sync in scene.syncs:
        if sync.running and sync.kind == "Sidecar":
            yield objection("sidecar-once-more", stops=False, sync=str(sync), workload=str(scene.workload))
    yield from kept(scene)
    for each in scene.kept_syncs:
        for keeper in each.keepers:
            yield keeping(keeper, str(each.sync))


def kept(scene: Scene, *, resumed: bool = True) -> Iterator[Objection]:
    """What changes the workload by itself: paused where that can be, and `resumed` by the same run; else said."""
    for keeper in scene.keepers:
        if keeper.pausable and not resumed:
            continue
        yield keeping(keeper, str(scene.workload))


def keeping(keeper: Keeper, workload: str) -> Objection:
    code = f"keeper-{keeper.kind.lower()}"
    if keeper.pausable:
        code = "keeper-theirs" if keeper.paused else "keeper-paused"
    return objection(code, stops=False, keeper=str(keeper), workload=workload, detail=keeper.detail)


def no_place(room: Room | None) -> Iterator[Objection]:
    """A pod that goes and finds no place again makes it worse."""
    if room is not None and not room.nodes:
        against = [f"{node}: {why}" for node, why in sorted(room.against.items())]
        yield objection("no-place", against=against)


def held(scene: Scene, guard: Guard | None) -> Iterator[tuple[Keeper, WorkloadRef, Guarded | None]]:
    """
    What is to leave the workload alone, and where there is a guard the syncs, too, for they are stopped then; and the
    sync that each would start. Flux is told on each object.
    """
    shared: dict[str, Sync] = {}
    for each in scene.kept_syncs:
        shared |= {str(keeper): each.sync for keeper in each.keepers if keeper.kind != "Flux"}
    own = {str(keeper) for keeper in scene.pausable if keeper.kind != "Flux"} if scene.workload else set()
    if scene.workload:
        for keeper in scene.pausable:
            yield keeper, scene.workload, guarded(scene.sidecar or shared.get(str(keeper)), guard)
    for each in scene.kept_syncs if guard else ():
        for keeper in each.keepers:
            if str(keeper) not in own:
                yield keeper, each.sync.workload, guarded(each.sync, guard)


def guarded(sync: Sync | None, guard: Guard | None) -> Guarded | None:
    return Guarded(sync, guard) if sync and guard else None


def paused(scene: Scene, guard: Guard | None = None) -> Iterator[Act]:
    """What heals drift leaves the workload and its syncs alone, first of all."""
    for keeper, workload, sync in held(scene, guard):
        yield PauseKeeper(keeper, workload, LEASE, sync)


def resumed(scene: Scene, guard: Guard | None = None) -> Iterator[Act]:
    """And keeps them again, last of all."""
    for keeper, workload, sync in reversed(list(held(scene, guard))):
        yield ResumeKeeper(keeper, workload, LEASE, guarded=sync)


def down(scene: Scene, guard: Guard | None = None) -> Iterator[Act]:
    """
    Nothing writes any more, nothing gives the workload its pods back, and the volume is free. The syncs stop first:
    some copy once more when they end.
    """
    for sync in scene.stoppable:
        yield StopSync(sync, guard)
    if scene.workload and scene.replicas:
        yield Scale(scene.workload, was=scene.replicas, to=0, guarded=guarded(scene.sidecar, guard))
    if scene.workload:
        yield StaysDown(scene.workload, scene.version, heals=bool(scene.keepers))
    yield Detached(scene.claim)


def stayed_down(scene: Scene) -> Iterator[Act]:
    """Until now nobody did, whatever has taken so long."""
    if scene.workload:
        yield StaysDown(scene.workload, scene.version, watch=False)


def up(scene: Scene) -> Iterator[Act]:
    """The application as it was."""
    if scene.workload and scene.replicas:
        yield Scale(scene.workload, was=0, to=scene.replicas)
        yield Healthy(scene.workload, scene.claim, scene.replicas)


def syncs_again(scene: Scene, guard: Guard | None = None) -> Iterator[Act]:
    """The syncs as they were, when what they copy is known to be good."""
    for sync in scene.stoppable:
        yield ResumeSync(sync, guard)


def can_snapshot(world: World, claim: ClaimRef) -> bool:
    """Whether one can be made, by this account: the cluster has such a thing, with a class of the claim's driver."""
    if "snapshots" in world.cluster.lacks():
        return False
    try:
        world.cluster.make_snapshot(claim, world.name("-trial"), labels=world.labels(), dry=True)
    except (Refused, Forbidden):
        return False
    return True


def missing(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[str, ...]:
    """The sentinels that the agent did not find."""
    return tuple(str(s["path"]) for s in found["sentinels"] if not s["exists"])
