"""The practice world as it is at first, and how it is made so again."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from cluster.range import owners, syncs
from cluster.range.ground import Ground
from cluster.range.objects import ClaimObject, Faults, State, SyncPart, WorkloadObject, new_uid
from cluster.range.sample import APPLICATIONS
from cluster.range.sample.application import Application, Copies
from cluster.range.volumes import remake


def make(ground: Ground, now: datetime, *, small: bool) -> None:
    """Fill the claims and put every object as at first. Snapshots that were taken stay; pods are made anew."""
    ground.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    seen = ground.objects.read()
    kind = seen.owners if seen.seeded else owners.how(ground.directory)
    since = seen.seeded or now  # files are as old as they were at first
    for app in APPLICATIONS.values():
        root = ground.volumes.data(app.claim_ref)
        remake(root, app.items(small), uid=app.uid, gid=app.gid, now=since, kind=kind)
    with ground.objects.change() as state:
        state.seeded, state.small, state.owners, state.faults = since, small, kind, Faults()
        state.pods.clear()
        for app in APPLICATIONS.values():
            put(state, app)


def put(state: State, app: Application) -> None:
    state.claims[str(app.claim_ref)] = claim(state, app)
    for made in workloads(app):
        key = f"{made.namespace}/{made.kind}/{made.name}"
        if was := state.workloads.get(key):
            made.uid = was.uid
        made.version = state.next()
        state.workloads[key] = made


def claim(state: State, app: Application) -> ClaimObject:
    was = state.claims.get(str(app.claim_ref))
    return ClaimObject(
        namespace=app.namespace,
        name=app.claim,
        app=app.name,
        uid=was.uid if was else new_uid(),
        version=state.next(),
        capacity=app.capacity,
        filesystem=first_filesystem(app),
    )


def first_filesystem(app: Application) -> str:
    """The id of the filesystem that a claim has until it is formatted."""
    return UUID(bytes=hashlib.sha256(f"filesystem of {app.claim_ref}".encode()).digest()[:16], version=4).hex[:16]


def workloads(app: Application) -> list[WorkloadObject]:
    main = WorkloadObject(
        namespace=app.namespace,
        kind="Deployment",
        name=app.name,
        uid=new_uid(),
        version=0,
        replicas=1,
        claims=[app.claim],
        image=app.image,
        command=list(app.command),
        app=app.name,
    )
    return [main, copier(app, app.copies)] if app.copies else [main]


def copier(app: Application, copies: Copies) -> WorkloadObject:
    loops = copies.kind == "Deployment"
    script = syncs.script(copies.verb, app.mount, copies.to, copies.every, loops=loops)
    return WorkloadObject(
        namespace=app.namespace,
        kind=copies.kind,
        name=copies.name,
        uid=new_uid(),
        version=0,
        replicas=1,
        claims=[app.claim],
        image=syncs.IMAGE,
        command=["sh", "-c", script],
        sync=SyncPart(app.claim, copies.verb, copies.to, copies.every),
    )
