from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from cluster.api import JobSpec
from cluster.range import errands, store
from cluster.range.alive import Taken, alive
from cluster.range.objects import Objects
from cluster.range.range import Range
from tests.cluster.conftest import HA, HOME, QUICK, until

ROOT = Path(__file__).parents[2]


def run(code, *args):
    """Another process of the program."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def manage(range_):
    """`manage.py range` as the program starts it."""
    started = []

    def start():
        env = {**os.environ, "RANGE_DIR": str(range_.directory)}
        child = subprocess.Popen([sys.executable, "manage.py", "range"], cwd=ROOT, env=env)
        started.append(child)
        until(lambda: store.answers(store.access(range_.directory).port), what="the store", seconds=40)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] in "ZX"
    except FileNotFoundError:
        return True


def test_another_process_finds_the_world_as_it_is(range_):
    range_.scale(HA, was=1, to=0)
    range_.make_snapshot(HOME, "one", labels={"a": "b"})
    until(lambda: range_.snapshot("home", "one").ready, range_.tick)
    before = range_.fingerprint()
    again = Range(range_.directory)
    again.seed()
    assert again.fingerprint() == before
    assert again.snapshot("home", "one") == range_.snapshot("home", "one")


def test_what_two_processes_change_at_once_is_never_lost(range_):
    code = """
        import sys
        from pathlib import Path
        from cluster.api import ClaimRef
        from cluster.range.range import Range
        world = Range(Path(sys.argv[1]))
        for n in range(40):
            world.make_snapshot(ClaimRef("wiki", "pages"), f"{sys.argv[2]}-{n}", labels={})
    """
    others = [run(code, range_.directory, name) for name in ("a", "b", "c")]
    for other in others:
        assert other.wait() == 0
        other.stdout.close()
    assert len(range_.ground.objects.read().snapshots) == 120


def test_a_change_that_fails_half_way_leaves_nothing(range_):
    before = range_.ground.objects.path.read_bytes()
    with pytest.raises(ZeroDivisionError), range_.ground.objects.change() as state:
        state.serial = 1 // 0
    assert range_.ground.objects.path.read_bytes() == before


def test_killed_while_writing_the_objects_are_the_old_or_the_new_ones(range_):
    code = """
        import sys
        from pathlib import Path
        from cluster.range.objects import Objects
        objects = Objects(Path(sys.argv[1]))
        print("go", flush=True)
        while True:
            with objects.change() as state:
                state.serial += 1
    """
    for n in range(6):
        other = run(code, range_.directory)
        assert other.stdout.readline() == "go\n"
        time.sleep(0.02 * n)
        other.kill()
        other.wait()
        other.stdout.close()
        assert len(Objects(range_.directory).read().workloads) == 6
    left = [p.name for p in range_.directory.iterdir() if p.name.startswith(".objects")]
    range_.scale(HA, was=1, to=0)
    assert len(left) <= 6


def test_a_job_whose_range_died_has_failed_and_its_agent_is_gone(range_, manage):
    child = manage()
    range_.start_job(JobSpec(HOME, "look", "inspect", {}))
    uid = next(iter(range_.ground.objects.read().jobs))
    folder = range_.ground.volumes.job(uid)
    until(lambda: (folder / "pid").exists() and (folder / "pid").read_text(), what="the agent")
    pid = int((folder / "pid").read_text())
    child.send_signal(signal.SIGKILL)
    child.wait()
    until(lambda: gone(pid), what="the agent's end")
    job = range_.job("home", "look")
    assert job.state in ("failed", "done")  # it may have been quick
    again = Range(range_.directory, pace=QUICK)
    again.tick()
    assert again.job("home", "look") == job
    assert not errands.alive(folder)


def test_killed_and_started_again_it_goes_on_with_the_same_store(range_, manage):
    first = manage()
    before = store.access(range_.directory)
    until(lambda: (range_.directory / "store/practice/mirror/home-assistant/.storage/auth").is_file(), what="a sync")
    first.send_signal(signal.SIGKILL)
    first.wait()
    until(lambda: not store.answers(before.port), what="the server's end")
    range_.scale(HA, was=1, to=0)
    manage()
    until(lambda: not [p for p in range_.pods_using(HOME) if p.workload == HA], what="the pod's end")
    after = store.access(range_.directory)
    assert (after.key, after.secret, after.port) == (before.key, before.secret, before.port)


def test_asked_to_end_it_leaves_no_process_behind(range_, manage):
    child = manage()
    port = store.access(range_.directory).port
    child.terminate()
    assert child.wait(20) == 0
    assert not store.answers(port)


def test_only_one_process_makes_it_live(range_):
    with alive(range_), pytest.raises(Taken, match=str(range_.directory)), alive(Range(range_.directory)):
        pass


def test_only_one_process_ticks_at_a_time(range_):
    code = """
        import sys, time
        from pathlib import Path
        from cluster.range.objects import locked
        with locked(Path(sys.argv[1]) / "tick.lock"):
            print("mine", flush=True)
            sys.stdin.read()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(range_.directory)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    other.stdout.readline()
    assert range_.tick() is False
    other.communicate()
    assert range_.tick() is True


def test_when_its_process_is_silent_nothing_is_said_of_pods(range_):
    assert range_.view().blind == {}
    long_ago = time.time() - 60
    os.utime(range_.directory / "beat", (long_ago, long_ago))
    assert "pods" in range_.view().blind
    range_.tick()
    assert range_.view().blind == {}


def test_its_key_can_be_read_by_its_owner_alone(range_):
    secret = store.access(range_.directory).secret
    assert (range_.directory / "store.json").stat().st_mode & 0o777 == 0o600
    assert range_.directory.stat().st_mode & 0o077 == 0
    assert secret not in repr(store.access(range_.directory))
    assert secret not in range_.ground.objects.path.read_text()


def test_a_spec_holds_no_credential(served):
    spec = {
        "run": "7",
        "name": "seven",
        "prefix": "a",
        "store": {"endpoint": served.store.endpoint, "bucket": "practice"},
    }
    served.start_job(JobSpec(HOME, "keep", "archive", spec, lent=store.access(served.directory).environment))
    until(lambda: served.job("home", "keep").state == "done", served.tick)
    for path in (served.directory / "jobs").rglob("*"):
        if path.is_file():
            assert served.store.secret.encode() not in path.read_bytes()
    spec = next((served.directory / "jobs").rglob("spec.json"))
    assert json.loads(spec.read_text())["data"] == str(served.ground.volumes.data(HOME))
