"""What happened, why, and what is done about it. Records keep what a person wrote beside what it was taken for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _


class Incident(models.Model):
    """
    From start to resolution. `language` is that of its prose: exports are written in it.

    `occurred_start`/`occurred_end` are the days as written; what the document said of severity, status and zone is
    kept beside what it was taken for: `status_read` is the state that a document gave, which may be finer than ours.
    `version` rises with each edit of these fields, so that two people do not overwrite each other.
    """

    class Severity(models.TextChoices):
        S1 = "S1", _("S1, critical")
        S2 = "S2", _("S2, major")
        S3 = "S3", _("S3, minor")
        S4 = "S4", _("S4, low")
        UNKNOWN = "", _("not said")

    class State(models.TextChoices):
        ONGOING = "ongoing", _("Ongoing")
        RESOLVED = "resolved", _("Resolved")
        CLOSED = "closed", _("Closed")

    MOVES: ClassVar[dict[str, set[str]]] = {
        State.ONGOING: {State.RESOLVED},
        State.RESOLVED: {State.CLOSED, State.ONGOING},
        State.CLOSED: {State.ONGOING},
    }

    title = models.TextField()
    language = models.CharField(max_length=2, default="en")
    severity = models.CharField(max_length=2, choices=Severity.choices, blank=True)
    severity_raw = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ONGOING)
    status_raw = models.TextField(blank=True)
    status_read = models.CharField(max_length=20, blank=True)
    occurred_start = models.DateField(null=True)
    occurred_end = models.DateField(null=True)
    zone = models.TextField(blank=True)
    zone_source = models.CharField(max_length=20, default="assumed")
    summary = models.TextField(blank=True)
    metadata: Any = models.JSONField(default=list, blank=True)  # [{label, value}]
    opened = models.DateTimeField(default=now, db_index=True)
    resolved = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    sample = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["-opened", "-pk"]
        indexes: ClassVar = [models.Index(fields=["state", "opened"], name="incident_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["ongoing", "resolved", "closed"]), name="incident_state_known"
            ),
            models.CheckConstraint(
                condition=Q(severity__in=["S1", "S2", "S3", "S4", ""]), name="incident_severity_known"
            ),
            models.CheckConstraint(
                condition=Q(occurred_end=None) | Q(occurred_end__gte=F("occurred_start")),
                name="incident_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"INC-{self.pk}"


class RecordQuerySet(models.QuerySet[Any]):
    def here(self) -> RecordQuerySet:
        return self.filter(removed=None)

    def gone(self) -> RecordQuerySet:
        return self.exclude(removed=None)


class Record(models.Model):
    """
    A part of an incident, at its place in the document.

    A record that a person took out keeps its row and its place, and can be put back; `version` rises with each edit.
    """

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="%(class)s_set")
    position = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    removed = models.DateTimeField(null=True)
    removed_by = models.CharField(max_length=150, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering: ClassVar = ["position", "pk"]


class TimelineEntry(Record):
    """
    A thing that happened. `token` is the time as written; `start` and `end` what it was understood to mean, local to
    `zone`, as ISO text without an offset (a date alone when no clock was written); `at` the same as an instant.

    `zone_source` says where the zone comes from: `row` when the entry itself names it, else what is so for its incident
    (`stated`, `conflict`, `assumed`). Evidence keeps facts and no sentence, unless it was imported with one.
    """

    class Source(models.TextChoices):
        WRITTEN = "written", _("written")
        IMPORTED = "imported", _("imported")
        EVIDENCE = "evidence", _("evidence")

    token = models.TextField(blank=True)
    start = models.CharField(max_length=26, blank=True)
    end = models.CharField(max_length=26, blank=True)
    precision = models.CharField(max_length=20, default="none")
    day_offset = models.IntegerField(null=True)
    zone = models.TextField(blank=True)
    zone_source = models.CharField(max_length=20, default="assumed")
    at = models.DateTimeField(null=True, db_index=True)
    text = models.TextField(blank=True)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.WRITTEN)
    evidence = models.CharField(max_length=80, blank=True)  # such as run:12/3
    facts: Any = models.JSONField(default=dict, blank=True)  # what evidence is made of, to be said in any language
    told = models.BooleanField(default=False)  # evidence that a document brought: nothing here has seen it
    written_by = models.CharField(max_length=150, blank=True)

    class Meta(Record.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "evidence"],
                condition=~Q(evidence="") & Q(told=False),
                name="evidence_once_per_incident",
            )
        ]


class Cause(Record):
    class Kind(models.TextChoices):
        ROOT = "root", _("Root cause")
        CONTRIBUTING = "contributing", _("Contributing cause")

    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.ROOT)
    title = models.TextField(blank=True)
    text = models.TextField(blank=True)
    trigger = models.BooleanField(default=False)


class Action(Record):
    """A corrective action. `state` is what people declared."""

    class State(models.TextChoices):
        OPEN = "open", _("To do")
        IN_PROGRESS = "in_progress", _("In progress")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("Dropped")

    class Kind(models.TextChoices):
        MITIGATING = "mitigating", _("Mitigating")
        CORRECTIVE = "corrective", _("Corrective")
        PREVENTIVE = "preventive", _("Preventive")

    MOVES: ClassVar[dict[str, set[str]]] = {
        a: {b for b in ("open", "in_progress", "done", "dropped") if b != a}
        for a in ("open", "in_progress", "done", "dropped")
    }

    text = models.TextField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    status_raw = models.TextField(blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.CORRECTIVE)
    owner = models.TextField(blank=True)
    due = models.DateField(null=True)
    due_raw = models.TextField(blank=True)
    priority = models.TextField(blank=True)
    horizon = models.TextField(blank=True)
    references: Any = models.JSONField(default=list, blank=True)
    fields: Any = models.JSONField(default=list, blank=True)  # [[column, cell]] that have no place of their own

    class Meta(Record.Meta):
        abstract = False
        indexes: ClassVar = [models.Index(fields=["state", "due"], name="action_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "in_progress", "done", "dropped"]), name="action_state_known"
            )
        ]

    def __str__(self) -> str:
        return f"action {self.pk}"


class Lesson(Record):
    text = models.TextField()


class Reference(Record):
    kind = models.CharField(max_length=20)
    ref = models.TextField()


class Appendix(Record):
    """Lines of a document that became no record, kept as they were."""

    heading = models.TextField(blank=True)
    text = models.TextField()

    class Meta(Record.Meta):
        abstract = False
        verbose_name_plural = "appendices"


class Document(models.Model):
    """
    The bytes that an incident was imported from, or that are kept beside it.

    They are the original's, save that a secret in them was taken out before anything was kept; `redacted` says at
    which lines and of what kind. `sha256` is of the bytes as they are kept.
    """

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="documents")
    name = models.CharField(max_length=200)
    data = models.BinaryField()
    sha256 = models.CharField(max_length=64, db_index=True)
    encoding = models.CharField(max_length=40, blank=True)
    redacted: Any = models.JSONField(default=list, blank=True)  # [{kind, line}]
    added = models.DateTimeField(default=now)
    added_by = models.CharField(max_length=150)

    class Meta:
        ordering: ClassVar = ["added", "pk"]

    def __str__(self) -> str:
        return self.name


class Draft(models.Model):
    """
    An upload that nobody has agreed to yet. It belongs to one person, and is forgotten after `KEPT_FOR`.

    `report` is what that person says of what was understood: corrections by the place of a record, and what is left
    out. `version` rises with each of them.
    """

    KEPT_FOR = timedelta(days=7)

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="import_drafts")
    name = models.CharField(max_length=200)
    data = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    redacted: Any = models.JSONField(default=list, blank=True)
    report: Any = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)
    made = models.DateTimeField(default=now, db_index=True)

    class Meta:
        ordering: ClassVar = ["-made", "-pk"]

    def __str__(self) -> str:
        return self.name
