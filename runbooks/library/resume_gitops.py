"""Resume GitOps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cluster.api import Keeper
from runbooks import base, rights
from runbooks.acts.gitops import ResumeKeeper
from runbooks.base import Act, Need, Objection, Runbook, objection, param, runbook
from runbooks.looks import LEASE, Scene, scene
from runbooks.world import World


@dataclass(frozen=True)
class Seen(base.Seen):
    """`held` are the keepers that pauses of ours hold, as they are to be put back."""

    scene: Scene
    held: tuple[Keeper, ...]


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
        held = world.records.paused(here.workload) if here.workload else ()
        return Seen(here, tuple(sorted(set(held))))

    def objections(self, seen: Seen) -> Iterator[Objection]:
        here = seen.scene
        if here.workload is None:
            yield objection("workload-needed", claim=here.claim)
        elif not seen.held:
            yield objection("not-paused", workload=str(here.workload))

    def plan(self, seen: Seen) -> Iterator[Act]:
        if workload := seen.scene.workload:
            for keeper in seen.held:
                yield ResumeKeeper(keeper, workload, LEASE, all_leases=True)
