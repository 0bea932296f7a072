"""Knocks. The row is the truth: a message that is lost, doubled or late changes nothing."""

from __future__ import annotations

import logging
import time

from celery import shared_task
from django.db import transaction
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from backups import brought, released, stores
from backups.models import Source, Upload
from backups.scanning import scan
from cluster.connect import connect

log = logging.getLogger(__name__)
LONGEST = 60.0  # seconds; what is due then is left to the next knock
WORKED_ON = (Upload.State.ARRIVING, Upload.State.READING)


@shared_task(name="backups.tasks.scan_all")
def scan_all() -> None:
    """Scan each source that is due, unless somebody is at it."""
    end = time.monotonic() + LONGEST
    released.notice(connect)
    if Upload.objects.filter(state__in=WORKED_ON, not_before__lte=now()).exists():
        knock()
    due = Source.objects.filter(retired=None, not_before__lte=now()).select_related("volume").order_by("not_before")
    for source in due:
        if time.monotonic() > end:
            return
        scan(source, stores.store, connect)


@shared_task(name="backups.tasks.read_uploads")
def read_uploads() -> None:
    """Read what people brought, one file at a time: the other workers are for runs."""
    if Upload.objects.filter(state=Upload.State.READING, not_before__gt=now(), read__gt=0).exists():
        return
    due = Upload.objects.filter(state__in=WORKED_ON, not_before__lte=now()).select_related("source__volume")
    for upload in due.order_by("not_before"):
        brought.see_to(upload, stores.store)


def knock() -> None:
    """Tell a worker, once this transaction is written. A knock that is not heard is made good by the next beat."""

    def send() -> None:
        try:
            read_uploads.apply_async(retry=False, expires=60)
        except (OperationalError, OSError):
            log.warning("The broker did not take the knock for what was uploaded")

    transaction.on_commit(send)
