"""Snapshot a volume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from runbooks import base, rights
from runbooks.acts.snapshots import KeepSnapshot
from runbooks.base import Act, Objection, Runbook, World, objection, param, runbook
from runbooks.looks import Scene, common, down, scene, syncs_again, up


@dataclass(frozen=True)
class Seen(base.Seen):
    scene: Scene
    name: str


@runbook("snapshot-volume", _("Snapshot a volume"))
class SnapshotVolume(Runbook[Seen]):
    about = _("Keep what a volume holds now, as a snapshot that stays until a person removes it.")

    needs = rights.needed(rights.LOOK, rights.SNAPSHOT, rights.SCALE, rights.SYNC, rights.ATTACHED)
    wants = rights.KEEP
    parts = ("snapshots",)

    volume: int = param(_("Volume"), _("What to keep"), kind="volume")
    quiet: bool = param(
        _("Take it quietly"),
        _("Stop the application first, so that the snapshot is of one moment; it is down for about a minute"),
        default=False,
    )

    def typed(self) -> bool:
        return self.quiet

    def look(self, world: World) -> Seen:
        return Seen(scene(world, self.volume), name=f"{world.tag}-snapshot")

    def objections(self, seen: Seen) -> Iterator[Objection]:
        if self.quiet:
            yield from common(seen.scene)
        if not seen.scene.volume.snapshots:
            yield objection("unlisted", stops=False, claim=seen.scene.claim)

    def plan(self, seen: Seen) -> Iterator[Act]:
        if self.quiet:
            yield from down(seen.scene)
        yield KeepSnapshot(seen.scene.claim, seen.name)
        if self.quiet:
            yield from up(seen.scene)
            yield from syncs_again(seen.scene)
