"""From one look at a source to its rows: the scan, the recovery points, and those that are gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.timezone import now

from backups.lease import lease
from backups.models import RecoveryPoint, Scan, Source
from backups.points import DEADLINE, Asked, Looked, look
from backups.storage import Store
from cluster.port import Cluster

SILENT = DEADLINE + 60  # seconds that a scan may take before another worker goes on
AGAIN = 60  # seconds after which an emptiness is asked for again
KEPT = 60  # scans kept whole; of older ones two of each day
OLDEST = timedelta(days=400)


def scan(source: Source, store: Callable[[str], Store], connect: Callable[[], Cluster]) -> bool:
    """Look at a source and write down what was seen. False when somebody else is at it, or it is not due."""
    with lease(Source.objects.filter(pk=source.pk, retired=None), seconds=SILENT, then=source.every) as held:
        if held:
            made = write(source, look(asked(source), store, connect), now())
            if made.complete and not made.count and source.scans.filter(count__gt=0).exists():
                held.then = min(source.every, AGAIN)
    return held.mine


def asked(source: Source) -> Asked:
    points = source.points.filter(gone=None).values_list("ref", "manifest")
    known = {ref: size for ref, told in points if (size := (told.get("archive") or {}).get("bytes")) is not None}
    volume = source.volume
    return Asked(source.kind, volume.ref, source.bucket, source.prefix, tuple(volume.sentinels), known)


@transaction.atomic
def write(source: Source, looked: Looked, at: datetime) -> Scan:
    """Keep what was seen. Only a complete look says that a point is gone; a point that is there again is back."""
    made = Scan.objects.create(
        source=source,
        at=at,
        complete=looked.complete,
        error=looked.error,
        count=looked.count,
        bytes=looked.bytes,
        told=dict(looked.told),
    )
    known = set(source.points.filter(ref__in=[each.ref for each in looked.found]).values_list("ref", flat=True))
    RecoveryPoint.objects.bulk_create(
        RecoveryPoint(
            volume=source.volume,
            source=source,
            kind=each.kind,
            ref=each.ref,
            taken=each.taken,
            bytes=each.bytes,
            files=each.files,
            sentinels=dict(each.sentinels),
            manifest=dict(each.manifest),
            seen=at,
        )
        for each in looked.found
        if each.ref not in known
    )
    if looked.complete:
        source.points.filter(ref__in=looked.there).update(seen=at, gone=None)
        source.points.filter(gone=None).exclude(ref__in=looked.there).update(gone=at)
    prune(source, at)
    return made


def prune(source: Source, at: datetime) -> None:
    """Keep the newest scans, and of the days before them the last complete one and the fullest one of each."""
    rows = list(source.scans.order_by("-at").values_list("pk", "at", "complete", "count"))
    if len(rows) < 2 * KEPT:
        return
    last: dict[date, int] = {}
    fullest: dict[date, tuple[int, int]] = {}
    for pk, when, complete, count in rows[KEPT:]:
        if complete and at - when < OLDEST:
            last.setdefault(when.date(), pk)
            fullest[when.date()] = max(fullest.get(when.date(), (-1, 0)), (count or 0, pk))
    kept = {*last.values(), *(pk for _count, pk in fullest.values())}
    source.scans.filter(pk__in=[pk for pk, *_rest in rows[KEPT:] if pk not in kept]).delete()
