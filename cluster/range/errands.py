"""
A program that the range sends out: the agent of a job, the rclone of a sync. It has a folder for what it says, and
holds a lock there as long as it lives, so that every process can see whether it does, whoever started it, and nobody
takes a stranger's pid for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cluster import children

ROOT = Path(__file__).resolve().parents[2]  # of the program: where `-m backups.agent` is found
KEPT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
TAIL = 512 * 1024
ASKING = 0.2  # seconds


@contextmanager
def place(folder: Path) -> Iterator[int]:
    """Make the folder and hold its lock; yields the descriptor that the child inherits. BlockingIOError if alive."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(folder / "alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        take(lock)
        (folder / "pid").unlink(missing_ok=True)  # of an earlier one: by now it may be a stranger's
        yield lock
    finally:
        os.close(lock)


def take(lock: int) -> None:
    """Somebody who only asks whether it lives has the lock for a moment; one who lives keeps it."""
    end = time.monotonic() + ASKING
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.005)


def begin(folder: Path, lock: int, command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start `command` in the program's directory, with nothing of our environment but what any program needs."""
    around = {name: os.environ[name] for name in KEPT if name in os.environ} | {"LC_ALL": "C.UTF-8"}
    with open(folder / "out", "wb") as out, open(folder / "err", "wb") as err:
        child = children.start(command, stdout=out, stderr=err, env={**around, **env}, cwd=str(ROOT), keep=(lock,))
    (folder / "pid").write_text(str(child.pid))
    return child


def alive(folder: Path) -> bool:
    """Whether the program of this folder runs. Right after it ended, everything it said is in the folder."""
    try:
        lock = os.open(folder / "alive", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def end(folder: Path, how: signal.Signals = signal.SIGTERM) -> None:
    """Ask it to end, or with SIGKILL make it. Ended already is well."""
    with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
        pid = int((folder / "pid").read_text())
        if alive(folder):
            os.kill(pid, how)


def lines(path: Path) -> list[str]:
    """The last lines of what it said, whole ones only."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            said = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    whole = said.split("\n")[:-1]  # what follows the last newline is not finished
    return whole[1:] if size > TAIL else whole
