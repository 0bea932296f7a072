from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backups.agent import speak
from backups.storage import Store
from tests.agent.trees import Refusal, Worker
from tests.stores import KEY, SECRET, through

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


def start(verb: str, *more: str, spec: dict | None = None) -> subprocess.Popen:
    child = subprocess.Popen(
        [sys.executable, "-m", "backups.agent", verb, *more],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if spec is not None:
        child.stdin.write(json.dumps(spec))
        child.stdin.close()
        child.stdin = None
    return child


def lines(child: subprocess.Popen) -> list[dict]:
    out, _ = child.communicate(timeout=120)
    return [json.loads(line) for line in out.splitlines()]


def place(store: Store) -> dict[str, str]:
    return {"endpoint": store.endpoint, "region": store.region, "bucket": store.bucket}


def fill_much(worker: Worker, files: int = 40, size: int = 1 << 20) -> None:
    worker.fill({f"d{n % 5}/f{n}": os.urandom(size) for n in range(files)})


def until(true, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_it_answers_in_lines_of_json_and_ends_with_one_result(anybody):
    anybody.fill({"x": b"1"})
    child = start("inspect", spec={"data": str(anybody.data)})
    told = lines(child)
    assert child.returncode == 0
    assert told[-1]["result"]["files"] == 1
    assert all(set(line) == {"progress"} for line in told[:-1])


def test_the_spec_can_be_a_file(anybody):
    spec = anybody.place / "spec.json"
    spec.write_text(json.dumps({"data": str(anybody.data)}))
    child = start("inspect", "--spec", str(spec))
    assert "result" in lines(child)[-1]


@pytest.mark.parametrize(
    "arguments", [["no-such-verb"], ["inspect", "--spec", "/nowhere"], ["inspect", "--secret", "x"]]
)
def test_an_error_is_one_last_line_and_exit_code_one(arguments):
    child = start(*arguments, spec={})
    told = lines(child)
    assert child.returncode == 1
    assert told[-1]["error"]["code"] == "bad-spec"
    assert told[-1]["error"]["message"]


def test_progress_is_told_at_most_four_times_a_second(monkeypatch):
    now = 0.0
    monkeypatch.setattr(speak.time, "monotonic", lambda: now)
    said: list[str] = []

    class Out:
        write = said.append

        def flush(self) -> None:
            """Nothing is kept back."""

    speaker = speak.Speaker(Out())  # type: ignore[arg-type]
    for _ in range(1000):
        speaker.progress("archive", files=1)
        now += 0.01
    assert 39 <= len(said) <= 41
    assert json.loads(said[0]) == {
        "progress": {"doing": "archive", "bytes": 0, "of_bytes": None, "files": 1, "of_files": None}
    }


def test_an_archive_goes_up_and_comes_down_and_the_manifest_is_last(anybody, store, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    fill_much(anybody, 30)
    written = []
    real = Store.put_bytes
    monkeypatch.setattr(Store, "put_bytes", lambda self, key, data: (written.append(key), real(self, key, data))[1])
    told = anybody.agent("archive", run="r", name="n", prefix="ha/config", store=place(store))
    assert told["archive_key"] == "ha/config/n.tar.zst"
    assert written[-1] == told["manifest_key"] == "ha/config/n.manifest.json"
    assert store.head(told["archive_key"]).size == told["manifest"]["archive"]["bytes"] > 16 << 20
    anybody.agent("restore", run="r", key=told["archive_key"], store=place(store))
    anybody.agent("verify", run="r")
    assert anybody.seen(anybody.data / ".aftermath/r/staging") == anybody.seen()


def test_a_restore_over_a_wire_that_is_cut_goes_on(anybody, store, wire, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    fill_much(anybody, 10)
    anybody.agent("archive", run="r", name="n", store=place(store))
    wire.cut_after, wire.cuts = 3 << 20, 2
    anybody.agent("restore", run="r", key="n.tar.zst", store=place(through(store, wire.port)))
    assert wire.cuts == 0
    anybody.agent("verify", run="r")


def test_asked_to_end_it_ends_at_once_and_leaves_nothing_in_the_store(anybody, s3, store):
    fill_much(anybody, 150)
    child = start("archive", spec={"data": str(anybody.data), "run": "r", "name": "n", "store": place(store)})
    child.stdout.readline()
    time.sleep(0.2)
    child.terminate()
    told = lines(child)
    assert told[-1]["error"]["code"] == "terminated"
    assert child.returncode == 1
    assert not store.exists("n.tar.zst")
    assert not store.exists("n.manifest.json")


def children_of(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def killed_when_unpacking(worker: Worker, spec: dict, files: int) -> None:
    """Start a restore and kill it when the `files`-th directory is there; its tar must go with it."""
    staging = worker.data / ".aftermath/r/staging"
    child = start("restore", spec=spec)
    until(lambda: (staging / f"d{files}").exists())
    helpers = children_of(child.pid)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    until(lambda: not any(alive(pid) for pid in helpers))


def test_killed_while_unpacking_it_is_done_again_and_whole(anybody):
    anybody.fill({f"d{n // 500}/f{n}": os.urandom(20_000) for n in range(4500)})
    before = anybody.seen()
    archive = str(anybody.place / "a.tar.zst")
    anybody.agent("archive", run="a", name="a", file=archive)
    spec = {"data": str(anybody.data), "run": "r", "file": archive, "owners": anybody.kind}
    for files in (0, 3, 6):
        killed_when_unpacking(anybody, spec, files)
        assert anybody.seen() == before
    assert not anybody.agent("restore", run="r", file=archive)["again"]
    anybody.agent("verify", run="r")
    assert anybody.agent("restore", run="r", file=archive)["again"]
    assert anybody.seen(anybody.data / ".aftermath/r/staging") == before


def test_killed_while_archiving_there_is_no_recovery_point_until_it_is_done_again(anybody, s3, store):
    fill_much(anybody, 100)
    spec = {"data": str(anybody.data), "run": "r", "name": "n", "store": place(store), "owners": anybody.kind}
    child = start("archive", spec=spec)
    child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert not store.exists("n.manifest.json")
    told = lines(start("archive", spec=spec))
    assert not told[-1]["result"]["again"]
    assert store.exists("n.manifest.json")
    assert lines(start("archive", spec=spec))[-1]["result"]["again"]


def test_a_full_disk_is_said_and_leaves_no_half_staging(anybody, monkeypatch):
    anybody.fill({"x": b"1" * 5000})
    tar = anybody.place / "gtar"
    tar.write_text(
        '#!/bin/sh\nfor a in "$@"; do [ "$a" = --extract ] && { cat >/dev/null & sleep 0.1; '
        'echo "tar: x: Cannot write: No space left on device" >&2; exit 2; }; done; exec tar "$@"\n'
    )
    tar.chmod(0o755)
    monkeypatch.setattr("backups.agent.gnutar.program", lambda: str(tar))
    archive = str(anybody.place / "a.tar.zst")
    anybody.agent("archive", run="a", name="a", file=archive)
    with pytest.raises(Refusal, match="no-space"):
        anybody.agent("restore", run="r", file=archive)
    assert not (anybody.data / ".aftermath/r/staging").exists()


def test_the_store_refusing_leaves_no_archive_and_says_so(anybody, store, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody-else")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "with-no-right")
    anybody.fill({"x": b"1"})
    with pytest.raises(Refusal, match="forbidden") as caught:
        anybody.agent("archive", run="r", name="n", store=place(store))
    assert "with-no-right" not in str(caught.value)


@pytest.fixture
def small_disk(anybody: Worker):
    """A filesystem of 3 MB where the volume is."""
    disk = anybody.place / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk: run the tests as root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_really_full_is_said_and_what_was_unpacked_is_taken_away(anybody, small_disk, monkeypatch):
    anybody.fill({f"f{n}": os.urandom(100_000) for n in range(50)})
    archive = str(anybody.place / "a.tar.zst")
    anybody.agent("archive", run="a", name="a", file=archive)
    (small_disk / "live").write_bytes(b"as it was")
    with pytest.raises(Refusal, match="no-space"):
        anybody.agent("restore", run="r", file=archive, data=str(small_disk))
    monkeypatch.setattr("backups.agent.restoring.ROOM", 0)
    with pytest.raises(Refusal, match="no-space"):
        anybody.agent("restore", run="r", file=archive, data=str(small_disk))
    assert (small_disk / "live").read_bytes() == b"as it was"
    assert not (small_disk / ".aftermath/r/staging").exists()
    assert os.statvfs(small_disk).f_bavail * 4096 > 2_500_000
