"""Snapshots: copies of a claim's files, made whole or not at all. A dropped one's files stay, as its class promises."""

from __future__ import annotations

from datetime import datetime

from cluster.api import ClaimRef
from cluster.range import volumes
from cluster.range.ground import Ground
from cluster.range.objects import SnapshotObject

BLOCK = 4096  # what the smallest volume weighs


def turn(ground: Ground, now: datetime) -> None:
    """Take what was asked for and is not there yet. What failed is tried again, with its error shown."""
    seen = ground.objects.read()
    for key, wanted in seen.snapshots.items():
        if wanted.taken is None:
            error = seen.faults.snapshots or take(ground, wanted)
            note(ground, key, wanted, error, now)


def take(ground: Ground, wanted: SnapshotObject) -> str:
    """Copy the files; returns what went wrong, or nothing."""
    target = ground.volumes.snapshot(wanted.uid)
    if target.exists():  # by a process that died before it could say so
        return ""
    try:
        volumes.copy(ground.volumes.data(ClaimRef(wanted.namespace, wanted.claim)), target)
    except OSError as e:
        return str(e)
    return ""


def note(ground: Ground, key: str, wanted: SnapshotObject, error: str, now: datetime) -> None:
    size = 0 if error else max(volumes.weigh(ground.volumes.snapshot(wanted.uid)), BLOCK)
    with ground.objects.change() as state:
        here = state.snapshots.get(key)
        if here is None or here.uid != wanted.uid:
            return
        here.error = error
        if not error:
            here.taken, here.size = now, size
            state.tell(now, here.namespace, f"VolumeSnapshot/{here.name}", "SnapshotReady", "Ready to use", here.claim)
