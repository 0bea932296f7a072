"""Pause GitOps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from runbooks import base, rights
from runbooks.acts.gitops import PauseKeeper, StaysPaused
from runbooks.base import Act, Need, Objection, Runbook, objection, param, runbook
from runbooks.looks import Scene, scene
from runbooks.world import World

WEEK = 7 * 24 * 60


@dataclass(frozen=True)
class Seen(base.Seen):
    scene: Scene


@runbook("pause-gitops", _("Pause GitOps"))
class PauseGitOps(Runbook[Seen]):
    need, nth = Need.STOP, 2
    about = _("Have what keeps an application as it is declared leave it alone for a while, by a lease that ends.")

    needs = rights.needed(rights.LOOK, rights.KEEPERS, rights.PAUSE)

    volume: int = param(_("Volume"), _("Whose application is to be left alone"), kind="volume")
    minutes: int = param(_("Minutes"), _("After these it is resumed by itself"), default=60, least=1, most=WEEK)

    def typed(self) -> bool:
        return False

    def look(self, world: World) -> Seen:
        return Seen(scene(world, self.volume))

    def objections(self, seen: Seen) -> Iterator[Objection]:
        here = seen.scene
        if here.workload is None:
            yield objection("workload-needed", claim=here.claim)
        elif not here.pausable:
            yield objection("no-keeper", workload=str(here.workload))
        for keeper in here.keepers:
            if not keeper.pausable:
                told = {"keeper": str(keeper), "workload": str(here.workload), "detail": keeper.detail}
                yield objection(f"keeper-{keeper.kind.lower()}", stops=False, **told)

    def plan(self, seen: Seen) -> Iterator[Act]:
        if workload := seen.scene.workload:
            for keeper in seen.scene.pausable:
                yield PauseKeeper(keeper, workload, self.minutes)
            for keeper in seen.scene.pausable:
                yield StaysPaused(keeper, workload)
