"""What ends by itself is started again, and somebody is told why."""

from __future__ import annotations

import sys
import time

import pytest

from config import supervisor as rules
from config.programs import Program
from config.supervisor import Supervisor
from tests.project.processes import until


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(tmp_path, said):
    supervisor = Supervisor(tmp_path, said.append, patience=2)
    yield supervisor
    supervisor.end()


def program(name, code, **more):
    return Program(name, (sys.executable, "-c", code), **more)


def test_a_program_that_fails_is_started_again_with_its_last_words_said(supervisor, said, tmp_path):
    child = supervisor.start(program("web", "print('no such file: wsgi'); raise SystemExit(3)"))
    until(lambda: supervisor.look() or child.failures == 2)
    assert said[0].startswith("web ended (status 3) and is started again in 0.5 s.")
    assert "no such file: wsgi" in said[0]
    assert str(tmp_path / "web.log") in said[0]
    assert "again in 1 s" in said[1]
    assert said[1].count("no such file") == 1, "what the one before said was said already"


def test_each_pause_is_twice_the_one_before_up_to_half_a_minute(supervisor, said):
    child = supervisor.start(program("beat", "raise SystemExit(1)"))
    for _ in range(9):
        child.process.wait()
        supervisor.look()
        child.again_at = 0  # let the pause be over
        supervisor.look()
    pauses = [float(line.split("again in ")[1].split(" s")[0]) for line in said]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_who_had_run_well_starts_again_without_a_long_pause(supervisor, said):
    child = supervisor.start(program("worker", "raise SystemExit(1)"))
    child.failures = 7
    child.started = time.monotonic() - rules.STARTED_WELL - 1
    child.process.wait()
    supervisor.look()
    assert child.failures == 1
    assert "again in 0.5 s" in said[0]


def test_work_that_is_done_once_is_not_done_again(supervisor, said):
    child = supervisor.start(program("prepare", "print('seeded')", once=True))
    until(lambda: supervisor.look() or child.done)
    assert child.process is None
    supervisor.look()
    assert child.process is None
    assert said == []


def test_work_that_is_done_once_is_tried_again_when_it_failed(supervisor):
    child = supervisor.start(program("prepare", "raise SystemExit(1)", once=True))
    until(lambda: supervisor.look() or child.failures == 2)
    assert not child.done


def test_a_program_killed_from_outside_says_by_which_signal(supervisor, said):
    child = supervisor.start(program("worker", "import time; time.sleep(99)"))
    child.process.kill()
    child.process.wait()
    supervisor.look()
    assert "worker ended (killed by signal 9)" in said[0]


def test_a_log_that_grew_too_long_is_put_aside_while_it_is_written(supervisor, tmp_path, monkeypatch):
    monkeypatch.setattr(rules, "LARGEST_LOG", 10_000)
    code = "import sys, time\nsys.stdout.write('x' * 20_000 + '\\n'); sys.stdout.flush()\ntime.sleep(99)"
    child = supervisor.start(program("web", code))
    log = tmp_path / "web.log"
    until(lambda: log.stat().st_size > 20_000)
    supervisor.look()
    assert log.stat().st_size == 0
    assert (tmp_path / "web.log.1").stat().st_size == 20_001
    assert child.process.poll() is None
