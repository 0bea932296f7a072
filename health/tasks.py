"""Knocks. The row is the truth: a message that is lost, doubled or late changes nothing."""

from __future__ import annotations

from celery import shared_task

from backups.lease import lease
from cluster.connect import connect
from health.models import Reading
from health.sweep import sweep as sweep_once

SILENT = 60  # seconds that a sweep may take before another worker goes on
PAUSE = 1  # seconds at least between two sweeps


@shared_task(name="health.tasks.sweep")
def sweep() -> None:
    """Sweep, unless somebody is at it."""
    Reading.objects.get_or_create(what="sweep")
    with lease(Reading.objects.filter(what="sweep"), seconds=SILENT, then=PAUSE) as mine:
        if mine:
            sweep_once(connect)
