"""
Loaded into a real worker (`celery --include tests.runbooks.kill.faults`): it kills its own process, without a word,
at each point named in KILL_AT, once each. A point is `3:before`, `3:during`, `3:after`, or the same with `-back`
behind the position; `during` is when the act has had its effect and nothing is written down about it yet.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from runbooks import engine

MARKS = Path(os.environ["KILL_MARKS"])
perform, finish, wait_for = engine.perform, engine.finish, engine.wait_for


def die_at(position: int, moment: str, *, undo: bool) -> None:
    point = f"{position}{'-back' if undo else ''}:{moment}"
    if point not in os.environ["KILL_AT"].split():
        return
    try:
        (MARKS / point).touch(exist_ok=False)
    except FileExistsError:
        return
    if moment == "during":
        os.kill(os.getppid(), signal.SIGKILL)  # the whole worker; else only the process of its pool
    os.kill(os.getpid(), signal.SIGKILL)


def performed(run: Any, position: int, act: Any, world: Any, *, undo: bool = False) -> float:
    die_at(position, "before", undo=undo)
    wait = perform(run, position, act, world, undo=undo)
    if run.records.filter(position=position, undo=undo).exclude(done=None).exists():
        die_at(position, "after", undo=undo)
    return wait


def finished(run: Any, rec: Any, result: Any) -> None:
    die_at(rec.position, "during", undo=rec.undo)
    finish(run, rec, result)


engine.perform, engine.finish = performed, finished
