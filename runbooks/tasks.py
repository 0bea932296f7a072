"""Knocks on the door. What is to be done is in the row, and how is in the engine."""

from __future__ import annotations

import os
import socket

from celery import shared_task

from backups.lease import lease
from cluster.connect import connect
from health.models import Reading
from runbooks import engine, leases, may
from runbooks.models import Run

SILENT = 60  # seconds that the asking may take before another worker goes on
PAUSE = 1  # seconds at least between two


@shared_task
def advance(run_id: int) -> None:
    """One piece of one run, and a knock for the next."""
    wait = engine.advance(run_id, connect(), worker=f"{socket.gethostname()}:{os.getpid()}")
    if wait is not None:
        advance.apply_async((run_id,), countdown=wait)


@shared_task
def tend(pause_id: int) -> None:
    """A lease whose end has come."""
    leases.tend(pause_id, connect())


@shared_task
def knock_on_all() -> None:
    """For the knocks that nobody heard, the runs whose worker is gone, and the leases that are over."""
    for run_id in Run.objects.due().values_list("pk", flat=True):
        advance.delay(run_id)
    for pause_id in leases.due().values_list("pk", flat=True):
        tend.delay(pause_id)


@shared_task
def ask_access() -> None:
    """Ask what our account may do, unless somebody is at it or the last answer is good enough."""
    Reading.objects.get_or_create(what=may.WHAT)
    with lease(Reading.objects.filter(what=may.WHAT), seconds=SILENT, then=PAUSE) as mine:
        if mine and may.due():
            may.ask(connect)
