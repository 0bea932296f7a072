"""
What pages and sweeps read about volumes: their sources, scans, recovery points, and what would be lost.

The number of queries does not grow with the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _

from backups import rules, sentences
from backups.models import RecoveryPoint, Scan, Source, Upload, Volume
from backups.rules import Copy, Graded, Loss, Mark, Seen, Usual
from people.words import span

WEEK = timedelta(days=7)
LATE = 30.0  # seconds beyond twice its cadence before a scan counts as old


@dataclass(frozen=True)
class SourceRow:
    """
    A source with its newest scan, the last one that held anything, when it was first empty after that, the fullest of
    the last week, and its newest recovery point.
    """

    source: Source
    newest: Scan | None = None
    filled: Scan | None = None
    empty_since: datetime | None = None
    most: Scan | None = None
    point: RecoveryPoint | None = None

    @property
    def name(self) -> str:
        """As evidence names it, the same in every language."""
        place = "/".join(part for part in (self.source.bucket, self.source.prefix) if part)
        return f"{self.source.kind} {place}".strip()

    @property
    def held(self) -> Mapping[str, bool]:
        return self.point.sentinels if self.point else {}

    @property
    def said(self) -> str:
        """As people call it, in their language."""
        return sentences.place(self.name)

    @property
    def doubt_said(self) -> str:
        return sentences.say(self.doubt(now()))

    def seen(self, at: datetime) -> Seen:
        why = self.doubt(at)
        return Seen(self.source.pk, not why, why)

    def doubt(self, at: datetime) -> dict[str, Any]:
        """Why nothing may be concluded from the newest scan; empty when something may."""
        if self.newest is None:
            return {"code": "never-scanned", "source": self.name}
        if not self.newest.complete:
            return {"code": "incomplete", "source": self.name, "error": self.newest.error}
        age = (at - self.newest.at).total_seconds()
        if age > 2 * self.source.every + LATE:
            return {"code": "old-scan", "source": self.name, "seconds": round(age)}
        return {}


def sources(of: QuerySet[Source] | None = None) -> list[SourceRow]:
    """Three queries, whatever the number of sources."""
    scans = Scan.objects.filter(source=OuterRef("pk"), complete=True).order_by("-at")
    filled = Scan.objects.filter(source=OuterRef("pk"), complete=True, count__gt=0).order_by("-at")
    rows = list(
        (Source.objects.filter(retired=None) if of is None else of)
        .select_related("volume")
        .annotate(
            newest_id=Subquery(Scan.objects.filter(source=OuterRef("pk")).order_by("-at").values("pk")[:1]),
            filled_id=Subquery(filled.values("pk")[:1]),
            most_id=Subquery(scans.filter(at__gte=now() - WEEK).order_by("-count", "-at").values("pk")[:1]),
            filled_at=Subquery(filled.values("at")[:1]),
            point_id=Subquery(
                RecoveryPoint.objects.filter(source=OuterRef("pk"), gone=None).order_by("-taken").values("pk")[:1]
            ),
        )
        .annotate(
            empty_since=Subquery(scans.filter(count=0, at__gt=OuterRef("filled_at")).order_by("at").values("at")[:1])
        )
    )
    wanted = {pk for row in rows for pk in (row.newest_id, row.filled_id, row.most_id) if pk}
    found = Scan.objects.in_bulk(wanted)
    points = RecoveryPoint.objects.defer("manifest").in_bulk({row.point_id for row in rows if row.point_id})
    return [
        SourceRow(
            row,
            found.get(row.newest_id),
            found.get(row.filled_id),
            row.empty_since,
            found.get(row.most_id),
            points.get(row.point_id),
        )
        for row in rows
    ]


def volumes_and_scans() -> list[tuple[Volume, list[SourceRow]]]:
    """Every volume with its sources."""
    by_volume: dict[int, list[SourceRow]] = {}
    for row in sources():
        by_volume.setdefault(row.source.volume_id, []).append(row)
    return [(volume, by_volume.get(volume.pk, [])) for volume in Volume.objects.all()]


@dataclass(frozen=True)
class PointRow:
    """A recovery point, graded, as a page shows it."""

    point: RecoveryPoint
    graded: Graded
    left_out: tuple[str, ...] = ()  # what was in the volume and no archive can hold, the first hundred

    @property
    def said(self) -> str:
        return sentences.grade_said(self.graded)

    @property
    def state(self) -> str:
        if self.graded.grade == "bad":
            return "fail"
        return "ok" if self.graded.grade == "good" else "unknown"

    @property
    def acceptable(self) -> bool:
        """It is smaller than usual and nothing else: a person may say that it is meant to be."""
        codes = {fault["code"] for fault in self.graded.faults}
        return bool(codes) and codes <= {"few-files", "few-bytes"}

    @property
    def word(self) -> str:
        return {"fail": _("Not good"), "ok": _("Good"), "unknown": _("Unproven")}[self.state]


@dataclass(frozen=True)
class VolumeRow:
    """A volume, what would be lost if it died now, and how its copies stand."""

    volume: Volume
    loss: Loss
    sources: tuple[SourceRow, ...] = ()
    graded: tuple[Graded, ...] = ()
    strip: tuple[Mark, ...] = ()
    newest: Scan | None = None
    elsewhere: Copy | None = None  # the newest good archive, where the best is a snapshot on the same storage
    points: Mapping[int, RecoveryPoint] = field(default_factory=dict)

    @property
    def rpo(self) -> timedelta:
        return timedelta(minutes=self.volume.rpo)

    @property
    def rto(self) -> timedelta:
        return timedelta(minutes=self.volume.rto)

    def rows(self, limit: int = 200) -> list[PointRow]:
        """Its recovery points, the newest first. One query."""
        shown = self.graded[:limit]
        without = left_out(each.copy.id for each in shown)
        return [PointRow(self.points[each.copy.id], each, without.get(each.copy.id, ())) for each in shown]

    @property
    def restored_in(self) -> timedelta | None:
        seconds = self.volume.restored_in
        return None if seconds is None else timedelta(seconds=seconds)

    @property
    def restored_said(self) -> str:
        return "" if self.restored_in is None else span(self.restored_in)

    @property
    def slow(self) -> bool:
        """The last restore took longer than is allowed."""
        return self.restored_in is not None and self.restored_in > self.rto

    @property
    def filled(self) -> str:
        """How much of a gauge the age fills, as SVG wants it: half of it is the objective, all of it twice that."""
        share = 0.0 if self.loss.age is None else min(self.loss.age / (2 * self.rpo), 1.0)
        return f"{share * 100:.1f}%"

    @property
    def said(self) -> str:
        return sentences.loss_said(self.loss, self.rpo)

    @property
    def why(self) -> str:
        return sentences.say(self.loss.why)

    @property
    def word(self) -> str:
        return sentences.loss_word(self.loss)

    @property
    def strip_said(self) -> str:
        return sentences.strip_said(self.strip)

    @property
    def bars(self) -> list[tuple[str, int, bool]]:
        """The strip to be drawn: what, where it begins, and whether there was a drill. Six units a day."""
        return [(mark.what, 6 * at, mark.drill) for at, mark in enumerate(self.strip)]

    @property
    def held(self) -> Copy | None:
        """The copy that says how much the volume holds."""
        known = (each.copy for each in self.graded if each.grade != "bad")
        return self.loss.best or self.loss.maybe or next(known, None)

    @property
    def state(self) -> str:
        return self.loss.state


def left_out(points: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """What the manifests of these points name as left out, where they name any. The manifests themselves are long."""
    named = RecoveryPoint.objects.filter(pk__in=list(points), manifest__left_out__0__isnull=False)
    return {pk: tuple(map(str, names)) for pk, names in named.values_list("pk", "manifest__left_out")}


RECENT = timedelta(days=1)


def uploads(volume: Volume) -> list[Upload]:
    """The files that were brought for it and are no recovery points: on their way, in question, or refused of late."""
    open_still = Q(state__in=[Upload.State.ARRIVING, Upload.State.READING, Upload.State.ASKING])
    refused = Q(state=Upload.State.REFUSED, at__gt=now() - RECENT)
    return list(Upload.objects.filter(open_still | refused, source__volume=volume)[:10])


WORST = ["fail", "unknown", "warn", "ok"]


def volumes(at: datetime | None = None, *, only: int | None = None) -> list[VolumeRow]:
    """Every volume with what would be lost, the worst first. Five queries."""
    at = at or now()
    rows: QuerySet[Volume] = Volume.objects.all() if only is None else Volume.objects.filter(pk=only)
    wanted = list(rows)
    found = sources(Source.objects.filter(retired=None, volume__in=wanted))
    points = RecoveryPoint.objects.filter(volume__in=wanted, gone=None, source__retired=None).defer("manifest")
    by_volume: dict[int, list[RecoveryPoint]] = {}
    for point in points.order_by("taken"):
        by_volume.setdefault(point.volume_id, []).append(point)
    grouped: dict[int, list[SourceRow]] = {}
    for each in found:
        grouped.setdefault(each.source.volume_id, []).append(each)
    made = [row(each, grouped.get(each.pk, []), by_volume.get(each.pk, []), at) for each in wanted]
    return sorted(made, key=lambda made: (WORST.index(made.loss.state), str(made.volume)))


def volume(pk: int, at: datetime | None = None) -> VolumeRow:
    """One of them. Raises Volume.DoesNotExist."""
    found = volumes(at, only=pk)
    if not found:
        raise Volume.DoesNotExist
    return found[0]


def row(volume: Volume, sources: list[SourceRow], points: list[RecoveryPoint], at: datetime) -> VolumeRow:
    graded = rules.graded([copy_of(point) for point in points], volume.sentinels)
    loss = rules.loss(graded, [each.seen(at) for each in sources], timedelta(minutes=volume.rpo), at)
    archives = (each.copy for each in graded if each.grade == "good" and each.copy.kind == RecoveryPoint.Kind.ARCHIVE)
    on_the_spot = loss.best is not None and loss.best.kind == RecoveryPoint.Kind.SNAPSHOT
    return VolumeRow(
        volume=volume,
        loss=loss,
        sources=tuple(sources),
        graded=graded,
        strip=rules.strip(graded, localdate(at), volume.restored and localdate(volume.restored)),
        newest=max((each.newest for each in sources if each.newest), key=lambda scan: scan.at, default=None),
        elsewhere=next(archives, None) if on_the_spot else None,
        points={point.pk: point for point in points},
    )


def copy_of(point: RecoveryPoint) -> Copy:
    return Copy(
        id=point.pk,
        source=point.source_id,
        kind=point.kind,
        taken=point.taken,
        files=point.files,
        bytes=point.bytes,
        sentinels=point.sentinels,
        verified=point.verified,
        accepted=point.accepted,
    )


def graded_point(pk: int) -> Graded:
    """
    A recovery point, held against those before it, also when it is gone. Raises RecoveryPoint.DoesNotExist.
    """
    point = RecoveryPoint.objects.select_related("volume").get(pk=pk)
    others = RecoveryPoint.objects.filter(source=point.source_id, taken__lte=point.taken).defer("manifest")
    here = [copy_of(each) for each in others if each.gone is None or each.pk == pk]
    return next(each for each in rules.graded(here, point.volume.sentinels) if each.copy.id == pk)


def usual(pk: int) -> Usual:
    """The median files and bytes of the last five good points before this one, of its source."""
    return graded_point(pk).usual
