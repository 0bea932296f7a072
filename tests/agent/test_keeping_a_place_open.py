from __future__ import annotations

import json
import time

import pytest

from tests.agent.test_talking_to_the_agent import lines, start
from tests.agent.trees import Refusal, Worker


def test_it_ends_by_itself_and_says_how_long_is_left(anybody: Worker):
    told = lines(start("hold", spec={"data": str(anybody.data), "run": "r", "seconds": 1}))
    assert told[0] == {"progress": {"doing": "hold", "seconds_left": 1}}
    assert told[-1] == {"result": {"seconds": 1, "early": False}}


def test_asked_to_end_it_ends_at_once_and_well(anybody: Worker):
    child = start("hold", spec={"data": str(anybody.data), "run": "r", "seconds": 600})
    assert json.loads(child.stdout.readline())["progress"]["seconds_left"] == 600
    begun = time.monotonic()
    child.terminate()
    told = lines(child)
    assert time.monotonic() - begun < 2
    assert told[-1]["result"]["early"] is True
    assert child.returncode == 0


def test_others_may_work_on_the_files_meanwhile(anybody: Worker):
    anybody.fill({"x": b"1"})
    child = start("hold", spec={"data": str(anybody.data), "run": "r", "seconds": 600})
    child.stdout.readline()
    anybody.agent("own", run="o", uid=1, gid=1)
    child.terminate()
    assert lines(child)[-1]["result"]["early"] is True
    assert not (anybody.data / ".aftermath/r").exists()


@pytest.mark.parametrize("seconds", [0, 86_401, "long"])
def test_it_is_for_a_set_time(anybody: Worker, seconds):
    with pytest.raises(Refusal, match="bad-spec"):
        anybody.agent("hold", run="r", seconds=seconds)
