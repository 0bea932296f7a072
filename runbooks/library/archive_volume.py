"""Archive a volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from runbooks import base, rights
from runbooks.acts.data import Archive
from runbooks.acts.snapshots import KeepSnapshot
from runbooks.base import Act, Need, Objection, Runbook, objection, param, runbook
from runbooks.looks import Scene, can_snapshot, inspected, missing, scene
from runbooks.world import Records, World


@dataclass(frozen=True)
class Seen(base.Seen):
    """`snapshots` False: the cluster has none, and the files are read while the application may write them."""

    scene: Scene
    store: Mapping[str, str]
    tag: str
    files: int
    missing: tuple[str, ...]
    snapshots: bool = True
    filesystem: str = ""


@runbook("archive-volume", _("Archive a volume"))
class ArchiveVolume(Runbook[Seen]):
    need, nth = Need.KEEP, 2
    about = _("Write what a volume holds now to the object store, from a snapshot, with a manifest that proves it.")

    needs = rights.needed(rights.LOOK, rights.KEEPERS, rights.SNAPSHOT, rights.JOB, rights.CLONE)
    wants = rights.KEEP

    volume: int = param(_("Volume"), _("What to archive"), kind="volume")

    may_move = frozenset({"files"})

    def typed(self) -> bool:
        return False

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        found = inspected(world, here)
        has_snapshots = can_snapshot(world, here.claim)
        return Seen(
            here, world.records.store(), world.tag, found["files"], missing(found), has_snapshots,
            found["filesystem_id"],
        )  # fmt: skip

    def done(self, seen: Seen, records: Records, seconds: float) -> None:
        records.whole(self.volume, seen.filesystem)

    def objections(self, seen: Seen) -> Iterator[Objection]:
        if not seen.scene.volume.prefix:
            yield objection("no-archives", claim=seen.scene.claim)
        if not seen.files:
            yield objection("volume-empty", claim=seen.scene.claim)
        for path in seen.missing:
            yield objection("volume-without", path=path)
        if not seen.snapshots:
            yield objection("archive-live", stops=False, claim=seen.scene.claim)

    def plan(self, seen: Seen) -> Iterator[Act]:
        volume = seen.scene.volume
        store = {**seen.store, "bucket": volume.bucket}
        snapshot = f"{seen.tag}-snapshot" if seen.snapshots else ""
        if snapshot:
            yield KeepSnapshot(volume.claim, snapshot)
        name = f"{volume.claim.name}-{seen.tag}"
        uid, handle = seen.scene.claim_uid, seen.scene.handle
        yield Archive(
            volume.claim, name, volume.prefix, store, volume.sentinels, snapshot=snapshot, uid=uid, handle=handle
        )
