"""Knocks. The row is the truth: a message that is lost, doubled or late changes nothing."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils.timezone import now

from backups import stores
from backups.models import Source
from backups.scanning import scan
from cluster.connect import connect

LONGEST = 60.0  # seconds; what is due then is left to the next knock


@shared_task(name="backups.tasks.scan_all")
def scan_all() -> None:
    """Scan each source that is due, unless somebody is at it."""
    end = time.monotonic() + LONGEST
    due = Source.objects.filter(retired=None, not_before__lte=now()).select_related("volume").order_by("not_before")
    for source in due:
        if time.monotonic() > end:
            return
        scan(source, stores.store, connect)
