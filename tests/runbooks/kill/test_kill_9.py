"""
Real workers, a real Redis, a real practice cluster; `kill -9` at every point of a restore and of its way back.

Every run ends done or taken back, no act has its effect twice, and no file is lost.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from audit.models import Entry, broken
from cluster.range.range import Range
from config import programs
from config.env import CannotStart
from people.actors import person
from runbooks import actions
from runbooks.library.restore_volume import RestoreVolume
from runbooks.library.snapshot_volume import SnapshotVolume
from runbooks.models import ActRecord, Run
from tests.requirements import missing
from tests.runbooks.conftest import HOME, point_of, settle

pytestmark = pytest.mark.django_db(transaction=True)
MOMENTS = ("before", "during", "after")


@pytest.fixture
def knocks(monkeypatch):
    """Here the broker is a real one."""


class Crew:
    """A Redis, a worker and the practice cluster's process, each started again when it is gone."""

    def __init__(self, at: Path, range_dir: Path, marks: Path):
        self.at, self.marks = at, marks
        self.short = Path(tempfile.mkdtemp(prefix="am-", dir="/tmp"))  # the path of a socket is at most 107 bytes long
        self.socket = self.short / "redis.sock"
        name = connection.settings_dict["NAME"]
        database = f"sqlite:///{name}"
        if connection.vendor == "postgresql":
            database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        self.env = os.environ | {
            "DATABASE_URL": database,
            "REDIS_URL": f"redis+socket://{self.socket}",
            "RANGE_DIR": str(range_dir),
            "LEASE_SECONDS": "1",
            "BEAT_SECONDS": "0.3",
            "STEADY_SECONDS": "0.01",
            "APART_SECONDS": "0.01",
            "KILL_MARKS": str(marks),
            "KILL_AT": "",
            "PYTHONWARNINGS": "ignore",
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.commands = {
            "redis": programs.redis(self.socket),
            "range": programs.manage("range"),
            "worker": (
                *(
                    sys.executable,
                    "-m",
                    "celery",
                    "--app",
                    "config",
                    "worker",
                    "--concurrency",
                    "1",
                    "--loglevel",
                    "INFO",
                ),
                *(
                    "--without-gossip",
                    "--without-mingle",
                    "--without-heartbeat",
                    "--include",
                    "tests.runbooks.kill.faults",
                ),
            ),
            "beat": programs.beat(),
        }

    def keep(self) -> None:
        """Start what is not there."""
        for name, argv in self.commands.items():
            process = self.running.get(name)
            if process is None or process.poll() is not None:
                with (self.at / f"{name}.log").open("ab") as log:
                    self.running[name] = subprocess.Popen(
                        argv, env=self.env, cwd=settings.BASE_DIR, stdout=log, stderr=log, start_new_session=True
                    )

    def kill(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()

    def end(self) -> None:
        for process in self.running.values():
            process.terminate()
        shutil.rmtree(self.short, ignore_errors=True)
        for process in self.running.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def tail(self) -> str:
        return (self.at / "worker.log").read_text()[-3000:] if (self.at / "worker.log").exists() else ""


@pytest.fixture
def crew(world, tmp_path):
    try:
        programs.redis_server()
    except CannotStart as e:
        missing("redis", str(e))
    world.close()
    marks = tmp_path / "marks"
    marks.mkdir()
    crew = Crew(Path(os.path.realpath(tmp_path)), settings.RANGE_DIR, marks)
    yield crew
    crew.end()


@pytest.fixture
def ready(world, volume, alice):
    """An emptied volume, and a recovery point of what it held."""
    point = point_of(volume, world, person(alice))
    whole = world.fingerprint()["files"][str(HOME)]
    world.break_("emptied")
    settle(world)
    return point, whole


def until(crew: Crew, run: Run, states: set[str], limit: float) -> None:
    began = time.monotonic()
    while True:
        crew.keep()
        run.refresh_from_db()
        if run.state in states:
            return
        assert time.monotonic() - began < limit, f"{run.state} {run.why} {crew.tail()}"
        time.sleep(0.1)


OVER = {"done", "undone", "stuck", "refused"}


def test_a_worker_killed_at_every_point_of_a_restore_and_of_its_way_back(ready, crew, volume, alice):
    point, whole = ready
    # On the second database once an act, in the middle: what may differ there is its transactions, not the act.
    moments = MOMENTS if connection.vendor == "sqlite" else ("during",)
    by = person(alice)
    world = Range(settings.RANGE_DIR)
    before = world.fingerprint()["files"][str(HOME)]
    run = actions.draft(RestoreVolume(volume=volume.pk, point=point.pk), by=by)
    until(crew, run, {"draft", "refused"}, 60)
    run = Run.objects.get(pk=run.pk)
    acts = len(run.plan)
    forth = [f"{n}:{moment}" for n in range(1, acts + 1) for moment in moments]
    crew.env["KILL_AT"] = " ".join(forth)
    crew.kill("worker")
    actions.start(run, typed=str(volume), by=by)
    until(crew, run, OVER, 600)
    assert run.state == "done", run.why
    assert {m.name for m in crew.marks.iterdir()} == set(forth)
    assert Range(settings.RANGE_DIR).fingerprint()["files"][str(HOME)] == whole
    assert ActRecord.objects.filter(run=run).count() == acts
    assert Entry.objects.of(run).filter(action="act.done").count() == acts
    assert [s.name for s in world.snapshots(HOME) if s.name.startswith(run.tag)] == [f"{run.tag}-safety"]

    back = [f"{n}-back:{m}" for n, act in enumerate(run.plan, 1) if act.inverse() for m in moments]
    crew.env["KILL_AT"] = " ".join(back)
    crew.kill("worker")
    actions.undo(run, by=by)
    until(crew, run, OVER, 600)
    assert run.state == "undone", run.why
    assert {m.name for m in crew.marks.iterdir()} == {*forth, *back}
    assert Range(settings.RANGE_DIR).fingerprint()["files"][str(HOME)] == before
    assert broken() is None


def test_redis_killed_in_the_middle_of_a_run(crew, volume, alice):
    by = person(alice)
    run = actions.draft(SnapshotVolume(volume=volume.pk, quiet=True), by=by)
    until(crew, run, {"draft", "refused"}, 60)
    run = Run.objects.get(pk=run.pk)
    actions.start(run, typed=str(volume), by=by)
    until(crew, run, {"running", "done"}, 60)
    crew.kill("redis")
    until(crew, run, OVER, 120)
    assert run.state == "done", run.why
    assert len(Range(settings.RANGE_DIR).snapshots(HOME)) == 1


def test_a_job_beside_the_files_that_is_killed_is_started_again(ready, crew, volume, alice):
    """The practice cluster's own process dies, and every pod with it, as when a node restarts."""
    point, whole = ready
    by = person(alice)
    run = actions.draft(RestoreVolume(volume=volume.pk, point=point.pk), by=by)
    until(crew, run, {"draft", "refused"}, 60)
    run = Run.objects.get(pk=run.pk)
    actions.start(run, typed=str(volume), by=by)
    extract = next(n for n, act in enumerate(run.plan, 1) if act.told().code.startswith("extract"))
    began = time.monotonic()
    while not run.records.filter(position=extract).exists():
        crew.keep()
        assert time.monotonic() - began < 60
        time.sleep(0.02)
    crew.kill("range")
    until(crew, run, OVER, 120)
    assert run.state == "done", run.why
    assert Range(settings.RANGE_DIR).fingerprint()["files"][str(HOME)] == whole
