"""Re-attach safely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cluster.api import Room
from runbooks import base, rights, syncing
from runbooks.acts.syncs import Guard
from runbooks.acts.workloads import astray
from runbooks.base import Act, Need, Objection, Runbook, objection, param, runbook
from runbooks.looks import Scene, common, down, no_place, paused, resumed, scene, syncs_again, up
from runbooks.world import World


@dataclass(frozen=True)
class Seen(base.Seen):
    """`astray` are facts of what holds the volume where no pod uses it; `room` is where the pod finds a place."""

    scene: Scene
    room: Room | None
    guard: Guard
    astray: tuple[Mapping[str, Any], ...] = ()


@runbook("reattach-volume", _("Re-attach a volume safely"))
class ReattachVolume(Runbook[Seen]):
    need, nth = Need.BRING_BACK, 5
    ends_as_before = True
    about = _("Take the application down, wait until everything agrees that its volume is free, and bring it back.")

    needs = rights.needed(
        rights.LOOK, rights.ATTACHED, rights.KEEPERS, rights.SCALE, rights.SYNC, rights.ROOM, rights.JOB
    )
    wants = rights.PAUSE

    volume: int = param(_("Volume"), _("What hangs, or is attached where it should not be"), kind="volume")

    may_move = frozenset({"room", "astray", "guard"})

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        room = world.cluster.room(here.workload) if here.workload else None
        return Seen(here, room, syncing.guard(world, here.volume), astray(world, here.claim))

    def objections(self, seen: Seen) -> Iterator[Objection]:
        yield from common(seen.scene)
        if seen.scene.workload is None:
            yield objection("workload-needed", claim=seen.scene.claim)
        elif not seen.scene.replicas:
            yield objection("not-running", workload=str(seen.scene.workload))
        yield from no_place(seen.room)
        for told in seen.astray:
            yield objection(stops=False, **told)

    def plan(self, seen: Seen) -> Iterator[Act]:
        yield from paused(seen.scene, seen.guard)
        yield from down(seen.scene, seen.guard)
        yield from up(seen.scene)
        yield from syncs_again(seen.scene, seen.guard)
        yield from resumed(seen.scene, seen.guard)
