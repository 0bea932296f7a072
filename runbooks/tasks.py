"""Knocks on the door. What is to be done is in the row, and how is in the engine."""

from __future__ import annotations

import os
import socket

from celery import shared_task

from cluster.connect import connect
from runbooks import engine
from runbooks.models import Run


@shared_task
def advance(run_id: int) -> None:
    """One piece of one run, and a knock for the next."""
    wait = engine.advance(run_id, connect(), worker=f"{socket.gethostname()}:{os.getpid()}")
    if wait is not None:
        advance.apply_async((run_id,), countdown=wait)


@shared_task
def knock_on_all() -> None:
    """For the knocks that nobody heard, and the runs whose worker is gone."""
    for run_id in Run.objects.due().values_list("pk", flat=True):
        advance.delay(run_id)
