"""One of a kind at a time on one directory of state."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from config.env import CannotStart

# After a kill the processes of the one before take a moment to end, and hold the lock for as long.
PATIENCE = 10.0


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[TextIO]:
    """
    Hold the lock file, emptied; `claim` writes into it who holds it and where they are found.

    :raises CannotStart: somebody holds it. One who has not said so yet, or is dead, is waited for: they are on their
        way up or down.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        deadline = time.monotonic() + PATIENCE
        while not taken(file):
            pid, where = holder(file)
            if alive(pid) or time.monotonic() > deadline:
                raise CannotStart(
                    f"Aftermath is already running on {path.parent}{where and f' at {where}'}: "
                    "end that one first, or let AFTERMATH_VAR name another directory."
                )
            time.sleep(0.05)
        file.truncate(0)
        yield file
        file.truncate(0)


def claim(file: TextIO, where: str) -> None:
    file.write(f"{os.getpid()} {where}")
    file.flush()


def taken(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder(file: TextIO) -> tuple[int, str]:
    """The process that holds the lock and its address; 0 and nothing when it has not said so yet."""
    file.seek(0)
    pid, _, where = file.read().partition(" ")
    return int(pid or 0), where


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, and is somebody else's
        return True
    return pid > 0
