"""Our own records of volumes and recovery points, as the plain values that a look works with."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from django.utils.timezone import now

from backups.actions import note_restored
from backups.models import RecoveryPoint, Source, Volume
from backups.stores import place
from people.actors import ENGINE
from runbooks.base import PointFacts, VolumeFacts

GOOD = 5  # how many recovery points make the usual size


class Rows:
    """`runbooks.base.Records` over the database."""

    def volume(self, id: int) -> VolumeFacts:
        try:
            volume = Volume.objects.get(pk=id)
        except Volume.DoesNotExist as e:
            raise LookupError(f"There is no volume {id}.") from e
        archives = volume.sources.filter(kind=Source.Kind.ARCHIVES).first()
        return VolumeFacts(
            id=volume.pk,
            claim=volume.ref,
            uid=volume.uid,
            gid=volume.gid,
            sentinels=tuple(volume.sentinels),
            filesystem=volume.filesystem,
            bucket=archives.bucket if archives else "",
            prefix=archives.prefix if archives else "",
        )

    def point(self, id: int) -> PointFacts:
        try:
            point = RecoveryPoint.objects.select_related("source").get(pk=id)
        except RecoveryPoint.DoesNotExist as e:
            raise LookupError(f"There is no recovery point {id}.") from e
        files, size = usual(point)
        held = held_sentinels(point.manifest)
        return PointFacts(
            id=point.pk,
            volume=point.volume_id,
            kind=point.kind,
            ref=point.ref,
            bucket=point.source.bucket,
            taken=point.taken,
            files=point.files or 0,
            bytes=point.bytes or 0,
            gone=point.gone is not None,
            verified=point.verified is not None,
            sentinels=tuple(held),
            missing=tuple(name for name, there in held.items() if not there),
            median_files=files,
            median_bytes=size,
        )

    def store(self) -> Mapping[str, str]:
        return place()

    def verified(self, point: int) -> None:
        RecoveryPoint.objects.filter(pk=point).update(verified=now())

    def restored(self, volume: int, seconds: float) -> None:
        note_restored(Volume.objects.get(pk=volume), seconds=seconds, by=ENGINE)


def held_sentinels(manifest: Mapping[str, Any]) -> dict[str, bool]:
    return {str(s["path"]): bool(s.get("exists")) for s in manifest.get("sentinels") or [] if "path" in s}


def usual(point: RecoveryPoint) -> tuple[int, int]:
    """The median files and bytes of the last good points of the same kind of this volume, this one aside."""
    others = RecoveryPoint.objects.filter(volume=point.volume_id, kind=point.kind, gone=None, files__gt=0)
    sizes = list(others.exclude(pk=point.pk).order_by("-taken").values_list("files", "bytes")[:GOOD])
    if not sizes:
        return 0, 0
    return round(median(f or 0 for f, _ in sizes)), round(median(b or 0 for _, b in sizes))
