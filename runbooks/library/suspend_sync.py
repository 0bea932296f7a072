"""Suspend a sync."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cluster.api import Keeper, Sync
from runbooks import base, patches, rights, syncing
from runbooks.acts.gitops import PauseKeeper
from runbooks.acts.guards import NOTHING_KNOWN, Guard, Guarded
from runbooks.acts.syncs import NoteVolume, StopSync
from runbooks.acts.workloads import Scale
from runbooks.base import Act, Need, Objection, Runbook, objection, param, runbook
from runbooks.looks import Scene, keepers, keeping, scene
from runbooks.syncing import chosen, unclear
from runbooks.world import World

DAY = 24 * 60


@dataclass(frozen=True)
class Seen(base.Seen):
    """`keepers` are those of the sync's own workload; `guard` is what must be so before taking it back starts it."""

    scene: Scene
    sync: Sync | None
    keepers: tuple[Keeper, ...] = ()
    guard: Guard = NOTHING_KNOWN


@runbook("suspend-sync", _("Suspend a sync"))
class SuspendSync(Runbook[Seen]):
    need, nth = Need.STOP, 1
    about = _("Stop what copies a volume away by itself, before it copies what is wrong over what is good.")

    needs = rights.needed(rights.LOOK, rights.KEEPERS, rights.SCALE, rights.SYNC)
    wants = rights.needed(rights.PAUSE, rights.JOB)

    volume: int = param(_("Volume"), _("What it copies"), kind="volume")
    sync: str = param(_("Sync"), _("Which one, where there are several"), kind="sync", default="")
    minutes: int = param(
        _("Minutes"),
        _("For how long what keeps the sync as it is declared leaves it alone"),
        default=DAY,
        least=1,
        most=7 * DAY,
    )

    may_move = frozenset({"guard"})

    def typed(self) -> bool:
        return False  # nothing is lost by it, and in a hurry it must be quick

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        sync = chosen(here, self.sync)
        kept = keepers(world, sync.workload) if sync else ()
        return Seen(here, sync, kept, syncing.guard(world, here.volume))

    def objections(self, seen: Seen) -> Iterator[Objection]:
        yield from unclear(seen.scene, seen.sync)
        if seen.sync and not seen.sync.running:
            yield objection("sync-stopped", sync=str(seen.sync))
        if seen.sync and seen.sync.kind == "Sidecar":
            yield objection("sidecar-goes-with", stops=False, sync=str(seen.sync), workload=str(seen.sync.workload))
        for keeper in seen.keepers:
            if keeper.pausable and keeper.paused:
                yield keeping(keeper, str(seen.sync))
            elif keeper.pausable:
                told = {"keeper": str(keeper), "sync": str(seen.sync), "lasts": self.minutes}
                yield objection("sync-kept", stops=False, **told)

    def plan(self, seen: Seen) -> Iterator[Act]:
        sync = seen.sync
        if sync is None:
            return
        for keeper in seen.keepers:
            if keeper.pausable:
                yield PauseKeeper(keeper, sync.workload, self.minutes, Guarded(sync, seen.guard))
        if sync.kind == "Sidecar":
            yield Scale(sync.workload, was=seen.scene.replicas, to=0, guarded=Guarded(sync, seen.guard))
        else:
            yield StopSync(sync, seen.guard)
        yield NoteVolume(seen.scene.claim, seen.scene.volume.sentinels)

    def to_commit(self, seen: Seen) -> str:
        return patches.stopped(seen.sync) if seen.sync and any(k.pausable for k in seen.keepers) else ""
