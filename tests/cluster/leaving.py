"""Volumes whose claim is gone: one that the practice world has from the start, or one that is made on a Kubernetes."""

from __future__ import annotations

import contextlib
from contextlib import contextmanager

from cluster.api import ClaimRef
from cluster.errors import NotFound
from cluster.range.range import Range
from tests.cluster.kit import CORE, Anything, Ground, claim, container, meta, pods

FILES = 3
SCRIPT = "cd /left; echo one > one; mkdir two; echo three > two/three; echo four > four"


@contextmanager
def left(place, *, files=False):
    """Such a volume; on a Kubernetes with files where a test reads them, and all that becomes of it goes afterwards."""
    if isinstance(place.cluster, Range):
        (only,) = place.cluster.released()
        yield only
        return
    ground = Ground(place.cluster.api, place.claim.namespace)
    name = volume(ground, files=files)
    try:
        yield next(one for one in place.cluster.released() if one.volume == name)
    finally:
        forget(ground, name)


def volume(ground, *, files=False, policy="Retain"):
    """A claim that is deleted; its volume's name is returned once that is released."""
    for kind in ("Pod", "PersistentVolumeClaim"):  # of a test that came to no good end
        ground.drop(kind, "left")
        ground.until(lambda kind=kind: not ground.there(ground.path(kind, "left")), f"the end of the {kind} before")
    ground.make(claim("left"))
    # A pod that comes before its volume is there may be forgotten by the scheduler for minutes.
    ground.until(lambda: ground.get("PersistentVolumeClaim", "left").status.get("phase") == "Bound", "its volume")
    if files:
        spec = pods(("left",), container("seed", SCRIPT, "left"), restartPolicy="Never")
        ground.make({"apiVersion": "v1", "kind": "Pod", "metadata": meta("left"), "spec": spec})
        ground.until(lambda: ground.get("Pod", "left").status.get("phase") == "Succeeded", "the first files")
        ground.drop("Pod", "left")
    name = ground.get("PersistentVolumeClaim", "left").spec["volumeName"]
    ground.api.merge(f"{CORE}/persistentvolumes/{name}", {"spec": {"persistentVolumeReclaimPolicy": policy}})
    ground.drop("PersistentVolumeClaim", "left")
    ground.until(lambda: of(ground, name).status.get("phase") == "Released", "its release")
    return name


def of(ground, name):
    return ground.api.get(f"{CORE}/persistentvolumes/{name}", Anything)


def forget(ground, name):
    """What the program never does: the volume goes with its claim."""
    with contextlib.suppress(NotFound):
        ground.until(lambda: of(ground, name).status.get("phase") in ("Bound", "Released"), "a settled volume")
        bound = of(ground, name).spec.get("claimRef") or {}
        ground.api.merge(f"{CORE}/persistentvolumes/{name}", {"spec": {"persistentVolumeReclaimPolicy": "Delete"}})
        if bound.get("namespace") == ground.namespace:
            ground.drop("PersistentVolumeClaim", bound["name"])
        ground.until(lambda: not ground.there(f"{CORE}/persistentvolumes/{name}"), "the end of the volume")


def claim_of(place, volume):
    """Where the volume is bound to in the tests: beside its old claim."""
    return ClaimRef(volume.was.namespace, "found-again")
