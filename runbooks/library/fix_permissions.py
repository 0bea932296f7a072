"""Fix permissions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from runbooks import base, rights
from runbooks.acts.data import Own
from runbooks.acts.workloads import Scale
from runbooks.base import Act, Objection, Runbook, World, objection, param, runbook
from runbooks.looks import Scene, inspected, scene, up

FEW = 10  # paths that are shown as examples


@dataclass(frozen=True)
class Seen(base.Seen):
    """`count` is of files and folders whose owner is another; `first` are some of them."""

    scene: Scene
    tag: str
    count: int
    first: tuple[str, ...]


@runbook("fix-permissions", _("Fix permissions"))
class FixPermissions(Runbook[Seen]):
    about = _("Give the files of a volume to the user that its application runs as: exactly those that are another's.")

    needs = rights.needed(rights.LOOK, rights.JOB, rights.SCALE)

    volume: int = param(_("Volume"), _("Whose files to give back to their owner"), kind="volume")

    may_move = frozenset({"count", "first"})

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        found = inspected(world, here, wanted={"uid": here.volume.uid, "gid": here.volume.gid, "modes": True})
        differing = found["differing"]
        first = tuple(f"{d['path']} ({d['uid']}:{d['gid']})" for d in differing["first"][:FEW])
        return Seen(here, world.tag, differing["count"], first)

    def objections(self, seen: Seen) -> Iterator[Objection]:
        if not seen.count:
            yield objection("nothing-differs", owner=f"{seen.scene.volume.uid}:{seen.scene.volume.gid}")
        else:
            yield objection("differs", stops=False, count=seen.count, first=list(seen.first))

    def plan(self, seen: Seen) -> Iterator[Act]:
        volume, here = seen.scene.volume, seen.scene
        if here.workload and here.replicas:
            yield Scale(here.workload, was=here.replicas, to=0)
        yield Own(volume.claim, seen.tag, volume.uid, volume.gid, count=seen.count)
        yield from up(here)
