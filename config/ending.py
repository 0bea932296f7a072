"""
How processes are ended, and that they are, even when the one that started them was killed.

A program runs in a process group of its own, whose number is that of its first process. SIGTERM goes to that process
alone, which knows how to end its own; SIGKILL goes to whoever of the group is left.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

BETWEEN_LOOKS = 0.02
PR_SET_PDEATHSIG = 1


def end(groups: Iterable[int], alive: Callable[[int], bool], patience: float) -> None:
    """
    End these process groups and come back when their first processes are gone, or could not be ended. They have
    `patience` seconds to end by themselves.

    `alive(group)` says whether the first process still runs; for a child it is what reaps it. Where it has gone
    already, it may have left others of its group.
    """
    groups = list(groups)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            if alive(group):
                os.kill(group, signal.SIGTERM)
    wait_for_end(groups, alive, patience)
    for group in groups:
        sweep(group)
    wait_for_end(groups, alive, patience=2)


def wait_for_end(groups: list[int], alive: Callable[[int], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    while any(alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(BETWEEN_LOOKS)


def sweep(group: int) -> None:
    """Kill whoever is left of a group. Its number is not given anew while one of them lives."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def exists(group: int) -> bool:
    try:
        os.kill(group, 0)
    except ProcessLookupError:
        return False
    return True


class Undertaker:
    """
    A second process that waits for this one to be gone and then ends all that it started. It learns of each program
    through a pipe; the pipe's other end closes when this process dies, however it dies.
    """

    def __init__(self, patience: float) -> None:
        read, self.write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.write)
            self.wait_and_end(read, patience)
            os._exit(0)
        os.close(read)

    def tell(self, word: str, group: int) -> None:
        """`word`: `first` and `last` say when a started program is to be ended, `gone` that it has ended."""
        with contextlib.suppress(BrokenPipeError):  # it was killed; the others' own nets hold
            os.write(self.write, f"{word} {group}\n".encode())

    def dismiss(self) -> None:
        """All is ended; come back when this process is gone as well."""
        os.close(self.write)
        os.waitpid(self.pid, 0)

    @staticmethod
    def wait_and_end(read: int, patience: float) -> None:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        waves: dict[str, list[int]] = {"first": [], "last": []}
        with os.fdopen(read) as lines:
            for word, group in (line.split() for line in lines):
                if word in waves:
                    waves[word].append(int(group))
                else:
                    waves = {when: [one for one in wave if one != int(group)] for when, wave in waves.items()}
        for wave in waves.values():
            end(wave, exists, patience)


def die_with_parent() -> Callable[[], None] | None:
    """
    What a child does before its program begins, so that the kernel ends it with its parent (Linux only). A net below
    the undertaker, for the case that both were killed. The library is loaded here, before the fork.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before it was asked
            os._exit(1)

    return ask
