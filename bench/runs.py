"""
How long a person waits for a run: from the press of the button to its first act, and from a killed worker to the act
going on under another. The whole program runs, as `make run` starts it, in a directory of its own.

What a user would pick instead is Celery alone: it gives a task of a dead worker to another after its visibility
timeout, an hour by default, and a knock on a filesystem or database transport takes a second.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TURNS = 5
KNOCK_OF_OTHERS, REDELIVERY = 1.0, 3600.0  # seconds


class Figure(NamedTuple):
    """Seconds: ours, and what the alternative takes."""

    name: str
    ours: float
    bare: float

    @property
    def ratio(self) -> float:
        return self.ours / self.bare


def measure(turns: int = TURNS) -> list[Figure]:
    """Starts the program in a process of its own, with this one beside it on the same database."""
    with tempfile.TemporaryDirectory(prefix="am-bench-") as at:
        os.environ |= {"AFTERMATH_VAR": at, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"}
        with running(Path(at)):
            first, again = pressed(turns)
            return [
                Figure("a press to the first act of a run", first, KNOCK_OF_OTHERS),
                Figure("a killed worker to the run going on", again, REDELIVERY),
            ]


@contextlib.contextmanager
def running(var: Path) -> Iterator[None]:
    with (var / "up.log").open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=os.environ | {"PORT": "0"}, stdout=log, stderr=log
        )
    try:
        until(lambda: b"http://" in (var / "up.log").read_bytes(), 60)
        yield
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(timeout=30)


def until(so: Callable[[], Any], seconds: float) -> float:
    """How long it took until it was so. Raises TimeoutError."""
    began = time.monotonic()
    while not so():
        if time.monotonic() - began > seconds:
            raise TimeoutError("It was never so.")
        time.sleep(0.002)
    return time.monotonic() - began


def pressed(turns: int) -> tuple[float, float]:
    """The median of both waits, over quiet snapshots of the sample application."""
    import django  # noqa: PLC0415 (after the environment says where the program lives)

    django.setup()
    from backups.models import Volume  # noqa: PLC0415
    from people.actors import COMMAND  # noqa: PLC0415
    from runbooks import actions  # noqa: PLC0415
    from runbooks.library.snapshot_volume import SnapshotVolume  # noqa: PLC0415
    from runbooks.models import Run  # noqa: PLC0415

    def one(kill: bool) -> tuple[float, float]:
        run = actions.draft(SnapshotVolume(volume=volume.pk, quiet=True), by=COMMAND)
        until(lambda: Run.objects.filter(pk=run.pk, state="draft").exists(), 60)
        run = Run.objects.get(pk=run.pk)
        actions.start(run, typed=str(volume), by=COMMAND)
        first = until(lambda: run.records.exists(), 30)
        again = going_on(run) if kill else 0.0
        until(lambda: Run.objects.filter(pk=run.pk, state="done").exists(), 120)
        return first, again

    until(lambda: Volume.objects.filter(claim="home-assistant-config").exists(), 60)
    volume = Volume.objects.get(claim="home-assistant-config")
    firsts, agains = zip(*[one(kill=turn == 0) for turn in range(turns)], strict=True)
    return sorted(firsts)[len(firsts) // 2], agains[0]


def going_on(run: Any) -> float:
    """How long after the workers were killed another act is done."""
    kill_workers()
    done = run.records.exclude(done=None)
    acts = done.count()
    return until(lambda: done.count() > acts, 60)


def kill_workers() -> None:
    """Every process of the worker that runs below this directory's program."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            mine = f"AFTERMATH_VAR={os.environ['AFTERMATH_VAR']}".encode()
            if b"worker" in words and b"celery" in words and mine in (entry / "environ").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)


if __name__ == "__main__":
    for figure in measure():
        print(f"{figure.name}: {figure.ours:.3f} s, {figure.ratio:.4f} of {figure.bare:g} s")
