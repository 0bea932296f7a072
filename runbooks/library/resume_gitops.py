"""Resume GitOps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cluster.api import Keeper, WorkloadRef
from runbooks import base, rights
from runbooks.acts.gitops import ResumeKeeper
from runbooks.base import Act, Need, Objection, Runbook, facts, objection, param, runbook
from runbooks.looks import LEASE, Scene, scene
from runbooks.world import World


@dataclass(frozen=True, order=True)
class Held:
    """A keeper that a pause of ours holds, as it is to be put back, and whom it leaves alone."""

    keeper: Keeper
    workload: WorkloadRef


@dataclass(frozen=True)
class Seen(base.Seen):
    """`starts` are the syncs that a run of ours stopped, and that what is held would start again."""

    scene: Scene
    held: tuple[Held, ...]
    starts: tuple[str, ...]


@runbook("resume-gitops", _("Resume GitOps"))
class ResumeGitOps(Runbook[Seen]):
    need, nth = Need.NORMAL, 2
    about = _("End the pauses of an application before their time. What was changed by hand meanwhile is put back.")

    needs = rights.needed(rights.LOOK, rights.KEEPERS, rights.PAUSE)

    volume: int = param(_("Volume"), _("Whose application is to be kept as it is declared again"), kind="volume")

    def typed(self) -> bool:
        return False

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        workloads = {s.workload for s in here.syncs} | ({here.workload} if here.workload else set())
        held = {Held(keeper, each) for each in workloads for keeper in world.records.paused(each)}
        stopped = {str(sync) for sync in here.syncs if not sync.running}
        starts = {str(sync) for each in workloads for sync in world.records.kept_stopped(each)}
        return Seen(here, tuple(sorted(held)), tuple(sorted(starts & stopped)))

    def objections(self, seen: Seen) -> Iterator[Objection]:
        here = seen.scene
        if not seen.held and here.workload is None:
            yield objection("workload-needed", claim=here.claim)
        elif not seen.held:
            yield objection("not-paused", workload=str(here.workload))
        for sync in seen.starts:
            yield Objection(facts("starts-sync", sync=sync, claim=here.claim), glass=True)

    def plan(self, seen: Seen) -> Iterator[Act]:
        for each in seen.held:
            yield ResumeKeeper(each.keeper, each.workload, LEASE, all_leases=True)
