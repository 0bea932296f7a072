"""Keeps the programs of one machine running: starts them, starts again what ends, ends them all."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from config.ending import Undertaker, die_with_parent, end, sweep
from config.programs import Program

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# How long a program may take to end by itself.
PATIENCE = 6.0
# Who ran this long had started well: the next end is a first end again.
STARTED_WELL = 30.0
LARGEST_LOG = 5_000_000
LAST_WORDS = 8


@dataclass
class Child:
    """
    A program with the process that runs it now, if one does. Times are of the monotonic clock, in seconds; `log_from`
    is how long its log was when that process began.
    """

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    again_at: float = 0
    failures: int = 0
    log_from: int = 0
    done: bool = False


class Supervisor:
    """Make it first of all, before threads and open files: its undertaker is a copy of the process as it is then."""

    def __init__(self, logs: Path, say: Callable[[str], None], patience: float = PATIENCE) -> None:
        self.undertaker = Undertaker(patience)
        self.before_exec = die_with_parent()
        self.logs = logs
        self.say = say
        self.patience = patience
        self.children: list[Child] = []
        self.stopping = threading.Event()

    def start(self, program: Program) -> Child:
        child = Child(program)
        self.children.append(child)
        self.spawn(child)
        return child

    def spawn(self, child: Child) -> None:
        program = child.program
        log = self.log(program)
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as out:
            child.log_from = out.tell()
            child.process = subprocess.Popen(
                program.argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | program.env,
                pass_fds=program.files,
                start_new_session=True,
                preexec_fn=self.before_exec,  # safe: this process has no threads
            )
        child.started = time.monotonic()
        self.undertaker.tell("last" if program.last else "first", child.process.pid)

    def watch(self, interval: float = 0.25) -> None:
        """Until `stopping` is set: start again what has ended, after a pause that doubles each time."""
        while not self.stopping.wait(interval):
            self.look()

    def look(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and (status := child.process.poll()) is not None:
                self.ended(child, status, now)
            elif child.process is None and not child.done and now >= child.again_at:
                self.spawn(child)
            elif child.process is not None:
                self.shorten(child.program)

    def ended(self, child: Child, status: int, now: float) -> None:
        assert child.process is not None
        self.bury(child.process.pid)
        child.process = None
        child.done = child.program.once and status == 0
        if child.done:
            return
        child.failures = 1 if now - child.started > STARTED_WELL else child.failures + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (child.failures - 1))
        child.again_at = now + pause
        self.say(f"{child.program.name} ended ({how(status)}) and is started again in {pause:g} s. {self.tail(child)}")

    def bury(self, group: int) -> None:
        """What a dead program left running goes with it."""
        sweep(group)
        self.undertaker.tell("gone", group)

    def log(self, program: Program) -> Path:
        return self.logs / f"{program.name}.log"

    def shorten(self, program: Program) -> None:
        """A log that grew too long is copied aside and emptied in place: whoever writes to it appends."""
        log = self.log(program)
        with contextlib.suppress(OSError):
            if log.stat().st_size > LARGEST_LOG:
                log.with_suffix(".log.1").write_bytes(log.read_bytes())
                os.truncate(log, 0)

    def tail(self, child: Child) -> str:
        """The last lines that a program wrote since its start, under a line that names the log."""
        log = self.log(child.program)
        with log.open("rb") as lines:
            size = log.stat().st_size
            lines.seek(max(child.log_from if child.log_from <= size else 0, size - 20_000))
            words = deque(lines.read().decode(errors="replace").splitlines(), LAST_WORDS)
        return "\n  ".join([f"The end of {log}:" if words else f"{log} is empty.", *words])

    def end(self) -> None:
        """End everything, the programs that others talk to after the others, then the undertaker."""
        for last in (False, True):
            processes = {c.process.pid: c.process for c in self.children if c.process and c.program.last is last}
            end(processes, partial(runs, processes), self.patience)
        self.undertaker.dismiss()


def runs(processes: dict[int, subprocess.Popen[bytes]], pid: int) -> bool:
    return processes[pid].poll() is None


def how(status: int) -> str:
    return f"status {status}" if status >= 0 else f"killed by signal {-status}"
