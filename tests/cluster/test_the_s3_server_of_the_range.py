from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backups.storage import Credentials, Store
from cluster.errors import Refused
from cluster.range import store as s3server

ROOT = Path(__file__).parents[2]


def until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_it_serves_a_directory_and_ends_when_asked(tmp_path):
    with s3server.serving(tmp_path, key="some-key", secret="some-secret") as server:
        (tmp_path / "bucket").mkdir()
        Store(server.endpoint, "us-east-1", "bucket", Credentials("some-key", "some-secret")).put_bytes("a", b"1")
        assert (tmp_path / "bucket" / "a").read_bytes() == b"1"
    assert not server.alive
    assert not s3server.answers(server.port)


def test_no_list_of_processes_shows_its_secret(tmp_path):
    with s3server.serving(tmp_path, key="some-key", secret="very-secret-indeed") as server:
        assert b"very-secret-indeed" not in Path(f"/proc/{server.child.pid}/cmdline").read_bytes()
        assert "very-secret-indeed" not in repr(server)


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Refused, match=str(port)):
            s3server.start(tmp_path, key="some-key", secret="some-secret", port=port)


def test_it_dies_with_whoever_started_it_even_when_that_one_is_killed(tmp_path):
    code = (
        "import sys, time, pathlib; from cluster.range import store as s3server\n"
        f"s = s3server.start(pathlib.Path({str(tmp_path)!r}), key='some-key', secret='some-secret')\n"
        "print(s.child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    pid = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    def gone():
        try:
            return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
        except FileNotFoundError:
            return True

    until(gone)
