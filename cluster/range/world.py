"""The practice world as it is at first, and how it is made so again."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from cluster.range import owners, syncs, templates
from cluster.range.ground import Ground
from cluster.range.objects import (
    ClaimObject,
    Faults,
    ReleasedObject,
    State,
    SyncPart,
    Wanted,
    WorkloadObject,
    new_uid,
)
from cluster.range.owners import Owners
from cluster.range.sample import APPLICATIONS
from cluster.range.sample.application import DAY, Application, Copies
from cluster.range.sample.wiki import WIKI
from cluster.range.volumes import remake, remove

LEFT_SINCE = 20 * DAY  # ago, when the claim of the volume below was deleted
LEFT = ReleasedObject(
    name="pv-5d1f0c3a",
    uid="5d1f0c3a-6f0b-4f0e-8a51-2f9f3d1b7c64",
    namespace=WIKI.namespace,
    claim="pages-before-the-move",
    handle="range-wiki-pages-before-the-move",
    capacity=WIKI.capacity,
    filesystem="5d1f0c3a6f0b4f0e",
)


def make(ground: Ground, now: datetime, *, small: bool) -> None:
    """Fill the claims and put every object as at first. Snapshots that were taken stay; pods are made anew."""
    ground.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    seen = ground.objects.read()
    kind = seen.owners if seen.seeded else owners.how(ground.directory)
    since = seen.seeded or now  # files are as old as they were at first
    for app in APPLICATIONS.values():
        root = ground.volumes.data(app.claim_ref)
        remake(root, app.items(small), uid=app.uid, gid=app.gid, now=since, kind=kind)
    left_over(ground, small, since, kind)
    with ground.objects.change() as state:
        state.seeded, state.small, state.owners, state.faults = since, small, kind, Faults()
        state.pods.clear()
        for key in [key for key, here in state.claims.items() if here.volume]:
            del state.claims[key]
        state.released = {LEFT.name: LEFT}
        for app in APPLICATIONS.values():
            put(state, app, since)


def left_over(ground: Ground, small: bool, since: datetime, kind: Owners) -> None:
    """A volume of a claim that was deleted, as it was then. Claims that were made of it meanwhile are gone."""
    for here in ground.objects.read().claims.values():
        if here.volume:
            remove(ground.volumes.data(here.ref))
    root, app = ground.volumes.released(LEFT.name), WIKI
    closed = (item for item in app.past(small, LEFT_SINCE) if not item.path.endswith("-wal"))
    remake(root, closed, uid=app.uid, gid=app.gid, now=since, kind=kind)


def put(state: State, app: Application, since: datetime) -> None:
    state.claims[str(app.claim_ref)] = claim(state, app)
    for made in workloads(app):
        key = f"{made.namespace}/{made.kind}/{made.name}"
        if was := state.workloads.get(key):
            made.uid = was.uid
        made.version = made.known = state.next()
        for image, age in ((app.before, 30 * DAY), (app.image, 9 * DAY)):
            if image and made.app:
                templates.revise(made, image, templates.plain(app.security), since - timedelta(seconds=age))
        if made.app and app.in_git:
            made.git = Wanted(made.replicas, made.security)
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
        mount=app.mount,
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
        mount=app.mount,
        sync=SyncPart(app.claim, copies.verb, copies.to, copies.every),
    )
