"""Purge what a restore kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from people.roles import May
from runbooks import base, rights
from runbooks.acts.data import Purge
from runbooks.acts.snapshots import DropSnapshot
from runbooks.base import Act, Facts, Need, Objection, Runbook, facts, objection, param, runbook
from runbooks.looks import Scene, inspected, missing, scene
from runbooks.world import Kept, PointFacts, World


@dataclass(frozen=True)
class Seen(base.Seen):
    """
    `kept` is what our records have of the restore, its files and bytes as the agent counted them; `state` is what it
    found of it in the volume. `proven` and `newest` are copies of the volume that are still there. `ready` of the
    application's pods are.
    """

    scene: Scene
    kept: Kept
    state: str
    missing: tuple[str, ...]
    ready: int
    proven: PointFacts | None
    newest: PointFacts | None


@runbook("purge-kept", _("Purge what a restore kept"))
class PurgeKept(Runbook[Seen]):
    need, nth = Need.CLEAN_UP, 1
    about = _(
        "Remove for good what a restore put aside. This is the one thing here that destroys, and it stands alone."
    )

    needs = rights.needed(rights.LOOK, rights.KEEPERS, rights.JOB)
    wants = rights.DROP_SNAPSHOT
    who = May.DESTROY

    volume: int = param(_("Volume"), _("Where it was kept"), kind="volume")
    run: int = param(_("Restore"), _("Which one put it aside"), kind="kept")
    snapshots: bool = param(_("Its safety snapshots, too"), _("What was there before is nowhere then"), default=False)

    may_move = frozenset({"ready"})

    def look(self, world: World) -> Seen:
        kept = world.records.kept(self.run)
        here = scene(world, self.volume)
        found = inspected(world, here, aside=kept.tag)
        if counted := found["aside"]:  # what came between, and what was purged of it already, is in no record
            kept = replace(kept, files=counted["files"], bytes=counted["bytes"])
        states = {each["run"]: each["state"] for each in found["runs"]}
        ready = world.cluster.workload(here.workload).ready if here.workload else 0
        return Seen(
            here, kept, states.get(kept.tag, "none"), missing(found), ready,
            world.records.proven(self.volume), world.records.last_good(self.volume),
        )  # fmt: skip

    def objections(self, seen: Seen) -> Iterator[Objection]:
        here, kept = seen.scene, seen.kept
        if kept.volume != self.volume:
            yield objection("kept-of-other", run=self.run)
        elif not kept.over:
            yield objection("not-over", run=self.run)
        elif seen.state in ("forward", "backing"):
            yield objection("swap-not-over", run=self.run)
        elif seen.state not in ("swapped", "purging"):
            yield objection("not-kept", run=self.run, claim=here.claim)
        for path in seen.missing:
            yield objection("live-without", path=path)
        if here.workload and seen.ready < max(here.replicas, 1):
            yield objection("not-well", workload=str(here.workload))
        yield from self.against_the_copies(seen)

    def against_the_copies(self, seen: Seen) -> Iterator[Objection]:
        """What was kept may be the only copy."""
        proven, newest = seen.proven, seen.newest
        if proven and self.snapshots and proven.kind == "snapshot" and proven.ref in seen.kept.snapshots:
            proven = None
        if proven is None:
            yield objection("nothing-proven", claim=seen.scene.claim)
        elif newest and not newest.verified:
            yield objection("newest-unproven", stops=False, claim=seen.scene.claim, taken=proven.taken.isoformat())

    def destroys(self, seen: Seen) -> Facts:
        kept = seen.kept
        code = "gone-with-snapshots" if self.snapshots and kept.snapshots else "gone"
        since = kept.since.isoformat()
        return facts(code, run=self.run, files=kept.files, bytes=kept.bytes, since=since, names=list(kept.snapshots))

    def plan(self, seen: Seen) -> Iterator[Act]:
        kept = seen.kept
        yield Purge(seen.scene.claim, kept.tag, kept.files, kept.bytes)
        for name in kept.snapshots if self.snapshots else ():
            yield DropSnapshot(seen.scene.claim, name)
