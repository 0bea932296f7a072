"""Our own records of volumes and recovery points, as the plain values that a look works with."""

from __future__ import annotations

from collections.abc import Mapping

from backups.actions import note_restored, note_verified
from backups.errors import NotFound as StoreNotFound
from backups.errors import Unreachable as StoreUnreachable
from backups.models import RecoveryPoint, Source, Volume
from backups.queries import usual as usual_before
from backups.stores import lent, place_from_pods, store
from cluster.errors import Unreachable
from people.actors import ENGINE
from runbooks.base import PointFacts, VolumeFacts


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
            snapshots=volume.sources.filter(kind=Source.Kind.SNAPSHOTS, retired=None).exists(),
        )

    def point(self, id: int) -> PointFacts:
        try:
            point = RecoveryPoint.objects.select_related("source").get(pk=id)
        except RecoveryPoint.DoesNotExist as e:
            raise LookupError(f"There is no recovery point {id}.") from e
        usual = usual_before(point.pk)
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
            sentinels=tuple(point.sentinels),
            missing=tuple(name for name, there in point.sentinels.items() if not there),
            median_files=usual.files or 0,
            median_bytes=usual.bytes or 0,
        )

    def store(self) -> Mapping[str, str]:
        return place_from_pods()

    def lent(self, bucket: str, prefix: str, *, write: bool = False) -> Mapping[str, str]:
        return lent(bucket, prefix, write=write)

    def stored(self, point: int) -> int | None:
        found = RecoveryPoint.objects.select_related("source").get(pk=point)
        try:
            return store(found.source.bucket).head(found.ref).size
        except StoreNotFound:
            return None
        except StoreUnreachable as e:
            raise Unreachable(str(e)) from e

    def verified(self, point: int) -> None:
        for found in RecoveryPoint.objects.filter(pk=point):
            note_verified(found, by=ENGINE)

    def restored(self, volume: int, seconds: float) -> None:
        note_restored(Volume.objects.get(pk=volume), seconds=seconds, by=ENGINE)
