"""The score of the reading contract, by its own script, on the reports beside this project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECK = ROOT / ".." / "shared" / "postmortems" / "check.py"


@pytest.mark.skipif(not CHECK.is_file(), reason="no ../shared/postmortems/check.py: put it there to have it scored")
def test_every_point_of_the_contract_is_met():
    command = [sys.executable, str(CHECK), "--quiet", "--"]
    command += [sys.executable, "manage.py", "postmortem", "read", "{file}", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
    score, of = done.stdout.strip().splitlines()[-1].split(" of ")
    assert score == of
