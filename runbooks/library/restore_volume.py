"""Restore a volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from runbooks import base, rights
from runbooks.acts.data import Archive, Extract, Own, Swap, Verify
from runbooks.acts.snapshots import KeepSnapshot
from runbooks.acts.workloads import Detached, Witnessed
from runbooks.base import Act, Objection, PointFacts, Records, Runbook, World, objection, param, runbook
from runbooks.looks import Scene, common, down, inspected, scene, syncs_again, up

ROOM = 1.1  # times the recovery point's bytes must be free for staging
FILES, BYTES = 0.9, 0.8  # of the median of the last five good points


@dataclass(frozen=True)
class Seen(base.Seen):
    """`files`, `bytes` and `newest` are of what is live now; `free` is the volume's room, in bytes."""

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


@runbook("restore-volume", _("Restore a volume"))
class RestoreVolume(Runbook[Seen]):
    about = _("Put a recovery point in place of what a volume holds. What was there is kept beside it.")

    needs = rights.needed(
        rights.LOOK,
        rights.EVENTS,
        rights.ATTACHED,
        rights.KEEPERS,
        rights.SCALE,
        rights.SYNC,
        rights.SNAPSHOT,
        rights.JOB,
        rights.CLONE,
        rights.ROOM,
        rights.RELEASED,
    )
    wants = rights.needed(rights.PAUSE, rights.KEEP, rights.REBIND)

    volume: int = param(_("Volume"), _("What to restore"), kind="volume")
    point: int = param(_("Recovery point"), _("What to put in its place"), kind="point")

    may_move = frozenset({"free", "files", "bytes", "newest"})

    def done(self, records: Records, seconds: float) -> None:
        records.restored(self.volume, seconds)

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        found = inspected(world, here)
        point = world.records.point(self.point)
        return Seen(
            scene=here,
            point=point,
            stored=world.records.stored(point.id) if point.kind == "archive" else None,
            store=world.records.store(),
            tag=world.tag,
            filesystem=found["filesystem_id"],
            free=found["free_bytes"],
            files=found["files"],
            bytes=found["bytes"],
            newest=found["newest"] or "",
        )

    def objections(self, seen: Seen) -> Iterator[Objection]:
        yield from common(seen.scene)
        yield from self.against_the_point(seen)
        if seen.point.kind == "archive" and seen.stored is None and not seen.point.gone:
            yield objection("point-gone")
        if seen.free < (need := round(seen.point.bytes * ROOM)):
            yield objection("no-room", free=seen.free, need=need)
        if seen.scene.volume.filesystem not in ("", seen.filesystem):
            yield objection("formatted", stops=False, claim=seen.scene.claim)
        if seen.newest and seen.newest > seen.point.taken.isoformat():
            yield objection("written-since", stops=False, files=seen.files, newest=seen.newest)

    def against_the_point(self, seen: Seen) -> Iterator[Objection]:
        point = seen.point
        if point.volume != self.volume:
            yield objection("other-volume")
        if point.gone:
            yield objection("point-gone")
        if point.kind == "archive" and not point.files:
            yield objection("point-empty")
        elif point.files and point.files < FILES * point.median_files:
            yield objection("point-shrunk", files=point.files, usual=point.median_files)
        elif point.bytes < BYTES * point.median_bytes:
            yield objection("point-smaller", bytes=point.bytes, usual_bytes=point.median_bytes)
        for path in point.missing:
            yield objection("point-without", path=path)
        if not point.verified:
            yield objection("point-unverified", stops=False)

    def plan(self, seen: Seen) -> Iterator[Act]:
        claim, run, volume, point = seen.scene.claim, seen.tag, seen.scene.volume, seen.point
        store = {**seen.store, "bucket": point.bucket}
        yield Witnessed(claim)
        yield from down(seen.scene)
        yield KeepSnapshot(claim, name=f"{run}-safety", safety=True)
        yield Extract(claim, point.kind, point.ref, store, point.files, point.bytes, seen.filesystem, run)
        yield Verify(claim, run, volume.sentinels, point.id)
        yield Own(claim, run, volume.uid, volume.gid, where="staging")
        yield Swap(claim, run)
        yield Detached(claim)
        yield from up(seen.scene)
        if volume.prefix:
            yield baseline(seen)
        yield from syncs_again(seen.scene)


def baseline(seen: Seen) -> Act:
    """A fresh archive of what is live again: the new recovery point to start from."""
    volume = seen.scene.volume
    store = {**seen.store, "bucket": volume.bucket}
    name = f"{volume.claim.name}-{seen.tag}"
    return Archive(volume.claim, name, volume.prefix, store, volume.sentinels, baseline=True)
