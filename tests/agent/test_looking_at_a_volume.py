from __future__ import annotations

import os
import stat
import tracemalloc

import pytest

from backups.agent import ground
from backups.agent.counting import Tally
from tests.agent.trees import Refusal

FILES = {
    ".storage/auth": {"data": b"{}", "owner": (1000, 1000), "mtime": 1_500_000_000 * 10**9},
    ".storage/core": {"data": b"123", "owner": (1000, 1000)},
    "top": {"data": b"4567", "owner": (33, 33)},
    "again": {"hard": "top"},
    "empty": {"data": None, "owner": (0, 0)},
    "link": "/nowhere",
}


def test_it_counts_and_names_what_is_there(worker):
    worker.fill(FILES)
    told = worker.agent("inspect", sentinels=[".storage/auth", "missing", "link", "empty"])
    assert (told["files"], told["directories"], told["bytes"]) == (5, 2, 9)
    assert told["top"] == {".": {"files": 3, "bytes": 4}, ".storage": {"files": 2, "bytes": 5}}
    assert told["oldest"].startswith("2017-07-14T02:40:00")
    assert {"uid": 1000, "gid": 1000, "files": 2} in told["owners"]
    assert [each["exists"] for each in told["sentinels"]] == [True, False, False, False]
    assert told["sentinels"][0]["bytes"] == 2
    assert told["free_bytes"] > 0
    assert told["used_inodes"] >= 0


def test_the_filesystem_has_a_name_that_another_one_has_not(anybody):
    told = anybody.agent("inspect")
    assert told["filesystem_id"] == f"{os.statvfs(anybody.data).f_fsid & (2**64 - 1):016x}"
    anybody.agent("inspect", expect={"filesystem_id": told["filesystem_id"]})
    with pytest.raises(Refusal) as caught:
        anybody.agent("inspect", expect={"filesystem_id": "0" * 16})
    assert caught.value.code == "other-filesystem"
    assert caught.value.params["found"] == told["filesystem_id"]


def test_an_empty_volume_is_zero_and_no_error(anybody):
    told = anybody.agent("inspect", sentinels=["x"])
    assert (told["files"], told["bytes"], told["newest"], told["top"]) == (0, 0, None, {})


def test_a_snapshot_is_looked_at_instead_when_it_is_named(anybody):
    snapshot = anybody.place / "snapshot"
    anybody.do(os.mkdir, snapshot)
    anybody.fill({"one": b"1"}, snapshot)
    assert anybody.agent("inspect", source=str(snapshot))["files"] == 1


def test_looking_leaves_no_trace(anybody):
    anybody.fill(FILES)
    anybody.agent("inspect", wanted={"uid": 1, "gid": 1}, run="r")
    assert not (anybody.data / ".aftermath").exists()


def test_what_runs_left_is_told_and_not_counted(anybody):
    anybody.fill({"x": b""})
    anybody.agent("restore", run="one", source=str(anybody.data))
    anybody.agent("restore", run="two", source=str(anybody.data))
    anybody.agent("swap", run="two")
    told = anybody.agent("inspect")
    assert told["files"] == 1
    assert told["runs"] == [
        {"run": "one", "state": "none", "staging": True, "previous": False},
        {"run": "two", "state": "swapped", "staging": True, "previous": True},
    ]


def test_what_a_purge_would_remove_is_counted(anybody):
    anybody.fill({"a": b"123", "b/c": b"4", "link": "/nowhere", "new": b"after"})
    snapshot = anybody.place / "snapshot"
    anybody.do(os.mkdir, snapshot)
    anybody.fill({"one": b"1"}, snapshot)
    anybody.agent("restore", run="one", source=str(snapshot))
    anybody.agent("swap", run="one")
    anybody.do((anybody.data / "since").write_bytes, b"not counted")
    told = anybody.agent("inspect", aside="one")
    assert told["aside"] == {"files": 4, "directories": 1, "bytes": 9}
    assert told["files"] == 2
    anybody.agent("purge", run="one", confirm="one")
    assert anybody.agent("inspect", aside="one")["aside"] is None
    assert anybody.agent("inspect", aside="never")["aside"] is None
    assert anybody.agent("inspect")["aside"] is None


def test_sockets_and_pipes_are_counted_apart(anybody):
    anybody.do(os.mkfifo, anybody.data / "pipe")
    told = anybody.agent("inspect")
    assert (told["files"], told["special"]) == (1, 1)


def test_a_directory_that_is_not_there_is_named(anybody):
    with pytest.raises(Refusal, match="no-data"):
        anybody.agent("inspect", data=str(anybody.place / "nowhere"))


def test_two_agents_do_not_work_on_the_same_files(anybody):
    anybody.fill({"x": b""})
    anybody.agent("restore", run="r", source=str(anybody.data))
    lock = os.open(anybody.data / ".aftermath/lock", os.O_RDWR)
    ground.fcntl.flock(lock, ground.fcntl.LOCK_EX)
    with pytest.raises(Refusal, match="busy"):
        anybody.agent("swap", run="r")
    anybody.agent("inspect")
    os.close(lock)
    anybody.agent("swap", run="r")


def test_a_link_in_place_of_our_own_directory_is_not_followed(anybody):
    anybody.do(os.mkdir, anybody.place / "trap")
    anybody.do(os.symlink, anybody.place / "trap", anybody.data / ".aftermath")
    with pytest.raises(Refusal, match="not-ours"):
        anybody.agent("own", run="r", uid=1, gid=1)
    assert os.listdir(anybody.place / "trap") == []


@pytest.mark.parametrize(
    "spec",
    [
        {"run": "../up"},
        {"run": ".hidden"},
        {"run": ""},
        {"run": "r\n"},
        {"data": "relative"},
        {"owners": "nobody"},
        {"unknown": 1},
        {"sentinels": ["../x"]},
        {"sentinels": ["/etc/passwd"]},
        {"sentinels": ["a/./b"]},
        {"sentinels": "x"},
    ],
)
def test_a_spec_that_cannot_be_is_refused_and_says_where(anybody, spec):
    with pytest.raises(Refusal) as caught:
        anybody.agent("inspect", **spec)
    assert caught.value.code == "bad-spec"
    assert next(iter(spec)) in str(caught.value)


def test_millions_of_files_with_several_names_are_counted_in_the_memory_of_a_job():
    """As copies of each day that share what has not changed."""
    many = 20_000
    seen = [os.stat_result((stat.S_IFREG | 0o644, 10**9 + n, 10**6, 2, 0, 0, 5, 0, 0, 0)) for n in range(many)]
    tracemalloc.start()
    tally = Tally()
    for day in ("daily.0", "daily.1"):
        for n in range(many):
            tally.entry(f"{day}/{n}", seen[n], (0, 0))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tally.files, tally.bytes) == (2 * many, 5 * many)
    assert used / many < 250
