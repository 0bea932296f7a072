"""
How long a person waits for a run: from the press of the button to its first act, and from a killed worker to the act
going on under another. The whole program runs, as `make run` starts it, and this process is beside it on its database.

What a user would pick instead is Celery alone: on a transport without a broker a knock takes a second, and the task of
a dead worker is given to another after its visibility timeout, an hour unless somebody changes it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings

from backups.models import Volume
from bench.figure import Figure
from bench.program import ROOT, started
from people.actors import COMMAND
from runbooks import actions
from runbooks.library.snapshot_volume import SnapshotVolume
from runbooks.models import Run

TURNS = 5
KNOCK_OF_OTHERS, REDELIVERY = 1.0, 3600.0  # seconds


def measure(turns: int = TURNS) -> list[Figure]:
    with started([sys.executable, "manage.py", "up"], ROOT, settings.VAR / "said", PORT="0"):
        wait(lambda: Volume.objects.filter(claim="home-assistant-config", points__isnull=False).exists())
        volume = Volume.objects.get(claim="home-assistant-config")
        firsts, agains = zip(*[one(volume, kill=turn == 0) for turn in range(turns)], strict=True)
    first = sorted(firsts)[turns // 2]
    return [
        Figure("a press to the first act of a run", first, KNOCK_OF_OTHERS, "s", "Celery without a broker"),
        Figure("a killed worker to the run going on", agains[0], REDELIVERY, "s", "Celery's redelivery"),
    ]


def one(volume: Volume, *, kill: bool) -> tuple[float, float]:
    """A quiet snapshot: seconds to its first act, and to the act after its workers were killed."""
    run = actions.draft(SnapshotVolume(volume=volume.pk, quiet=True), by=COMMAND)
    wait(lambda: Run.objects.filter(pk=run.pk, state="draft").exists())
    run = Run.objects.get(pk=run.pk)
    actions.start(run, typed=str(volume), by=COMMAND)
    first = wait(lambda: run.records.exists())
    again = going_on(run) if kill else 0.0
    wait(lambda: Run.objects.filter(pk=run.pk, state="done").exists())
    return first, again


def going_on(run: Run) -> float:
    """Seconds from the death of the workers to the next act that is done."""
    kill_workers()
    done = run.records.exclude(done=None)
    acts = done.count()
    return wait(lambda: done.count() > acts)


def wait(so: Any) -> float:
    """How long it took until it was so. Finer than `until`: a tenth of a second is what is measured."""
    began = time.monotonic()
    while not so():
        if time.monotonic() - began > 120:
            raise TimeoutError("It was never so.")
        time.sleep(0.002)
    return time.monotonic() - began


def kill_workers() -> None:
    """Every process of the worker that runs below this directory."""
    mine = f"AFTERMATH_VAR={settings.VAR}".encode()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"worker" in words and b"celery" in words and mine in (entry / "environ").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
