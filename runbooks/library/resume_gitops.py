"""Resume GitOps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cluster.api import Keeper, WorkloadRef
from cluster.errors import NotFound
from runbooks import base, rights
from runbooks.acts.gitops import ResumeKeeper
from runbooks.base import Act, Need, Objection, Runbook, facts, objection, param, runbook
from runbooks.looks import LEASE, Scene, scene
from runbooks.world import World


@dataclass(frozen=True)
class Seen(base.Seen):
    """
    `held` are the keepers that pauses of ours hold, as they are to be put back, and `alone` whom each leaves alone: the
    scene's workload where a run of before did not say. `starts` are the syncs that a run of ours stopped, and that what
    is held would start again.
    """

    scene: Scene
    held: tuple[Keeper, ...]
    alone: tuple[WorkloadRef, ...] = ()
    starts: tuple[str, ...] = ()


@runbook("resume-gitops", _("Resume GitOps"))
class ResumeGitOps(Runbook[Seen]):
    need, nth = Need.NORMAL, 2
    about = _("End the pauses of an application before their time. What was changed by hand meanwhile is put back.")

    needs = rights.needed(rights.LOOK, rights.KEEPERS, rights.PAUSE)

    volume: int = param(_("Volume"), _("Whose application is to be kept as it is declared again"), kind="volume")

    def typed(self) -> bool:
        return False

    def look(self, world: World) -> Seen:
        here = around(world, self.volume)
        workloads = {s.workload for s in here.syncs} | ({here.workload} if here.workload else set())
        workloads |= set(world.records.left_alone(self.volume))
        held = sorted({(keeper, each) for each in workloads for keeper in world.records.paused(each)})
        running = {str(sync) for sync in here.syncs if sync.running}
        starts = {str(sync) for each in workloads for sync in world.records.kept_stopped(each)}
        keepers, alone = tuple(keeper for keeper, each in held), tuple(each for keeper, each in held)
        return Seen(here, keepers, alone, tuple(sorted(starts - running)))

    def objections(self, seen: Seen) -> Iterator[Objection]:
        here = seen.scene
        if not seen.held and here.workload is None:
            yield objection("workload-needed", claim=here.claim)
        elif not seen.held:
            yield objection("not-paused", workload=str(here.workload))
        for sync in seen.starts:
            yield Objection(facts("starts-sync", sync=sync, claim=here.claim), glass=True)

    def plan(self, seen: Seen) -> Iterator[Act]:
        alone = seen.alone or (seen.scene.workload,) * len(seen.held)
        for keeper, workload in zip(seen.held, alone, strict=True):
            if workload is not None:
                yield ResumeKeeper(keeper, workload, LEASE, all_leases=True)


def around(world: World, volume: int) -> Scene:
    """The scene; with nothing in it where the claim is gone: a pause outlives it, and some end by no clock."""
    try:
        return scene(world, volume)
    except NotFound:
        return Scene(world.records.volume(volume), "", None, "", "", 0, (), ())
