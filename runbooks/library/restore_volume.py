"""Restore a volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cluster.api import ClaimRef, Released, Room
from runbooks import base, rights
from runbooks.acts.data import Archive, Extract, Own, Swap, Verify
from runbooks.acts.nas import KeepNasSnapshot, lun_behind
from runbooks.acts.released import LetGo, Rebind
from runbooks.acts.snapshots import KeepSnapshot
from runbooks.acts.syncs import FILES, Guard
from runbooks.acts.workloads import Detached, Witnessed
from runbooks.base import Act, Facts, Need, Objection, Runbook, facts, objection, param, runbook
from runbooks.looks import (
    Scene,
    can_snapshot,
    common,
    down,
    inspected,
    no_place,
    paused,
    resumed,
    scene,
    stayed_down,
    syncs_again,
    up,
)
from runbooks.world import PointFacts, Records, World

ROOM = 1.1  # times the recovery point's bytes must be free for staging
BYTES = 0.8  # of the median of the last five good points


@dataclass(frozen=True)
class Seen(base.Seen):
    """
    `files`, `bytes` and `newest` are of what is live now; `free` is the volume's room, in bytes; `room` is where the
    application's pod finds a place. `released` is the volume that the point is, where it is one, and `lun` the
    restored volume's on a NAS, empty where it has none there.
    """

    scene: Scene
    point: PointFacts
    store: Mapping[str, str]
    tag: str
    filesystem: str
    free: int
    files: int
    bytes: int
    newest: str
    stored: int | None = None
    room: Room | None = None
    released: Released | None = None
    snapshots: bool = True
    lun: str = ""


@runbook("restore-volume", _("Restore a volume"))
class RestoreVolume(Runbook[Seen]):
    need, nth = Need.BRING_BACK, 1
    about = _("Put a recovery point in place of what a volume holds. What was there is kept beside it.")

    needs = rights.needed(
        rights.LOOK, rights.EVENTS, rights.ATTACHED, rights.KEEPERS, rights.SCALE, rights.SYNC, rights.SNAPSHOT,
        rights.JOB, rights.CLONE, rights.ROOM, rights.RELEASED,
    )  # fmt: skip
    wants = rights.needed(rights.PAUSE, rights.KEEP, rights.REBIND)

    volume: int = param(_("Volume"), _("What to restore"), kind="volume")
    point: int = param(_("Recovery point"), _("What to put in its place"), kind="point")

    may_move = frozenset({"free", "files", "bytes", "newest", "room"})

    def done(self, seen: Seen, records: Records, seconds: float) -> None:
        records.restored(self.volume, seconds)
        records.whole(self.volume, seen.filesystem)

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        found = inspected(world, here)
        point = world.records.point(self.point)
        return Seen(
            scene=here,
            point=point,
            stored=world.records.stored(point.id) if point.stored else None,
            store=world.records.store(),
            tag=world.tag,
            filesystem=found["filesystem_id"],
            free=found["free_bytes"],
            files=found["files"],
            bytes=found["bytes"],
            newest=found["newest"] or "",
            room=world.cluster.room(here.workload) if here.workload and here.replicas else None,
            released=released(world, point),
            snapshots=can_snapshot(world, here.claim),
            lun=lun_behind(world.cluster.claim(here.claim)),
        )

    def objections(self, seen: Seen) -> Iterator[Objection]:
        yield from common(seen.scene)
        yield from no_place(seen.room)
        yield from against(seen.point, self.volume)
        yield from self.against_its_place(seen)
        if not seen.snapshots and not seen.lun:
            if seen.scene.volume.prefix:
                yield objection("safety-archive", stops=False, claim=seen.scene.claim)
            else:
                yield Objection(facts("no-safety", claim=seen.scene.claim), glass=True)
        if seen.scene.volume.filesystem not in ("", seen.filesystem):
            yield objection("formatted", stops=False, claim=seen.scene.claim)
        if seen.newest and seen.newest > seen.point.taken.isoformat():
            yield objection("written-since", stops=False, files=seen.files, newest=seen.newest)

    def against_its_place(self, seen: Seen) -> Iterator[Objection]:
        """Whether it is still where it was, and whether what it holds finds room beside what is there."""
        point = seen.point
        there = seen.stored is not None if point.stored else bool(seen.released) or point.kind != "released"
        if not there and not point.gone:
            yield objection("point-gone")
        need = round(point.bytes * ROOM)
        # A driver tells of a snapshot how large its volume is, and rarely what is in it.
        guessed = point.kind == "snapshot" and not point.files and seen.free < need
        if guessed or (point.kind in ("upload", "released") and not point.files):
            yield objection("size-unknown", stops=False, free=seen.free)
        elif seen.free < need:
            yield objection("no-room", free=seen.free, need=need)

    def undoing(self, seen: Seen) -> Iterator[Facts]:
        here = seen.scene
        syncs = [str(sync) for sync in (*here.stoppable, *([here.sidecar] if here.sidecar else []))]
        least = guarded(seen).files
        if seen.files < max(least, 1) and syncs:
            yield facts("undo-to-little", files=seen.files, least=least, claim=seen.scene.claim, syncs=syncs)

    def plan(self, seen: Seen) -> Iterator[Act]:
        acts: list[Act] = []
        for act in self.acts(seen):
            if isinstance(act, LetGo):
                act = LetGo(act.claim, made_by=str(1 + next(n for n, a in enumerate(acts) if isinstance(a, Rebind))))
            acts.append(act)
        yield from acts

    def acts(self, seen: Seen) -> Iterator[Act]:
        here, claim, run, volume, point = seen.scene, seen.scene.claim, seen.tag, seen.scene.volume, seen.point
        guard = guarded(seen)
        yield Witnessed(claim, volume.id)
        yield from paused(here, guard)
        yield from down(here, guard)
        yield from safety(seen)
        source = ClaimRef(claim.namespace, f"{run}-source") if seen.released else None
        if seen.released and source:
            yield Rebind(seen.released, source)
        store = {**seen.store, "bucket": point.bucket}
        name = source.name if source else ""
        yield Extract(claim, point.kind, point.ref, store, point.files, point.bytes, seen.filesystem, run, name)
        yield Verify(claim, run, volume.sentinels, point.id)
        if source:
            yield LetGo(source)
        yield Own(claim, run, volume.uid, volume.gid, where="staging")
        yield from stayed_down(here)
        yield Swap(claim, run, next(safety(seen, "-undone"), None))
        yield Detached(claim, restored=True)
        yield from up(here)
        if volume.prefix:
            yield baseline(seen)
        yield from syncs_again(here, guard)
        yield from resumed(here, guard)


def against(point: PointFacts, volume: int) -> Iterator[Objection]:
    """What is wrong with a recovery point by itself."""
    if point.volume != volume:
        yield objection("other-volume")
    if point.gone:
        yield objection("point-gone")
    if point.kind == "archive" and not point.files:
        yield objection("point-empty")
    elif point.files and point.files < FILES * point.median_files:
        yield objection("point-shrunk", files=point.files, usual=point.median_files)
    elif point.kind in ("archive", "snapshot") and point.bytes < BYTES * point.median_bytes:
        yield objection("point-smaller", bytes=point.bytes, usual_bytes=point.median_bytes)
    for path in point.missing:
        yield objection("point-without", path=path)
    if not point.verified:
        yield objection("point-unverified", stops=False)


def released(world: World, point: PointFacts) -> Released | None:
    """The released volume that a point is, as it is now; None where it is none, or no longer released."""
    if point.kind != "released":
        return None
    return next((each for each in world.cluster.released() if each.volume == point.ref), None)


def guarded(seen: Seen) -> Guard:
    """What must be there before a sync copies it away again, forth or back."""
    least = round(FILES * (seen.point.files or seen.point.median_files))
    return Guard((seen.filesystem,), seen.scene.volume.sentinels, least)


def safety(seen: Seen, part: str = "-safety") -> Iterator[Act]:
    """
    What is there now, kept whatever happens: a snapshot here and on the NAS, or where there is none an archive.

    Nothing, where there is no place for that either: it is then started by somebody who said why.
    """
    name = f"{seen.tag}{part}"
    if seen.snapshots:
        yield KeepSnapshot(seen.scene.claim, name, safety=True)
    if seen.lun:
        yield KeepNasSnapshot(seen.scene.claim, seen.lun, name)
    if not seen.snapshots and not seen.lun and seen.scene.volume.prefix:
        yield archived(seen, part, sentinels=())  # they may be what is missing


def baseline(seen: Seen) -> Act:
    """A fresh archive of what is live again: the new recovery point to start from."""
    return archived(seen, "", sentinels=seen.scene.volume.sentinels, baseline=True)


def archived(seen: Seen, part: str, *, sentinels: tuple[str, ...], baseline: bool = False) -> Archive:
    volume = seen.scene.volume
    store = {**seen.store, "bucket": volume.bucket}
    name = f"{volume.claim.name}-{seen.tag}{part}"
    return Archive(
        volume.claim, name, volume.prefix, store, sentinels,
        baseline=baseline, uid=seen.scene.claim_uid, handle=seen.scene.handle, quiet=not baseline,
    )  # fmt: skip
