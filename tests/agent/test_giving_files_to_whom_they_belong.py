from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from backups.agent import owners
from backups.agent.__main__ import answer
from backups.agent.speak import Speaker
from tests.agent.trees import Refusal, Worker

MINE = {"uid": 1000, "gid": 1000}
FILES = {
    "right": {"data": b"1", "owner": (1000, 1000)},
    "wrong": {"data": b"2", "owner": (0, 0), "mode": 0o640},
    "half": {"data": b"3", "owner": (1000, 0)},
    "deep/er/wrong": {"data": b"4", "owner": (33, 33), "mtime": 10**18},
    "readonly": {"data": b"5", "owner": (7, 7), "mode": 0o444},
    "script": {"data": b"6", "owner": (7, 7), "mode": 0o511},
    "setuid": {"data": b"7", "owner": (7, 7), "mode": 0o6755},
    "folder": {"data": None, "owner": (7, 7), "mode": 0o2550},
    "link": "wrong",
    "new\nline": {"data": b"8", "owner": (7, 7)},
    "bad\udcff": {"data": b"9", "owner": (7, 7)},
    "lost+found/#1": {"data": b"x", "owner": (9, 9)},
}


def belongs(worker: Worker) -> set[tuple[int, int]]:
    return {each[2] for path, each in worker.seen().items() if path != "." and each[2] is not None}


def test_a_dry_run_counts_what_would_change_and_changes_nothing(worker):
    worker.fill(FILES)
    before = worker.seen()
    told = worker.agent("inspect", wanted=MINE, run="r")["differing"]
    links = 1 if worker.kind == "real" else 0  # beside: a link belongs to whoever should own it
    assert told["count"] == 12 + links
    assert {"path": "wrong", "uid": 0, "gid": 0, "mode": 0o640} in told["first"]
    assert told["list"] is None
    assert worker.seen() == before


def test_a_dry_run_can_keep_the_whole_list_and_show_a_hundred(worker):
    worker.fill({f"f{n}": {"data": b"", "owner": (5, 5)} for n in range(150)})
    told = worker.agent("inspect", wanted={**MINE, "keep_list": True}, run="r")["differing"]
    assert len(told["first"]) == 100
    lines = [json.loads(line) for line in Path(told["list"]).read_bytes().splitlines()]
    assert len(lines) == told["count"] == 151


def test_everything_is_given_and_can_be_used_by_its_owner_and_nothing_else_changes(worker):
    worker.fill(FILES)
    before = worker.seen()
    worker.agent("own", run="r", **MINE)
    after = worker.seen()
    assert belongs(worker) == {(1000, 1000)}
    for path, was in before.items():
        if path != ".":
            assert was[3:] == after[path][3:], path  # time, contents, attributes
    assert [after[name][1] for name in ("wrong", "readonly", "script", "folder")] == [0o640, 0o644, 0o711, 0o2750]
    assert after["right"] == before["right"]
    lost = worker.data / "lost+found/#1"
    assert worker.do(worker.owners.get, str(lost)) == (9, 9)


def test_what_was_given_is_taken_back_exactly(worker):
    worker.fill(FILES)
    before = worker.seen()
    told = worker.agent("own", run="r", **MINE)
    assert told["cleared"] == 1
    assert stat.S_IMODE((worker.data / "setuid").stat().st_mode) == 0o755
    back = worker.agent("unown", run="r")
    assert back == {"changed": told["changed"], "missing": 0}
    assert worker.seen() == before


def test_given_twice_it_is_given_once_and_taken_back_as_it_was_before_the_first(worker):
    worker.fill(FILES)
    before = worker.seen()
    worker.agent("own", run="r", uid=2000, gid=2000)
    worker.agent("own", run="r", **MINE)
    assert worker.agent("own", run="r", **MINE)["changed"] == 0
    assert belongs(worker) == {(1000, 1000)}
    worker.agent("unown", run="r")
    assert worker.seen() == before
    worker.agent("unown", run="r")
    assert worker.seen() == before


def test_a_link_is_given_and_what_it_points_to_is_not(worker):
    worker.do(os.mkdir, worker.place / "elsewhere")
    worker.fill({"precious": {"data": b"x", "owner": (5, 5), "mode": 0o400}}, worker.place / "elsewhere")
    worker.fill({"link": str(worker.place / "elsewhere/precious"), "dir": str(worker.place / "elsewhere")})
    before = worker.seen(worker.place / "elsewhere")
    worker.agent("own", run="r", **MINE)
    assert worker.seen(worker.place / "elsewhere") == before
    if worker.kind == "real":
        assert os.lstat(worker.data / "link").st_uid == 1000


def test_modes_can_be_left_as_they_are(worker):
    worker.fill(FILES)
    worker.agent("own", run="r", modes=False, **MINE)
    assert stat.S_IMODE((worker.data / "readonly").stat().st_mode) == 0o444
    assert belongs(worker) == {(1000, 1000)}


def test_only_what_was_listed_and_approved_is_given(worker):
    worker.fill(FILES)
    worker.agent("inspect", wanted={**MINE, "keep_list": True}, run="r")
    worker.fill({"made-later": {"data": b"", "owner": (0, 0)}})
    worker.agent("own", run="r", only_listed=True, **MINE)
    assert worker.do(worker.owners.get, str(worker.data / "made-later")) == (0, 0)
    assert worker.do(worker.owners.get, str(worker.data / "wrong")) == (1000, 1000)
    with pytest.raises(Refusal, match="no-undo"):
        worker.agent("own", run="never-looked", only_listed=True, **MINE)


def test_what_nobody_gave_cannot_be_taken_back(worker):
    with pytest.raises(Refusal, match="no-undo"):
        worker.agent("unown", run="r")


def test_something_else_that_took_a_files_place_is_left_alone(worker):
    worker.fill(FILES)
    worker.agent("own", run="r", **MINE)
    worker.do(os.unlink, worker.data / "wrong")
    worker.do(os.mkdir, worker.data / "wrong")
    worker.do(os.unlink, worker.data / "half")
    assert worker.agent("unown", run="r")["missing"] == 2
    assert worker.do(worker.owners.get, str(worker.data / "deep/er/wrong")) == (33, 33)


def test_closed_directories_are_opened_level_by_level(worker):
    worker.fill({"a/b": {"data": None, "mode": 0, "owner": (0, 0)}, "a/b/c": {"data": b"x", "owner": (0, 0)}})
    worker.do(os.chmod, worker.data / "a", 0)
    worker.agent("own", run="r", **MINE)
    assert worker.seen()["a/b/c"][2] == (1000, 1000)
    worker.agent("unown", run="r")
    assert stat.S_IMODE((worker.data / "a").stat().st_mode) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away: run the tests as root")
def test_capabilities_are_lost_by_giving_and_come_back():
    worker = Worker("real")
    try:
        worker.fill({"ping": {"data": b"x", "mode": 0o755}})
        value = bytes.fromhex("0100000200200000000000000000000000000000")
        os.setxattr(worker.data / "ping", "security.capability", value)
        assert worker.agent("own", run="r", **MINE)["cleared"] == 1
        assert "security.capability" not in os.listxattr(worker.data / "ping")
        worker.agent("unown", run="r")
        assert os.getxattr(worker.data / "ping", "security.capability") == value
    finally:
        worker.close()


@pytest.mark.parametrize("wanted", [{"uid": -1, "gid": 0}, {"uid": 0, "gid": 2**32 - 1}, {"uid": "root", "gid": 0}])
def test_an_owner_that_cannot_be_is_refused(anybody, wanted):
    with pytest.raises(Refusal, match="bad-spec"):
        anybody.agent("own", run="r", **wanted)


@pytest.mark.parametrize("at", range(1, 26, 3))
def test_killed_while_giving_it_can_be_finished_or_taken_back(at):
    worker = Worker("real" if os.geteuid() == 0 else "beside")
    try:
        worker.fill(FILES)
        before = worker.seen()
        for _ in range(2):
            kill_at(worker, at)
        worker.agent("own", run="r", **MINE)
        assert belongs(worker) == {(1000, 1000)}
        worker.agent("unown", run="r")
        assert worker.seen() == before
    finally:
        worker.close()


def kill_at(worker: Worker, at: int) -> None:
    """`own`, killed at the `at`-th change of an owner, a mode, or of the list of them."""
    child = os.fork()
    if not child:
        count = 0
        for name in ("chown", "setxattr", "chmod", "replace", "fsync"):
            real = getattr(os, name)

            def step(*args, real=real, **kwargs):
                nonlocal count
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **kwargs)

            setattr(os, name, step)
        spec = {"data": str(worker.data), "owners": worker.kind, "run": "r", **MINE}
        answer("own", json.dumps(spec).encode(), Speaker(open(os.devnull, "w")))  # noqa: SIM115
        os._exit(0)
    os.waitpid(child, 0)


def test_owners_kept_beside_are_the_kernels_until_somebody_sets_them(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    keeper = owners.Beside()
    assert keeper.get(str(file)) == (file.stat().st_uid, file.stat().st_gid)
    keeper.set(str(file), 33, 44)
    assert keeper.get(str(file)) == (33, 44)
    os.setxattr(file, owners.ATTRIBUTE, b"nonsense")
    assert keeper.get(str(file)) == (file.stat().st_uid, file.stat().st_gid)


def test_owners_are_chosen_by_who_runs():
    assert owners.choose("auto").kind == ("real" if os.geteuid() == 0 else "beside")
