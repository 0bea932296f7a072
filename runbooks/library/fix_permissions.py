"""Fix permissions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cluster.api import Template
from runbooks import base, patches, rights, syncing
from runbooks.acts.data import ListWrong, Own
from runbooks.acts.guards import NOTHING_KNOWN, Guard
from runbooks.base import Act, Need, Objection, Runbook, objection, param, runbook
from runbooks.looks import (
    Scene,
    common,
    down,
    inspected,
    paused,
    resumed,
    scene,
    stayed_down,
    syncs_again,
    up,
)
from runbooks.world import World

FEW = 10  # paths that are shown as examples


@dataclass(frozen=True)
class Seen(base.Seen):
    """
    `count` is of files and folders whose owner is another; `first` are some of them. `template` is what the pods of
    the application are made of, `image` the one of an init container beside it.
    """

    scene: Scene
    tag: str
    count: int
    first: tuple[str, ...]
    template: Template | None = None
    guard: Guard = NOTHING_KNOWN
    image: str = patches.IMAGE


@runbook("fix-permissions", _("Fix permissions"))
class FixPermissions(Runbook[Seen]):
    need, nth = Need.BRING_BACK, 3
    about = _("Give the files of a volume to the user that its application runs as: exactly those that are another's.")

    needs = rights.needed(rights.LOOK, rights.ATTACHED, rights.KEEPERS, rights.JOB, rights.SCALE, rights.SYNC)
    wants = rights.PAUSE

    volume: int = param(_("Volume"), _("Whose files to give back to their owner"), kind="volume")

    may_move = frozenset({"count", "first", "guard", "image"})

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        found = inspected(world, here, wanted={"uid": here.volume.uid, "gid": here.volume.gid, "modes": True})
        differing = found["differing"]
        first = tuple(f"{d['path']} ({d['uid']}:{d['gid']})" for d in differing["first"][:FEW])
        template = world.cluster.template(here.workload, here.claim) if here.workload else None
        image = patches.pinned(world.cluster.images(here.claim.namespace))
        guard = syncing.guard(world, here.volume)
        return Seen(here, world.tag, differing["count"], first, template, guard, image)

    def objections(self, seen: Seen) -> Iterator[Objection]:
        yield from common(seen.scene)
        if not seen.count:
            yield objection("nothing-differs", owner=f"{seen.scene.volume.uid}:{seen.scene.volume.gid}")
        else:
            yield objection("differs", stops=False, count=seen.count, first=list(seen.first))
            yield objection("clears-setuid", stops=False)

    def plan(self, seen: Seen) -> Iterator[Act]:
        volume, here = seen.scene.volume, seen.scene
        yield from paused(here, seen.guard)
        yield from down(here, seen.guard)
        yield ListWrong(volume.claim, seen.tag, volume.uid, volume.gid)
        yield from stayed_down(here)
        yield Own(volume.claim, seen.tag, volume.uid, volume.gid, count=seen.count, listed=True)
        yield from up(here)
        yield from syncs_again(here, seen.guard)
        yield from resumed(here, seen.guard)

    def to_commit(self, seen: Seen) -> str:
        here = seen.scene
        if here.workload is None or seen.template is None:
            return ""
        return patches.ownership(here.workload, seen.template, here.volume.uid, here.volume.gid, seen.image)
