"""Resume a sync."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from cluster.api import Keeper, Sync
from runbooks import base, rights, syncing
from runbooks.acts.gitops import ResumeKeeper
from runbooks.acts.guards import Guard, Guarded
from runbooks.acts.syncs import ResumeSync
from runbooks.acts.workloads import Healthy, Scale
from runbooks.base import Act, Need, Objection, Runbook, objection, param, runbook
from runbooks.looks import LEASE, Scene, inspected, missing, scene
from runbooks.syncing import chosen, unclear
from runbooks.world import World


@dataclass(frozen=True)
class Seen(base.Seen):
    """
    `sync` is to be put back as it ran before; `stopped` False: it runs already. `files`, `filesystem` and `missing`
    are what the volume holds now, against the `guard`. `held` are the keepers of the sync that pauses of ours hold.
    """

    scene: Scene
    sync: Sync | None
    stopped: bool
    known: bool
    guard: Guard
    files: int
    filesystem: str
    missing: tuple[str, ...]
    held: tuple[Keeper, ...] = ()


@runbook("resume-sync", _("Resume a sync"))
class ResumeASync(Runbook[Seen]):
    need, nth = Need.NORMAL, 1
    about = _("Let a sync copy a volume away again, once what it would copy is known to be whole.")

    needs = rights.needed(rights.LOOK, rights.KEEPERS, rights.SCALE, rights.SYNC, rights.JOB)
    wants = rights.PAUSE

    volume: int = param(_("Volume"), _("What it copies"), kind="volume")
    sync: str = param(_("Sync"), _("Which one, where there are several"), kind="sync", default="")

    may_move = frozenset({"files"})

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        found = inspected(world, here)
        now = chosen(here, self.sync)
        before = world.records.stopped(self.volume, now) if now else None
        guard = syncing.guard(world, here.volume, before.filesystem if before else "")
        return Seen(
            scene=here,
            sync=before.sync if before else replace(now, running=True, replicas=max(now.replicas, 1)) if now else None,
            stopped=bool(now and not now.running),
            known=before is not None,
            guard=guard,
            files=found["files"],
            filesystem=found["filesystem_id"],
            missing=missing(found),
            held=world.records.paused(now.workload) if now else (),
        )

    def objections(self, seen: Seen) -> Iterator[Objection]:
        yield from unclear(seen.scene, seen.sync)
        if seen.sync is None:
            return
        if not seen.stopped:
            yield objection("sync-running", sync=str(seen.sync))
        gone = [{"path": path, "exists": False} for path in seen.missing]
        found = {"files": seen.files, "filesystem_id": seen.filesystem, "sentinels": gone}
        yield from (Objection(why) for why in seen.guard.against(found))
        if not seen.guard.files:
            yield objection("guard-nothing-known", stops=False, claim=seen.scene.claim)
        if not seen.known and seen.sync.kind in ("Deployment", "StatefulSet", "Sidecar"):
            yield objection("sync-unknown-before", stops=False, sync=str(seen.sync))

    def plan(self, seen: Seen) -> Iterator[Act]:
        sync, here = seen.sync, seen.scene
        if sync is None:
            return
        if sync.kind == "Sidecar":
            yield Scale(sync.workload, was=0, to=sync.replicas)
            yield Healthy(sync.workload, here.claim, sync.replicas)
        else:
            yield ResumeSync(sync, seen.guard)
        guarded = None if sync.kind == "Sidecar" else Guarded(sync, seen.guard)
        for keeper in seen.held:  # it would start what was left stopped
            yield ResumeKeeper(keeper, sync.workload, LEASE, all_leases=True, guarded=guarded)
