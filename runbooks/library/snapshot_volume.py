"""Snapshot a volume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from runbooks import base, rights, syncing
from runbooks.acts.guards import NOTHING_KNOWN, Guard
from runbooks.acts.nas import KeepNasSnapshot, lun_behind
from runbooks.acts.snapshots import KeepSnapshot
from runbooks.base import Act, Need, Objection, Runbook, objection, param, runbook
from runbooks.looks import Scene, common, down, paused, resumed, scene, syncs_again, up
from runbooks.world import World


@dataclass(frozen=True)
class Seen(base.Seen):
    """`lun` is the volume's on a NAS, empty where it has none there."""

    scene: Scene
    name: str
    lun: str = ""
    guard: Guard = NOTHING_KNOWN


@runbook("snapshot-volume", _("Snapshot a volume"))
class SnapshotVolume(Runbook[Seen]):
    need, nth = Need.KEEP, 1
    about = _("Keep what a volume holds now, as a snapshot that stays until a person removes it.")
    ends_as_before = True

    needs = rights.needed(rights.LOOK, rights.KEEPERS, rights.SNAPSHOT)
    wants = rights.needed(rights.KEEP, rights.PAUSE, rights.SCALE, rights.SYNC, rights.ATTACHED, rights.JOB)
    parts = ("snapshots",)

    volume: int = param(_("Volume"), _("What to keep"), kind="volume")
    quiet: bool = param(
        _("Take it quietly"),
        _("Stop the application first, so that the snapshot is of one moment; it is down for about a minute"),
        default=False,
    )

    may_move = frozenset({"guard"})

    def typed(self) -> bool:
        return self.quiet

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        return Seen(
            here,
            f"{world.tag}-snapshot",
            lun_behind(world.cluster.claim(here.claim)),
            syncing.guard(world, here.volume),
        )

    def objections(self, seen: Seen) -> Iterator[Objection]:
        if self.quiet:
            yield from common(seen.scene)
        if not seen.scene.volume.snapshots:
            yield objection("unlisted", stops=False, claim=seen.scene.claim)

    def plan(self, seen: Seen) -> Iterator[Act]:
        if not self.quiet:
            yield from snapshots(seen)
            return
        yield from paused(seen.scene, seen.guard)
        yield from down(seen.scene, seen.guard)
        yield from snapshots(seen)
        yield from up(seen.scene)
        yield from syncs_again(seen.scene, seen.guard)
        yield from resumed(seen.scene, seen.guard)


def snapshots(seen: Seen) -> Iterator[Act]:
    """The cluster's own, and one that is out of the cluster's reach."""
    yield KeepSnapshot(seen.scene.claim, seen.name)
    if seen.lun:
        yield KeepNasSnapshot(seen.scene.claim, seen.lun, seen.name)
