"""Two starts at once, a start right after a kill, a port that is taken: each ends with a sentence or simply works."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config import lock
from config.env import CannotStart
from config.lock import claim, only_one
from config.port import listen

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from config.lock import claim, only_one

with only_one(Path(sys.argv[1])) as file:
    claim(file, "http://127.0.0.1:8123/") if sys.argv[2] == "claim" else None
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path):
    started = []

    def start(what):
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, tmp_path / "up.lock", what],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(child)
        assert child.stdout.readline() == b"held\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


def test_the_second_is_told_where_the_first_is(hold, tmp_path):
    hold("claim")
    told = pytest.raises(CannotStart, match=r"already running on .* at http://127.0.0.1:8123/: end that one first")
    with told, only_one(tmp_path / "up.lock"):
        pass


def test_one_that_never_says_where_it_is_is_waited_for_and_then_told_of(hold, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    hold("say nothing")
    with pytest.raises(CannotStart, match=r"already running on [^ ]*: end"), only_one(tmp_path / "up.lock"):
        pass


def test_after_a_kill_the_next_one_starts(hold, tmp_path):
    first = hold("claim")
    first.kill()
    first.wait()
    with only_one(tmp_path / "up.lock") as file:
        claim(file, "http://127.0.0.1:8124/")
        assert (tmp_path / "up.lock").read_text() == f"{os.getpid()} http://127.0.0.1:8124/"
    assert (tmp_path / "up.lock").read_text() == ""


def test_a_port_that_is_taken():
    with listen(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port} is taken by another program: .* 'make run PORT="):
            listen(port)


def test_a_port_just_used_can_be_used_again():
    first = listen(0)
    port = first.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        first.accept()[0].close()  # closed on this side first: the kernel remembers it for a minute
    first.close()
    listen(port).close()


def test_nobody_outside_this_machine_reaches_it():
    with listen(0) as opened:
        assert opened.getsockname()[0] == "127.0.0.1"
