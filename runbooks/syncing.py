"""Which sync is meant, how it ran before, and what must be so before it runs again."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.api import Sync
from runbooks.acts.syncs import FILES, Guard
from runbooks.base import Objection, objection
from runbooks.looks import Scene
from runbooks.world import PointFacts, VolumeFacts, World


def named(kind: str, name: str, container: str) -> str:
    """What a sync is called where its namespace is clear: `CronJob/copier`, or `Deployment/app/rclone`."""
    return f"{kind}/{name}/{container}" if container else f"{kind}/{name}"


def name_of(sync: Sync) -> str:
    return named(sync.workload.kind, sync.workload.name, sync.container)


def chosen(scene: Scene, name: str) -> Sync | None:
    """The one of this name; without a name the only one there is."""
    if not name:
        return scene.syncs[0] if len(scene.syncs) == 1 else None
    return next((sync for sync in scene.syncs if name_of(sync) == name), None)


def unclear(scene: Scene, sync: Sync | None) -> Iterator[Objection]:
    if sync is None and not scene.syncs:
        yield objection("no-sync", claim=scene.claim)
    elif sync is None:
        yield objection("which-sync", claim=scene.claim, syncs=[name_of(each) for each in scene.syncs])


def guard(world: World, volume: VolumeFacts, *filesystems: str) -> Guard:
    """What a volume must hold by all that is known of it: the last good copy, and where it was last seen whole."""
    good = world.records.last_good(volume.id)
    known = {filesystem for filesystem in (volume.filesystem, *filesystems) if filesystem}
    return Guard(tuple(sorted(known)), volume.sentinels, least(good))


def least(good: PointFacts | None) -> int:
    return round(FILES * good.files) if good else 0
