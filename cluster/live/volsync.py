"""
VolSync: a ReplicationSource copies a claim away, a ReplicationDestination copies into one.

What they do is theirs: an operator makes a Job (the mover) when one is due. `spec.paused` does not stop it from being
due. A Job is made all the same, with a parallelism of 0, and a copy that the mover is to read (`copyMethod` Clone or
Snapshot) is taken then: on going on, that copy is what goes out, whatever the claim holds by now.

Sources: backube/volsync, api/v1alpha1, controllers/mover, controllers/volumehandler, controllers/statemachine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args

import msgspec

from cluster.api import ClaimRef, Pod, Sync, WorkloadRef
from cluster.errors import Conflict, NotFound, Refused
from cluster.kubernetes import Api, Listing
from cluster.live import groups
from cluster.live.changing import change
from cluster.live.objects import (
    CORE,
    Bare,
    Controller,
    Meta,
    Object,
    PodObject,
    below,
    path_of,
    paths_of,
    pointer,
)
from cluster.live.pods import Owners, controller, is_using, one_by_one, pod_value
from cluster.live.workloads import MOVED, over

Kind = Literal["ReplicationSource", "ReplicationDestination"]
KINDS: tuple[Kind, ...] = get_args(Kind)
assert KINDS == MOVED
SOURCE: Kind = "ReplicationSource"
COPIES = ("Clone", "Snapshot")  # the methods by which a source's mover reads a copy of the claim, and not the claim
SAID = {"rsyncTLS": "rsync-tls"}
DEAF = {
    "syncthing": "its Syncthing goes on while it is paused. Stop VolSync's operator and scale the Deployment to 0, or "
    "delete the ReplicationSource",
    "external": "its mover is another program, and whether that heeds a pause cannot be told. Pause it by hand",
}


class Image(Object):
    kind: str = ""
    name: str = ""


class Status(Object):
    latest_image: Image | None = None


class Replication(Object):
    """Either kind. Its mover is named by the one part of the spec that is an object: there are more than we know."""

    metadata: Meta
    spec: dict[str, Any] = {}
    status: Status = msgspec.field(default_factory=Status)

    @property
    def paused(self) -> bool:
        return self.spec.get("paused") is True

    @property
    def mover(self) -> str:
        return next((name for name, part in self.parts()), "")

    @property
    def options(self) -> dict[str, Any]:
        return next((part for name, part in self.parts()), {})

    def parts(self) -> Iterator[tuple[str, dict[str, Any]]]:
        return ((name, part) for name, part in self.spec.items() if name != "trigger" and isinstance(part, dict))

    def owns(self, meta: Meta) -> bool:
        owner = controller(meta)
        return owner is not None and owner.uid == self.metadata.uid


# --- Seeing ---


def every(api: Api, kind: Kind, namespace: str = "") -> Listing[Sync]:
    """Those of a namespace or of all; none where the cluster has no VolSync. Raises Forbidden where they are hidden."""
    if not groups.has(api, groups.VOLSYNC):
        return Listing(())
    try:
        found = api.list(paths_of(kind, namespace), Replication)
    except NotFound:
        return Listing(())
    return Listing(tuple(sync for here in found.items for sync in those_of(kind, here)), found.unreadable)


def of(api: Api, namespace: str) -> tuple[Sync, ...]:
    """Raises Forbidden, and Refused if one made no sense: the one that is sought may be among them."""
    return tuple(sync for kind in KINDS for sync in every(api, kind, namespace).whole(kind))


def those_of(kind: Kind, here: Replication) -> Iterator[Sync]:
    """One for each claim that it copies."""
    meta, method = here.metadata, here.options.get("copyMethod")
    mover = SAID.get(here.mover, here.mover)
    for claim in claims_of(kind, here):
        yield Sync(
            WorkloadRef(meta.namespace, kind, meta.name),
            kind,
            claim,
            running=not here.paused or here.mover == "syncthing",
            replicas=0,
            command=" ".join(["VolSync", mover, *([f"({method})"] if method else [])]),
            container=mover,
        )


def claims_of(kind: Kind, here: Replication) -> tuple[str, ...]:
    """
    A destination writes into the claim that it is given, whatever its copyMethod: that is what becomes of it then. One
    that it has made by itself is told once it is full.
    """
    if kind == SOURCE:
        named = [here.spec.get("sourcePVC")]
    else:
        image = here.status.latest_image
        named = [here.options.get("destinationPVC"), image.name if image and is_claim(image) else ""]
    return tuple(dict.fromkeys(str(name) for name in named if name))


def is_claim(image: Image) -> bool:
    return image.kind == "PersistentVolumeClaim"


def pods(api: Api, ref: WorkloadRef) -> tuple[Pod, ...]:
    """
    Those of its movers, also where they have only a copy of the claim. Whose Job is gone already, as VolSync deletes
    it at the end, is known by the Job's name.
    """
    end = "src" if ref.kind == SOURCE else "dst"
    left = re.compile(rf"volsync-([a-z-]+-)?{end}-{re.escape(ref.name)}")
    owners = Owners(one_by_one(api))
    found = api.list(below(CORE, "pods", ref.namespace), PodObject).whole("Pod")
    seen = [pod_value(here, owners.top(here.metadata)) for here in found if is_using(here)]
    mine = (p for p in seen if p.workload == ref or (p.workload.kind == "Job" and left.fullmatch(p.workload.name)))
    return tuple(sorted(mine, key=str))


def waiting(api: Api, sync: Sync) -> tuple[ClaimRef, ...]:
    """The copy of its claim that a source has taken and not yet sent: that one goes out first."""
    if sync.kind != SOURCE:
        return ()
    here = api.get(path_of(sync.workload), Replication)
    if here.options.get("copyMethod") not in COPIES:
        return ()
    namespace, name = sync.workload.namespace, f"volsync-{sync.workload.name}-src"
    try:
        copy = api.get(below(CORE, "persistentvolumeclaims", namespace, name), Bare).metadata
    except NotFound:
        return ()
    going = copy.deletion_timestamp is not None
    return () if going or not here.owns(copy) else (ClaimRef(namespace, name),)


# --- Stopping and going on ---


def suspend(api: Api, sync: Sync, *, dry: bool) -> None:
    """
    Pause it, and let the movers that it has begun have no pods. VolSync does the second by itself, within seconds of
    the first; where its operator is down, too, nobody else would.
    """
    here = api.get(path_of(sync.workload), Replication)
    if why := DEAF.get(here.mover):
        raise Refused(f"{sync} cannot be suspended: {why}.")
    put(api, sync.workload, here, paused=True, dry=dry)
    for job in api.list(paths_of("Job", sync.workload.namespace), Controller).whole("Job"):
        going = job.metadata.deletion_timestamp is not None
        if here.owns(job.metadata) and job.spec.parallelism and not over(job) and not going:
            end_mover(api, job, dry=dry)


def resume(api: Api, sync: Sync, *, dry: bool) -> None:
    here = api.get(path_of(sync.workload), Replication)
    put(api, sync.workload, here, paused=not sync.running, dry=dry)


def put(api: Api, ref: WorkloadRef, here: Replication, *, paused: bool, dry: bool) -> None:
    """False is said and not left out: where it is declared so, what is left out would be drift."""
    if here.paused != paused:
        change(api, ref, here.metadata, pointer("spec", "paused"), here.spec.get("paused"), paused, dry=dry)


def end_mover(api: Api, job: Controller, *, dry: bool) -> None:
    """As VolSync does it, which may be first: then there is nothing left to do."""
    path = f"{paths_of('Job', job.metadata.namespace)}/{job.metadata.name}"
    held = {"op": "test", "path": "/metadata/uid", "value": job.metadata.uid}
    try:
        api.patch(path, [held, {"op": "replace", "path": "/spec/parallelism", "value": 0}], dry=dry)
    except (NotFound, Conflict):
        return  # it has ended, or another has its name: the next look tells
