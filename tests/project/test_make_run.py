"""`make run` in a fresh copy of the tree: one address, a page, a second start that finds it all, no leftovers."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.project.processes import children, living, mark, until

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
MAKE = ["make", "--old-file", "env", "run"]  # the environment is that of the tests
PART_OF_IT = {"redis-server", "gunicorn", "celery --app config worker", "celery --app config beat", "manage.py range"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The tree as git would give it, with the changes of today."""
    there = tmp_path_factory.mktemp("copy") / "aftermath"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).exists():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, there / name)
    (there / ".venv").symlink_to(Path(sys.prefix))
    return there


@pytest.fixture
def marked():
    with mark() as marked:
        yield marked


@pytest.fixture
def make_run(copy, marked):
    """Start it, and come back with the process and what it has printed when it said that Ctrl-C ends it."""
    started = []

    def start(**env):
        process = subprocess.Popen(
            MAKE,
            cwd=copy,
            env=environment(marked, **env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        said = []
        while not said or "Ctrl-C" not in said[-1]:
            line = process.stdout.readline()
            assert line, f"it ended, and said {said}"
            said.append(line.strip())
        return process, said

    yield start
    for process in started:
        process.kill()
        process.stdout.close()
        process.wait()


def environment(marked, **env):
    unset = {"AFTERMATH_VAR", "DATABASE_URL", "REDIS_URL", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    return {name: value for name, value in os.environ.items() if name not in unset} | marked | {"PORT": "0"} | env


def address_in(said):
    (address,) = re.findall(r"http://127\.0\.0\.1:\d+/", "\n".join(said))
    return address


def get(address, path="/"):
    caller = http.client.HTTPConnection(address.split("/")[2], timeout=20)
    with closing(caller):
        caller.request("GET", path)
        answer = caller.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()


def press_ctrl_c(process):
    """A terminal gives it to make and to what make runs."""
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)


def test_it_starts_shows_a_page_starts_again_and_leaves_nothing(make_run, marked, copy):
    process, said = make_run()
    address = address_in(said)
    (password,) = re.findall(r"Sign in as admin with the one-time password (\S+)", "\n".join(said))
    assert len(password) > 10

    status, where, _ = get(address)
    assert (status, where.split("?")[0]) == (302, "/sign-in/")
    status, _, page = get(address, where)
    assert status == 200
    assert "<form" in page

    until(lambda: all(any(part in line for line in living(marked).values()) for part in PART_OF_IT))
    until(lambda: get(address, "/readyz")[0] == 200)
    state = copy / "var"
    assert state.stat().st_mode & 0o077 == 0, "state is its owner's alone"

    second = subprocess.run(MAKE, cwd=copy, env=environment(marked), capture_output=True, text=True)
    assert second.returncode != 0
    assert second.stderr.startswith(f"Aftermath is already running on {state} at {address}: end that one first")
    assert get(address, "/healthz")[0] == 200

    press_ctrl_c(process)
    assert living(marked) == {}

    key = (state / "secret-key").read_text()
    process, said = make_run()
    assert get(address_in(said), "/readyz")[0] in {200, 503}
    press_ctrl_c(process)
    assert living(marked) == {}
    assert (state / "secret-key").read_text() == key
    with closing(sqlite3.connect(state / "aftermath.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM people_user").fetchone() == (1,)


def test_a_kill_leaves_nothing_of_the_whole_program(make_run, marked):
    process, _ = make_run()
    until(lambda: all(any(part in line for line in living(marked).values()) for part in PART_OF_IT))
    (supervisor,) = children(marked, process.pid)
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not living(marked), seconds=30)
    process.communicate()


def test_a_part_that_is_killed_comes_back(make_run, marked):
    process, _ = make_run()
    until(lambda: any("celery --app config beat" in line for line in living(marked).values()))
    beat = next(pid for pid, line in living(marked).items() if "celery --app config beat" in line)
    os.kill(beat, signal.SIGKILL)
    until(lambda: any("celery --app config beat" in line for pid, line in living(marked).items() if pid != beat))
    press_ctrl_c(process)
    assert living(marked) == {}


def test_a_port_that_is_taken_is_said_with_another_to_use(copy, marked, tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        env = environment(marked, PORT=str(port), AFTERMATH_VAR=str(tmp_path / "var"))
        done = subprocess.run(MAKE, cwd=copy, env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.startswith(f"Port {port} is taken by another program: choose another, as in 'make run PORT=")
    assert living(marked) == {}


def test_a_database_that_is_not_there_is_said(copy, marked, tmp_path):
    env = environment(marked, DATABASE_URL=f"sqlite:///{tmp_path}/none/a.sqlite3")
    done = subprocess.run(MAKE, cwd=copy, env=env, capture_output=True, text=True)
    assert done.stderr.startswith("The database cannot be used (unable to open database file): see that it runs")
    assert "Traceback" not in done.stderr
    assert living(marked) == {}
