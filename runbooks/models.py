"""A run, and the record of each act it began."""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.models import Volume
from incidents.models import Incident
from runbooks.base import Act, Runbook, Seen, decoded, shelf


class State(models.TextChoices):
    LOOKING = "looking", _("Looking")
    DRAFT = "draft", _("Draft")
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    UNDOING = "undoing", _("Taking back")
    UNDONE = "undone", _("Taken back")
    STUCK = "stuck", _("Stuck")
    REFUSED = "refused", _("Refused")
    LEFT = "left", _("Left as it is")


LIVE = ("queued", "running", "undoing", "stuck")  # these hold the volume
KNOCKED = ("looking", "queued", "running", "undoing")  # these want a worker
UNBEGUN = ("refused", "undone")  # these do where they came to their end in the middle of a look
SIGNS = "bcdfghjkmnpqrstvwxz23456789"  # no word comes of them, and none is taken for another


def new_mark() -> str:
    return "".join(secrets.choice(SIGNS) for _ in range(5))


class RunQuerySet(models.QuerySet["Run"]):
    def live(self) -> RunQuerySet:
        return self.filter(state__in=LIVE)

    def due(self) -> RunQuerySet:
        looked = Q(state__in=UNBEGUN, waiting__has_key="code")
        return self.filter(Q(state__in=KNOCKED) | looked, not_before__lte=now())


class Run(models.Model):
    """
    One use of a runbook. The row is the truth; a Celery message is only a knock on the door.

    `not_before` is a worker's lease while it is at work and a timer in between; `fence` rises each time that the lease
    is taken, and every write of a worker names its own, so that one that was silent for too long changes nothing.

    `mark` is drawn by lot: another installation, and this one with a fresh or an older database, counts its runs from
    the same number again, and what was made then must never pass for what this run made.
    """

    MOVES: ClassVar[dict[str, set[str]]] = {
        "looking": {"draft", "refused"},
        "draft": {"queued", "looking", "refused"},
        "queued": {"running", "refused", "undone"},
        "running": {"done", "undoing", "stuck"},
        "undoing": {"undone", "stuck"},
        "stuck": {"running", "undoing", "left"},
        "done": {"undoing"},
    }

    slug = models.SlugField()
    params: Any = models.JSONField()
    seen: Any = models.JSONField(default=dict)
    objections: Any = models.JSONField(default=list)
    trial: Any = models.JSONField(default=list)  # the dry run: one answer an act
    volume = models.ForeignKey(Volume, models.PROTECT, null=True, related_name="runs")
    target = models.CharField(max_length=253, blank=True)  # what it works on, where that is no volume of ours
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, blank=True, related_name="runs")
    state = models.CharField(max_length=10, choices=State.choices, default=State.LOOKING)
    waiting: Any = models.JSONField(default=dict, blank=True)  # facts: what a look waits for
    progress: Any = models.JSONField(default=dict, blank=True)  # of a look, as its job says it
    why: Any = models.JSONField(default=dict, blank=True)  # facts: why it was refused, turned back, or is stuck
    reason = models.CharField(max_length=500, blank=True)  # a person's, at the start
    since = models.DateTimeField(default=now)  # when it came into its state
    looks = models.PositiveIntegerField(default=1)
    drafted = models.DateTimeField(default=now)
    drafted_by = models.CharField(max_length=150)
    started = models.DateTimeField(null=True)
    started_by = models.CharField(max_length=150, blank=True)
    looked = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    not_before = models.DateTimeField(default=now)
    fence = models.PositiveBigIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    mark = models.CharField(max_length=8, blank=True, default=new_mark, editable=False)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-drafted", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="run_state_known"),
            models.UniqueConstraint(fields=["volume"], condition=Q(state__in=LIVE), name="one_live_run_per_volume"),
            models.UniqueConstraint(
                fields=["target"], condition=Q(state__in=LIVE) & ~Q(target=""), name="one_live_run_per_target"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def tag(self) -> str:
        """What everything is named after that this run makes in the world."""
        return f"am-{self.pk}-{self.mark}" if self.mark else f"am-{self.pk}"

    @cached_property
    def runbook(self) -> Runbook[Any]:
        kind = shelf()[self.slug]
        return decoded(kind, self.params)

    @cached_property
    def plan(self) -> list[Act]:
        """The same plan every time: it depends on nothing but what is saved in this row."""
        if not self.seen:
            return []
        return list(self.runbook.plan(self.sight))

    @cached_property
    def sight(self) -> Any:
        """What was seen, as the runbook's own value."""
        seen: Seen = decoded(type(self.runbook).seen_type(), self.seen)
        return seen

    @property
    def left_something(self) -> bool:
        """Done, it left something that can be taken back, or removed something for good."""
        if self.slug not in shelf():
            return True
        return not self.runbook.ends_as_before and any(act.inverse() or act.one_way for act in self.plan)

    @property
    def purged_by(self) -> Run | None:
        """The run that removed for good what this one put aside."""
        return Run.objects.filter(slug="purge-kept", state=State.DONE, params__run=self.pk).first()

    @property
    def named(self) -> str:
        """What it works on, as people know it and type it."""
        return str(self.volume) if self.volume else self.target

    @property
    def title(self) -> str:
        """The runbook's, or its slug where this version does not know it any more."""
        kind = shelf().get(self.slug)
        return str(kind.title) if kind else self.slug

    @property
    def given_up(self) -> bool:
        """By a person, before it was begun: nothing speaks against it."""
        return self.state == State.REFUSED and self.why.get("code") == "given-up"

    @property
    def state_said(self) -> str:
        return gettext("Given up") if self.given_up else str(State(self.state).label)

    @property
    def colour(self) -> str:
        """The state's colour, as the pages name it."""
        if self.given_up:
            return ""
        return {"done": "ok", "stuck": "fail", "left": "fail", "refused": "warn"}.get(
            self.state, "live" if self.wants_worker else ""
        )

    @property
    def launch_again(self) -> str:
        """The address of the form that this run came from, filled in as it was."""
        if self.slug not in shelf():
            return reverse("runbooks")
        return f"{reverse('runbook', args=[self.slug])}?{urlencode(self.params)}"

    @property
    def goes_back(self) -> bool:
        """Whether it was being taken back when it came to a halt."""
        return any(record.undo for record in self.records.all())

    @property
    def wants_worker(self) -> bool:
        return self.state in KNOCKED

    @property
    def looks_now(self) -> bool:
        """Before it is drafted, and once more before it begins."""
        return self.state in {"looking", "queued"}

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def is_over(self) -> bool:
        return self.state in {"done", "undone", "refused", "left"}


class ActRecord(models.Model):
    """Made before the act is begun, so that whatever may have happened has a row."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="records")
    position = models.PositiveSmallIntegerField()
    undo = models.BooleanField(default=False)
    facts: Any = models.JSONField(default=dict)
    began = models.DateTimeField(default=now)
    done = models.DateTimeField(null=True)
    asked = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=1)  # rises when a person says: try again
    waiting: Any = models.JSONField(default=dict, blank=True)  # facts: what for
    progress: Any = models.JSONField(default=dict, blank=True)
    result: Any = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering: ClassVar = ["began", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position", "undo"], name="one_record_per_act"),
        ]


class Pause(models.Model):
    """
    A lease: a keeper was told to leave a workload alone, by whom, why and until when. `keeper` is how it is to be put
    back, as it was before any pause of ours; `about` names both. `problem`: why it could not be resumed yet, as facts.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="pauses")
    about = models.CharField(max_length=800)
    keeper: Any = models.JSONField()
    workload: Any = models.JSONField()
    by = models.CharField(max_length=150)
    why = models.CharField(max_length=500, blank=True)
    began = models.DateTimeField(default=now)
    until = models.DateTimeField()
    ended = models.DateTimeField(null=True)
    problem: Any = models.JSONField(default=dict, blank=True)
    not_before = models.DateTimeField(default=now)  # who tends it, and when it is asked again

    class Meta:
        ordering: ClassVar = ["until", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "about"], condition=Q(ended=None), name="one_pause_of_a_keeper_per_run"
            ),
        ]
        indexes = [models.Index(fields=["until"], condition=Q(ended=None), name="pauses_that_stand")]

    def __str__(self) -> str:
        return self.about


class Line(models.Model):
    """A line of a run's log."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="lines")
    at = models.DateTimeField(default=now)
    facts: Any = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["pk"]
