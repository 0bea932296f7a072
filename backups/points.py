"""
What one look at a source finds: its recovery points and its totals.

An archive counts when its manifest stands beside it, can be read, and names the size that the archive has. A manifest
that was read before is not read again: what is beside an archive is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.timezone import now

from backups.errors import BackupsError, Refused
from backups.manifest import Manifest
from backups.manifest import beside as manifest_of
from backups.models import RecoveryPoint, Source
from backups.scan import Item, Totals
from backups.storage import Store
from cluster.api import ClaimRef, Released, Snapshot
from cluster.errors import ClusterError
from cluster.port import Cluster

FOLDER = "uploads"  # below the archives: what people brought
ARCHIVES = (".tar.zst", ".tar.gz", ".tgz", ".tar")
DEADLINE = 120.0  # seconds for one listing


@dataclass(frozen=True)
class Found:
    """A recovery point as its source has it. `files` None where nobody counted."""

    ref: str
    kind: str
    taken: datetime
    bytes: int | None = None
    files: int | None = None
    sentinels: Mapping[str, bool] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Looked:
    """
    One look at a source. `found` are points that are new, `there` the names of all that there are. `complete` False:
    nothing may be concluded from what is absent, and `error` says why.
    """

    complete: bool
    found: tuple[Found, ...] = ()
    there: tuple[str, ...] = ()
    count: int | None = None
    bytes: int | None = None
    error: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A source, and what is known of it: each point's name with the size of its archive."""

    kind: str
    claim: ClaimRef
    bucket: str
    prefix: str
    sentinels: tuple[str, ...] = ()
    known: Mapping[str, int] = field(default_factory=dict)


def look(asked: Asked, store: Callable[[str], Store], connect: Callable[[], Cluster]) -> Looked:
    """Ask the world once. What goes wrong is part of the answer, and never raised."""
    try:
        if asked.kind == Source.Kind.SNAPSHOTS:
            return snapshots(connect().snapshots(asked.claim))
        if asked.kind == Source.Kind.RELEASED:
            return released(asked.claim, connect().released())
        if asked.kind in (Source.Kind.ARCHIVES, Source.Kind.UPLOADS):
            return archives(asked, store(asked.bucket))
        return mirror(asked, store(asked.bucket))
    except (BackupsError, ClusterError) as error:
        return Looked(False, error=str(error) or type(error).__name__)


def mirror(asked: Asked, store: Store) -> Looked:
    scan = store.scan(asked.prefix, asked.sentinels, deadline=DEADLINE)
    counts = (scan.objects, scan.bytes) if scan.complete else (None, None)
    return Looked(scan.complete, count=counts[0], bytes=counts[1], error=scan.error, told=scan.plain())


def snapshots(found: tuple[Snapshot, ...]) -> Looked:
    """Those that are ready. One that is not, or that nobody dated, is no recovery point yet."""
    ready = [each for each in found if each.ready and each.taken]
    points = tuple(
        Found(each.name, RecoveryPoint.Kind.SNAPSHOT, each.taken, each.size) for each in ready if each.taken is not None
    )
    told = {"not_ready": len(found) - len(ready), "errors": sorted({each.error for each in found if each.error})[:5]}
    names = tuple(each.ref for each in points)
    return Looked(True, points, names, len(points), sum(each.bytes or 0 for each in points), told=told)


def released(claim: ClaimRef, volumes: tuple[Released, ...]) -> Looked:
    """The volumes that the claim had. Nobody knows when they were left, nor what is in them."""
    mine = [each for each in volumes if each.was == claim]
    points = tuple(
        Found(each.volume, RecoveryPoint.Kind.RELEASED, now(), manifest={"uid": each.uid, "capacity": each.capacity})
        for each in mine
    )
    return Looked(True, points, tuple(each.ref for each in points), len(points))


def archives(asked: Asked, store: Store) -> Looked:
    totals, sizes, manifests = Totals(asked.prefix, (), store.settings()), dict[str, int](), set[str]()
    for page in store.listing(asked.prefix, deadline=DEADLINE):
        for item in page:
            if not brought(item.key, asked):
                totals.add(item)
                sort(item, sizes, manifests, every=asked.kind == Source.Kind.UPLOADS)
    kind = RecoveryPoint.Kind.UPLOAD if asked.kind == Source.Kind.UPLOADS else RecoveryPoint.Kind.ARCHIVE
    points: list[Found] = []
    there: list[str] = []
    odd: list[str] = []
    for key in sorted(sizes):
        if manifest_of(key) not in manifests:
            continue
        if key in asked.known:
            (there if asked.known[key] == sizes[key] else odd).append(key)
        elif point := read(key, sizes[key], store, kind):
            points.append(point)
            there.append(key)
        else:
            odd.append(key)
    told = totals.scan(complete=True).plain() | {
        "odd": odd[:20],
        "without_manifest": len(sizes) - len(there) - len(odd),
    }
    return Looked(True, tuple(points), tuple(there), len(there), sum(sizes[key] for key in there), told=told)


def brought(key: str, asked: Asked) -> bool:
    """Whether it lies in the folder of what people brought, which is a source of its own."""
    return asked.kind == Source.Kind.ARCHIVES and key.startswith(f"{asked.prefix}/{FOLDER}/".lstrip("/"))


def sort(item: Item, sizes: dict[str, int], manifests: set[str], *, every: bool) -> None:
    """An archive is known by its name; where people bring files, each is one."""
    if item.key.endswith(".manifest.json"):
        manifests.add(item.key)
    elif every or item.key.endswith(ARCHIVES):
        sizes[item.key] = item.size


def read(key: str, size: int, store: Store, kind: str) -> Found | None:
    """The point of an archive; None where its manifest is no manifest, or speaks of another archive."""
    try:
        manifest = Manifest.from_bytes(store.get_bytes(manifest_of(key)))
    except Refused:
        return None
    if manifest.archive is None or manifest.archive.bytes != size:
        return None
    return found(key, manifest, kind)


def found(key: str, manifest: Manifest, kind: str) -> Found:
    """A point as its manifest tells it."""
    return Found(
        ref=key,
        kind=kind,
        taken=manifest.taken_at,
        bytes=manifest.bytes,
        files=manifest.files,
        sentinels={each.path: each.exists for each in manifest.sentinels},
        manifest=manifest.plain(),
    )
