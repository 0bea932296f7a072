"""The whole program, started as anybody starts it, in a directory and on a port of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.ending import die_with_parent

BASE = Path(__file__).resolve().parent.parent.parent
STARTED, ENDED = 90, 30


@dataclass(frozen=True)
class Running:
    """Where it is, and how the first admin gets in."""

    address: str
    name: str
    one_time: str
    var: Path
    pid: int


@contextmanager
def running(var: Path, **environment: str) -> Iterator[Running]:
    """Start it, wait until it has printed its address and password, and end all of it."""
    told = var / "told.txt"
    env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}}
    env |= {"AFTERMATH_VAR": str(var), "PORT": str(free_port()), "PYTHONUNBUFFERED": "1"} | environment
    with told.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=BASE,
            env=env,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=die_with_parent(),  # tests that are cut short leave nothing behind
        )
    try:
        yield wait_for(process, told, var)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(ENDED)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process: subprocess.Popen[bytes], told: Path, var: Path) -> Running:
    deadline = time.monotonic() + STARTED
    while time.monotonic() < deadline and process.poll() is None:
        text = told.read_text(errors="replace")
        address = re.search(r"http://[^\s/]+", text)
        door = re.search(r"Sign in as (\S+) with the one-time password (\S+)", text)
        if address and door:
            return Running(address[0], door[1], door[2], var, process.pid)
        time.sleep(0.1)
    raise RuntimeError(f"It did not start:\n{told.read_text(errors='replace')}")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
