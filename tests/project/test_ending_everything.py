"""Whatever becomes of the process that started the others, none of them stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.processes import children, living, mark, until

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

# Two programs: one with a child of its own, and one that does not listen to SIGTERM. The last is ended after them.
SCRIPT = """
import signal, sys
from pathlib import Path
from config.programs import Program
from config.supervisor import Supervisor

logs = sys.argv[1]
supervisor = Supervisor(Path(logs), print, patience=0.5)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda *_: supervisor.stopping.set())

def start(name, line, last=False):
    supervisor.start(Program(name, ("sh", "-c", f"cd {logs}; {line}"), last=last))

try:
    start("last", "trap 'ls > seen; exit' TERM; sleep 99 & wait", last=True)
    start("parent", "sleep 98 & sleep 97")
    start("stubborn", "trap '' TERM; touch deaf; sleep 96; sleep 95")
    start("polite", "trap 'touch polite-is-over; exit' TERM; sleep 94 & wait")
    supervisor.watch(0.02)
finally:
    supervisor.end()
"""


@pytest.fixture
def marked():
    with mark() as marked:
        yield marked


@pytest.fixture
def supervisor(marked, tmp_path):
    started = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=ROOT, env=os.environ | marked, start_new_session=True
    )
    # The supervisor, its undertaker, four shells and what each of them started.
    until(lambda: len(living(marked)) == 11 and (tmp_path / "deaf").exists())
    yield started
    started.kill()
    started.wait()


def pid_of_undertaker(marked, supervisor):
    return next(pid for pid, line in children(marked, supervisor.pid).items() if "supervisor.watch" in line)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_polite_signal_ends_everything(marked, supervisor, number, tmp_path):
    supervisor.send_signal(number)
    assert supervisor.wait(10) == 0
    assert living(marked) == {}
    assert "polite-is-over" in (tmp_path / "seen").read_text(), "what others talk to was ended before them"


def test_a_kill_leaves_nothing_behind(marked, supervisor):
    supervisor.kill()
    until(lambda: not living(marked))


def test_a_kill_of_the_undertaker_too_ends_each_program(marked, supervisor):
    undertaker = pid_of_undertaker(marked, supervisor)
    programs = {pid for pid, line in children(marked, supervisor.pid).items() if "trap ''" not in line} - {undertaker}
    assert len(programs) == 3
    os.kill(undertaker, signal.SIGKILL)
    supervisor.kill()
    until(lambda: not programs & living(marked).keys())


def test_a_killed_undertaker_does_not_disturb_the_others(marked, supervisor):
    os.kill(pid_of_undertaker(marked, supervisor), signal.SIGKILL)
    supervisor.terminate()
    assert supervisor.wait(10) == 0
    assert living(marked) == {}
