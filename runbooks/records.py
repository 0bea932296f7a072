"""Our own records of volumes and recovery points, as the plain values that a look works with."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import nlargest
from itertools import chain

from backups.actions import note_filesystem, note_restored, note_verified
from backups.errors import BackupsError
from backups.errors import NotFound as StoreNotFound
from backups.errors import Unreachable as StoreUnreachable
from backups.models import RecoveryPoint, Source, Volume
from backups.queries import graded_point
from backups.queries import usual as usual_before
from backups.stores import lent, place_from_pods, store
from cluster.api import Keeper, Sync, WorkloadRef
from cluster.errors import Refused, Unreachable
from people.actors import ENGINE
from runbooks import leases
from runbooks.base import decoded
from runbooks.models import ActRecord, Pause, Run
from runbooks.world import Kept, Lease, PointFacts, Stopped, VolumeFacts, numbered

NEWEST = 20  # objects of each place that are told
LISTED = 20.0  # seconds for a listing that only is evidence
LATEST = 20  # points and runs that are looked through for the last one of a sort


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
        return self.facts(point)

    def facts(self, point: RecoveryPoint) -> PointFacts:
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

    def last_good(self, volume: int) -> PointFacts | None:
        counted = RecoveryPoint.objects.filter(volume=volume, gone=None, files__gt=0).select_related("source")
        for point in counted.order_by("-taken")[:LATEST]:
            if graded_point(point.pk).grade != "bad":
                return self.facts(point)
        return None

    def proven(self, volume: int) -> PointFacts | None:
        points = RecoveryPoint.objects.filter(volume=volume, gone=None).exclude(verified=None)
        point = points.select_related("source").order_by("-taken").first()
        return self.facts(point) if point else None

    def store(self) -> Mapping[str, str]:
        return place_from_pods()

    def lent(self, bucket: str, prefix: str, *, write: bool = False) -> Mapping[str, str]:
        try:
            return lent(bucket, prefix, write=write)
        except StoreUnreachable as e:
            raise Unreachable(str(e)) from e
        except BackupsError as e:
            raise Refused(str(e)) from e

    def stored(self, point: int) -> int | None:
        found = RecoveryPoint.objects.select_related("source").get(pk=point)
        try:
            return store(found.source.bucket).head(found.ref).size
        except StoreNotFound:
            return None
        except StoreUnreachable as e:
            raise Unreachable(str(e)) from e
        except BackupsError as e:
            raise Refused(str(e)) from e

    def newest(self, volume: int) -> tuple[str, ...]:
        sources = Source.objects.filter(volume=volume, retired=None).exclude(bucket="").order_by("pk")
        return tuple(line for source in sources for line in newest(source))

    def verified(self, point: int) -> None:
        for found in RecoveryPoint.objects.filter(pk=point):
            note_verified(found, by=ENGINE)

    def restored(self, volume: int, seconds: float) -> None:
        note_restored(Volume.objects.get(pk=volume), seconds=seconds, by=ENGINE)

    def whole(self, volume: int, filesystem: str) -> None:
        note_filesystem(Volume.objects.get(pk=volume), filesystem=filesystem, by=ENGINE)

    # --- What earlier runs saw and left ---

    def stopped(self, volume: int, sync: Sync) -> Stopped | None:
        runs = Run.objects.filter(volume=volume).exclude(started=None).order_by("-started")
        for run in runs[:LATEST]:
            for seen in run.seen.get("scene", {}).get("syncs", ()):
                known = decoded(Sync, seen)
                if known.running and str(known) == str(sync) and known.workload == sync.workload:
                    return Stopped(known, run.seen.get("filesystem") or noted(run))
        return None

    def kept(self, run: int) -> Kept:
        found = Run.objects.filter(pk=run, slug="restore-volume").first()
        swapped = ActRecord.objects.filter(run=run, undo=False, facts__code="swap").exclude(done=None).first()
        if found is None or swapped is None or swapped.done is None or found.volume_id is None:
            raise LookupError(f"Run {run} put nothing aside.")
        results = ActRecord.objects.filter(run=run).exclude(done=None).values_list("result", flat=True)
        return Kept(
            tag=found.tag,
            volume=found.volume_id,
            over=found.state in ("done", "left"),
            since=swapped.done,
            files=found.seen.get("files", 0),
            bytes=found.seen.get("bytes", 0),
            snapshots=tuple(sorted({r["snapshot"] for r in results if r.get("snapshot") and not r.get("nas")})),
        )

    # --- Leases ---

    def pause(self, tag: str, keeper: Keeper, workload: WorkloadRef, minutes: int) -> Lease:
        pause = leases.begin(tagged(tag), keeper, workload, minutes)
        return Lease(decoded(Keeper, pause.keeper), pause.until, pause.by, pause.why)

    def paused(self, workload: WorkloadRef) -> tuple[Keeper, ...]:
        standing = Pause.objects.filter(ended=None, about__endswith=f", {workload.kind} {workload}")
        return tuple(decoded(Keeper, keeper) for keeper in standing.values_list("keeper", flat=True))

    def left_alone(self, volume: int) -> tuple[WorkloadRef, ...]:
        standing = Pause.objects.filter(ended=None, run__volume=volume)
        return tuple(decoded(WorkloadRef, workload) for workload in standing.values_list("workload", flat=True))

    def kept_stopped(self, workload: WorkloadRef) -> tuple[Sync, ...]:
        standing = Pause.objects.filter(ended=None, about__endswith=f", {workload.kind} {workload}")
        return tuple(sync for pause in standing.select_related("run") if (sync := leases.kept_stopped(pause)))

    def to_resume(self, tag: str, keeper: Keeper, workload: WorkloadRef, *, all_leases: bool = False) -> Keeper | None:
        return leases.to_resume(tagged(tag), keeper, workload, all_leases=all_leases)

    def resumed(self, tag: str, keeper: Keeper, workload: WorkloadRef, *, all_leases: bool = False) -> None:
        leases.end(tagged(tag), keeper, workload, all_leases=all_leases)


def newest(source: Source) -> list[str]:
    """Of one place. It is not waited for long: evidence must not keep a restore from its work."""
    place = f"{source.bucket}/{source.prefix}"
    try:
        pages = store(source.bucket).listing(source.prefix, deadline=LISTED)
        found = nlargest(NEWEST, chain.from_iterable(pages), key=lambda item: item.modified)
    except BackupsError as e:
        return [f"{place}: unknown: {e}"]
    return [f"{i.modified:%Y-%m-%d %H:%M:%S} {source.bucket}/{i.key} {i.size} bytes" for i in found] or [
        f"{place}: none"
    ]


def tagged(tag: str) -> Run:
    """The run that everything with this tag is named after."""
    return Run.objects.get(pk=int(numbered(tag)))


def noted(run: Run) -> str:
    """The filesystem that an act of the run wrote down."""
    results = ActRecord.objects.filter(run=run, undo=False).values_list("result", flat=True)
    return next((result["filesystem"] for result in results if result.get("filesystem")), "")
