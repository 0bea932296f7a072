"""What was seen of the world, and what fails in it, from first seen to resolved."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from backups.models import Volume


class Reading(models.Model):
    """
    The last look at a part of the world. Pages read this and say how old it is; they never ask the world.

    `not_before` is the lease of whoever looks, and the timer in between.
    """

    what = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField(null=True)  # of the last look that succeeded
    tried = models.DateTimeField(default=now)
    error = models.TextField(blank=True)
    told: Any = models.JSONField(default=dict)
    not_before = models.DateTimeField(default=now)


class Finding(models.Model):
    """
    A check that fails on one subject. `in_a_row` counts sweeps that agree with the next move: failing ones while it is
    suspected, clean ones while it is open. `asof` is the time of the data that was last counted: the same data
    looked at twice count once. `doubt` says why the last sweep could not tell, and is empty when it could.
    """

    class State(models.TextChoices):
        SUSPECTED = "suspected", _("Suspected")
        OPEN = "open", _("Open")
        RESOLVED = "resolved", _("Resolved")

    MOVES: ClassVar[dict[str, set[str]]] = {
        State.SUSPECTED: {State.OPEN, State.RESOLVED},
        State.OPEN: {State.RESOLVED},
        State.RESOLVED: set(),
    }

    check_name = models.CharField(max_length=40, db_index=True)
    subject = models.CharField(max_length=400, db_index=True)  # volume:home/config, workload:home/Deployment/app
    volume = models.ForeignKey(Volume, models.SET_NULL, null=True, related_name="findings")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SUSPECTED)
    level = models.CharField(max_length=8, default="fail")  # fail or warn
    in_a_row = models.PositiveIntegerField(default=1)
    facts: Any = models.JSONField(default=dict)  # code and params of the sentence
    evidence: Any = models.JSONField(default=list)  # [{path, value}]
    doubt: Any = models.JSONField(default=dict)  # code and params
    runbook = models.CharField(max_length=60, blank=True)
    params: Any = models.JSONField(default=dict)  # of the runbook
    clock = models.CharField(max_length=60, blank=True)
    first_seen = models.DateTimeField(default=now)
    last_seen = models.DateTimeField(default=now)
    asof = models.DateTimeField(default=now)
    resolved = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-first_seen", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["suspected", "open", "resolved"]), name="finding_state_known"
            ),
            models.CheckConstraint(condition=Q(level__in=["fail", "warn"]), name="finding_level_known"),
            models.UniqueConstraint(
                fields=["check_name", "subject"], condition=~Q(state="resolved"), name="one_live_finding_per_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_name} {self.subject}"
