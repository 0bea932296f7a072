"""Data that matters, where copies of it live, and the copies one could restore."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from cluster.api import ClaimRef


def usual_cadence() -> int:
    """Seconds between two scans of a source: the practice cluster's are small, and somebody is watching."""
    return 5 if settings.CLUSTER == "range" else 300


class Volume(models.Model):
    """
    A PersistentVolumeClaim whose data matters.

    `uid`:`gid` own its files; `sentinels` are paths that must be in it and in every copy of it; `rpo` and `rto` are
    minutes. `filesystem` is what the agent last saw below it: it changes when the volume is formatted. `restored` is
    when a restore of it last ended well, and `restored_in` how many seconds that took.
    """

    namespace = models.CharField(max_length=63)
    claim = models.CharField(max_length=253)
    title = models.CharField(max_length=100, blank=True)
    uid = models.PositiveIntegerField(default=1000)
    gid = models.PositiveIntegerField(default=1000)
    sentinels = models.JSONField(default=list, blank=True)
    rpo = models.PositiveIntegerField(_("recovery point objective, in minutes"), default=24 * 60)
    rto = models.PositiveIntegerField(_("recovery time objective, in minutes"), default=60)
    filesystem = models.CharField(max_length=40, blank=True)
    restored = models.DateTimeField(null=True)
    restored_in = models.PositiveIntegerField(null=True)
    added = models.DateTimeField(default=now)

    class Meta:
        ordering: ClassVar = ["namespace", "claim"]
        constraints = [models.UniqueConstraint(fields=["namespace", "claim"], name="one_volume_per_claim")]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.claim}"

    @property
    def ref(self) -> ClaimRef:
        return ClaimRef(self.namespace, self.claim)

    @property
    def owner(self) -> str:
        return f"{self.uid}:{self.gid}"


class Source(models.Model):
    """
    Where copies of a volume live. `mirror`: one object per file under `prefix`; `archives`: `NAME.tar.zst` with a
    manifest beside it; `uploads`: archives of any making that people brought; `snapshots`: the cluster's own;
    `released`: volumes that lost their claim. `domain` is the failure domain that the team declares.

    `every` is in seconds. `not_before` is the lease while somebody scans and the timer in between. A source that is no
    longer used is `retired`, with what was seen in it.
    """

    class Kind(models.TextChoices):
        MIRROR = "mirror", _("Mirror in S3")
        ARCHIVES = "archives", _("Archives in S3")
        SNAPSHOTS = "snapshots", _("Snapshots")
        UPLOADS = "uploads", _("Uploaded files")
        RELEASED = "released", _("Released volumes")

    volume = models.ForeignKey(Volume, models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    bucket = models.CharField(max_length=63, blank=True)
    prefix = models.CharField(max_length=200, blank=True)
    domain = models.CharField(max_length=60, blank=True)
    every = models.PositiveIntegerField(_("scanned every, in seconds"), default=usual_cadence)
    not_before = models.DateTimeField(default=now, db_index=True)
    retired = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["volume", "kind", "prefix"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["mirror", "archives", "snapshots", "uploads", "released"]),
                name="source_kind_known",
            ),
            models.UniqueConstraint(fields=["volume", "kind", "bucket", "prefix"], name="source_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.bucket}/{self.prefix}" if self.bucket else str(self.get_kind_display())


class RecoveryPoint(models.Model):
    """
    One restorable copy. `ref` names it in its source; `sentinels` says of each whether it is in there; `gone` is when
    a complete listing no longer had it. `accepted`: somebody said that it is meant to hold so much less than those
    before it.
    """

    class Kind(models.TextChoices):
        ARCHIVE = "archive", _("archive")
        SNAPSHOT = "snapshot", _("snapshot")
        UPLOAD = "upload", _("uploaded file")
        RELEASED = "released", _("released volume")

    volume = models.ForeignKey(Volume, models.CASCADE, related_name="points")
    source = models.ForeignKey(Source, models.CASCADE, related_name="points")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    ref = models.CharField(max_length=400)
    taken = models.DateTimeField()
    bytes = models.PositiveBigIntegerField(null=True)
    files = models.PositiveBigIntegerField(null=True)
    sentinels: Any = models.JSONField(default=dict)
    manifest: Any = models.JSONField(default=dict)
    verified = models.DateTimeField(null=True)
    seen = models.DateTimeField(default=now)
    gone = models.DateTimeField(null=True)
    accepted = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-taken"]
        constraints = [models.UniqueConstraint(fields=["source", "ref"], name="point_once")]
        indexes = [models.Index(fields=["volume", "-taken"], name="points_of_a_volume")]

    def __str__(self) -> str:
        return f"{self.volume} {self.taken:%Y-%m-%d %H:%M}"


class Scan(models.Model):
    """
    One listing of a source. `told` is a `backups.scan.Scan` as plain JSON. `count` and `bytes` are what there is to
    restore: files of a mirror, recovery points elsewhere; None when the listing is not complete.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="scans")
    at = models.DateTimeField(default=now, db_index=True)
    complete = models.BooleanField()
    error = models.TextField(blank=True)
    count = models.PositiveBigIntegerField(null=True)
    bytes = models.PositiveBigIntegerField(null=True)
    told: Any = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-at"]
        indexes = [models.Index(fields=["source", "-at"], name="scans_of_a_source")]


class Upload(models.Model):
    """
    A file that a person brought as a copy of a volume, as the object `key` of its source.

    While it arrives, `transfer` names the multipart upload and each part moves `not_before` on: who finds it due takes
    back what was left. Then a worker reads it: `told` is what is inside (`backups.inside.Inside` as plain JSON), and
    where that leaves open which folder is the volume's root, a person says so: `choice` is {"root": folder}.
    """

    class State(models.TextChoices):
        ARRIVING = "arriving", _("Arriving")
        READING = "reading", _("Being read")
        ASKING = "asking", _("Waiting for a choice")
        READY = "ready", _("Ready")
        REFUSED = "refused", _("Refused")

    MOVES: ClassVar[dict[str, set[str]]] = {
        "arriving": {"reading"},
        "reading": {"asking", "ready", "refused"},
        "asking": {"reading"},
    }

    source = models.ForeignKey(Source, models.CASCADE, related_name="uploads")
    key = models.CharField(max_length=400, unique=True)
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ARRIVING)
    transfer = models.CharField(max_length=1024, blank=True)
    told: Any = models.JSONField(default=dict, blank=True)
    choice: Any = models.JSONField(default=dict, blank=True)
    why: Any = models.JSONField(default=dict, blank=True)
    read = models.PositiveBigIntegerField(default=0)
    by = models.CharField(max_length=150)
    at = models.DateTimeField(default=now)
    not_before = models.DateTimeField(default=now, db_index=True)

    class Meta:
        ordering: ClassVar = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["arriving", "reading", "asking", "ready", "refused"]), name="upload_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name
