"""Finding every process that a test has started, wherever it has gone: by a mark in its environment."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

NAME = "AFTERMATH_TEST_MARK"


@contextlib.contextmanager
def mark() -> Iterator[dict[str, str]]:
    """A variable for the environment of what the test starts; what still has it at the end is killed."""
    marked = {NAME: uuid4().hex}
    try:
        yield marked
    finally:
        for pid in living(marked):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def living(marked: dict[str, str]) -> dict[int, str]:
    """The processes that have the mark, with their command lines. A zombie has no environment and is none."""
    wanted = f"{NAME}={marked[NAME]}".encode()
    found = {}
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (directory / "environ").read_bytes().split(b"\0"):
                found[int(directory.name)] = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return found


def children(marked: dict[str, str], parent: int) -> dict[int, str]:
    """Those of the living whose parent this is."""
    found = {}
    for pid, line in living(marked).items():
        with contextlib.suppress(OSError):
            if int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found[pid] = line
    return found


def until(so: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.02)
