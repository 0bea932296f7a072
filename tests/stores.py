"""A real S3 server for tests, and a connection to it that can be cut, held up and counted."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backups.storage import Credentials, Store
from cluster.range.store import Server, serving

KEY, SECRET = "range-key-for-tests", "range-secret-for-tests"


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`rclone serve s3`, once for all tests."""
    with serving(tmp_path_factory.mktemp("s3"), key=KEY, secret=SECRET) as server:
        yield server


@pytest.fixture
def store(s3: Server, request: pytest.FixtureRequest) -> Store:
    """An empty bucket of its own."""
    name = f"b{abs(hash(request.node.nodeid)):x}"
    made = Store(s3.endpoint, "us-east-1", name, Credentials(KEY, SECRET))
    made.client.create_bucket(Bucket=name)  # by the server, which would see a new directory only later
    return made


def through(store: Store, port: int) -> Store:
    """The same bucket by another door."""
    return Store(f"http://127.0.0.1:{port}", store.region, store.bucket, store.credentials)


@dataclass
class Wire:
    """
    A TCP connection in between. `cut_after` bytes of answers it is cut (each connection, `cuts` times in all);
    `hold` stops all answers without closing.
    """

    target: tuple[str, int]
    cut_after: int | None = None
    cuts: int = 1
    hold: bool = False
    connections: int = 0
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return self.listener.getsockname()[1]

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections += 1
                server = socket.create_connection(self.target)
                threading.Thread(target=self.pump, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self.pump, args=(server, client, True), daemon=True).start()

    def pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(16384):
                passed += len(data)
                if answers and self.hold:
                    threading.Event().wait(30)
                if answers and self.cut_after is not None and passed > self.cut_after and self.cuts > 0:
                    self.cuts -= 1
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def wire(s3: Server) -> Iterator[Wire]:
    between = Wire(("127.0.0.1", s3.port))
    threading.Thread(target=between.serve, daemon=True).start()
    yield between
    between.listener.close()


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
