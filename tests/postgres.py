"""A PostgreSQL server of the tests' own, for as long as they run: in memory, behind a private socket, on no port."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from config.ending import die_with_parent

# Nothing of it outlives the tests, so nothing need reach a disk.
CONFIG = """
listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 60
shared_buffers = 64MB
"""
STARTED = 30


def programs() -> Path | None:
    """The directory of the server's programs: Debian keeps them off the path. None when there is no server here."""
    found = shutil.which("initdb")
    beside = [Path(found).resolve().parent] if found else []
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return next((path for path in [*versions, *beside] if (path / "postgres").exists()), None)


def ordinary_user() -> dict[str, Any]:
    """The server refuses to run as root: then it runs as the user made for it, or as nobody."""
    if os.getuid() != 0:
        return {}
    known = {user.pw_name: user for user in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def server(at: Path) -> Iterator[str]:
    """Start the server whose programs are in `at`, and give the URL of a database of it; end it and forget its data."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    home = Path(tempfile.mkdtemp(prefix="aftermath-pg-", dir=memory))
    who = ordinary_user()
    if who:
        os.chown(home, who["user"], who["group"])
    try:
        with (home / "log").open("wb") as log, running(at, home, log, who):
            yield f"postgres://aftermath@/postgres?host={home}"
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def running(at: Path, home: Path, log: BinaryIO, who: dict[str, Any]) -> Iterator[None]:
    as_them: dict[str, Any] = who | {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": "/"}
    as_them["env"] = {"PATH": os.defpath, "LC_ALL": "C"}
    data = home / "data"
    make: list[str | Path] = [
        at / "initdb",
        "--pgdata",
        data,
        "--auth",
        "trust",
        "--username",
        "aftermath",
        "--encoding",
        "UTF8",
    ]
    subprocess.run([*make, "--no-sync", "--no-instructions"], check=True, **as_them)
    with (data / "postgresql.conf").open("a") as config:
        config.write(CONFIG + f"unix_socket_directories = '{home}'\n")
    process = subprocess.Popen([at / "postgres", "-D", data], preexec_fn=die_with_parent(), **as_them)
    try:
        wait_until_ready(at, home, process)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # without waiting for those who are still connected
        process.wait(20)


def wait_until_ready(at: Path, home: Path, process: subprocess.Popen[bytes]) -> None:
    ask: list[str | Path] = [
        at / "pg_isready",
        "--host",
        home,
        "--username",
        "aftermath",
        "--dbname",
        "postgres",
        "--quiet",
    ]
    deadline = time.monotonic() + STARTED
    while subprocess.run(ask, check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {(home / 'log').read_text()}")
        time.sleep(0.05)
