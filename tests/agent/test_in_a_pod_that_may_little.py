"""
The agent as a Job's pod runs it: root with a handful of capabilities, nothing that could be written but the volume and
an empty `/tmp`, no home. And on a disk of its own, with a `lost+found`, that runs full.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.agent.test_talking_to_the_agent import ROOT, place
from tests.agent.trees import OTHERS, Refusal, Worker
from tests.stores import KEY, SECRET

WRITES = "+chown,+dac_override,+fowner,+fsetid"
TOOLS = ("unshare", "setpriv", "mount")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up: run the tests as root")


def confined(worker: Worker, verb: str, *, caps: str = WRITES, **spec: Any) -> dict[str, Any]:
    """The last line of the agent, run in a mount namespace of its own where all but tmpfs is read-only."""
    spec = {"data": str(worker.data), **spec}
    program = shlex.join([sys.executable, "-m", "backups.agent", verb])
    privileges = f"--bounding-set=-all,{caps} --inh-caps=-all --no-new-privs"
    inside = (
        "mount --make-rprivate / && mount -o remount,bind,ro / && mount -t tmpfs none /tmp && cd "
        f"{shlex.quote(str(ROOT))} && exec setpriv {privileges} {program}"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", inside],
        input=json.dumps(spec),
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    if "error" in told:
        raise Refusal(told["error"])
    return told["result"]


@pytest.fixture
def pod(anybody: Worker) -> Worker:
    if not all(shutil.which(tool) for tool in TOOLS):
        pytest.skip(f"needs {', '.join(TOOLS)}")
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("mount namespaces may not be made here: run the tests where they may")
    return anybody


ODD = {
    "plain": {"data": b"1" * 5000, "owner": OTHERS, "mode": 0o640},
    "closed": {"data": b"2", "owner": (70, 70), "mode": 0o400, "xattrs": {"note": b"kept"}},
    "shut/inside": {"data": b"3", "owner": (4242, 4242), "mode": 0o000},
    "shut": {"data": None, "owner": (4242, 4242), "mode": 0o500},
    "setgid": {"data": None, "owner": OTHERS, "mode": 0o2775},
    "setgid/file": {"data": b"4", "owner": OTHERS, "mode": 0o664},
    "program": {"data": b"#!", "owner": OTHERS, "mode": 0o6755},
    "sticky": {"data": None, "owner": (0, 0), "mode": 0o1777},
    "link": "/etc/hosts",
    "hard": {"hard": "plain"},
    "hole": {"hole": 1 << 20, "owner": OTHERS},
}


def test_a_whole_recovery_needs_no_more(pod: Worker):
    pod.fill(ODD)
    before = pod.seen()
    archive = str(pod.place / "a.tar.zst")
    told = confined(pod, "archive", run="a", name="a", file=archive, from_="quiet", sentinels=["plain"])
    assert told["manifest"]["owners"] == "real"
    confined(pod, "inspect", wanted={"uid": 1, "gid": 1})
    confined(pod, "restore", run="r", file=archive)
    confined(pod, "verify", run="r")
    assert pod.seen(pod.data / ".aftermath/r/staging") == before
    confined(pod, "own", run="r", uid=1000, gid=1000, where="staging")
    confined(pod, "unown", run="r")
    assert pod.seen(pod.data / ".aftermath/r/staging") == before
    confined(pod, "swap", run="r")
    confined(pod, "unswap", run="r")
    assert pod.seen() == before
    confined(pod, "swap", run="r")
    confined(pod, "purge", run="r", confirm="r")
    assert pod.seen() == before


def test_the_store_is_spoken_to_without_a_home_or_a_cache(pod: Worker, s3, store):
    pod.fill({**ODD, "long": os.urandom(20 << 20)})
    before = pod.seen()
    told = confined(pod, "archive", run="a", name="a", prefix="p", store=place(store), from_="quiet")
    confined(pod, "restore", run="r", key=told["archive_key"], store=place(store))
    assert pod.seen(pod.data / ".aftermath/r/staging") == before


def test_a_database_that_is_open_is_copied_into_the_empty_place_for_that(pod: Worker):
    with sqlite3.connect(pod.data / "open.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (1)")
        database.commit()
        told = confined(pod, "archive", run="a", name="a", file=str(pod.place / "a.tar.zst"))
    assert [each["how"] for each in told["manifest"]["sqlite"]] == ["backup"]
    confined(pod, "restore", run="r", file=str(pod.place / "a.tar.zst"))
    assert confined(pod, "verify", run="r")["sqlite"] == [{"path": "open.db", "ok": True}]


def test_without_the_right_to_give_files_away_that_is_said_and_nothing_is_left(pod: Worker):
    pod.fill(ODD)
    archive = str(pod.place / "a.tar.zst")
    confined(pod, "archive", run="a", name="a", file=archive)
    with pytest.raises(Refusal) as caught:
        confined(pod, "restore", run="r", file=archive, caps="+dac_override")
    assert caught.value.code in {"tar-failed", "forbidden"}
    assert not (pod.data / ".aftermath/r/staging").exists()


# --- A disk that runs full


@pytest.fixture
def disk(anybody: Worker):
    """A small ext4 of its own, with its `lost+found`."""
    image, mounted = anybody.place / "image", anybody.place / "mnt"
    with image.open("wb") as file:
        file.truncate(24 << 20)
    mounted.mkdir()
    made = (
        shutil.which("mkfs.ext4")
        and not subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], capture_output=True, check=False).returncode
    )
    if not made or subprocess.run(["mount", "-o", "loop", str(image), str(mounted)], check=False).returncode:
        pytest.skip("a disk in a file cannot be mounted here: run the tests where it can")
    anybody.fill({"live": b"as it was", "more/live": b"2" * 100_000}, mounted)
    yield mounted
    subprocess.run(["umount", str(mounted)], check=True)


def too_much(worker: Worker, source: Path) -> str:
    worker.fill({f"d{n % 7}/f{n}": os.urandom(300_000) for n in range(100)}, source)
    archive = str(worker.place / "a.tar.zst")
    worker.agent("archive", run="a", name="a", file=archive, data=str(source))
    return archive


def test_a_full_disk_leaves_the_live_files_as_they_were_and_can_be_tidied(anybody, disk, monkeypatch):
    before = anybody.seen(disk)
    archive = too_much(anybody, anybody.data)
    with pytest.raises(Refusal, match="no-space") as caught:
        anybody.agent("restore", run="r", file=archive, data=str(disk))
    assert caught.value.params["needed"] > caught.value.params["free"]
    monkeypatch.setattr("backups.agent.restoring.ROOM", 0)  # others fill the disk meanwhile
    with pytest.raises(Refusal, match="no-space"):
        anybody.agent("restore", run="r", file=archive, data=str(disk))
    assert anybody.seen(disk) == before
    assert not (disk / ".aftermath/r/staging").exists()
    anybody.agent("discard", run="r", data=str(disk))
    assert anybody.seen(disk) == before
    assert (disk / "lost+found").is_dir()


def fill_up(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1024):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass


def test_what_a_killed_agent_left_on_a_full_disk_can_be_discarded(anybody, disk):
    """Hardly a byte is free: what is taken away needs none."""
    before = anybody.seen(disk)
    anybody.fill({".aftermath/r/staging/half": b"1"}, disk)
    fill_up(disk / ".aftermath/r/staging/rest")
    seen = os.statvfs(disk)
    assert seen.f_bavail * seen.f_frsize < 64 << 10
    assert anybody.agent("discard", run="r", data=str(disk))["removed"]
    assert anybody.seen(disk) == before
    seen = os.statvfs(disk)
    assert seen.f_bavail * seen.f_frsize > 10 << 20


def test_what_fits_is_swapped_in_and_the_place_for_lost_files_stays(anybody, disk):
    anybody.fill({"restored": b"3" * 1000, "lost+found/never": b"4"})
    archive = str(anybody.place / "a.tar.zst")
    anybody.agent("archive", run="a", name="a", file=archive)
    inode = (disk / "lost+found").stat().st_ino
    anybody.agent("restore", run="r", file=archive, data=str(disk))
    anybody.agent("verify", run="r", data=str(disk))
    anybody.agent("swap", run="r", data=str(disk))
    assert sorted(os.listdir(disk)) == [".aftermath", "lost+found", "restored"]
    assert (disk / "lost+found").stat().st_ino == inode
    assert not (disk / "lost+found/never").exists()
    anybody.agent("unswap", run="r", data=str(disk))
    assert (disk / "live").read_bytes() == b"as it was"
