from __future__ import annotations

import os
import sqlite3
import struct

import pytest

from tests.agent.trees import Refusal, Worker

FILES = {
    ".storage/auth": b'{"users": 1}',
    "settings.json": b"{}",
    "a/one": b"1",
    "a/two": b"2",
}


def restored(worker: Worker, files: dict, **spec: object):
    worker.fill(files)
    archive = str(worker.place / "a.tar.zst")
    worker.agent("archive", run="r", name="n", file=archive, sentinels=[".storage/auth"], **spec)
    worker.agent("restore", run="r", file=archive)
    return worker.data / ".aftermath/r/staging"


def problems(worker: Worker, **spec: object) -> set[tuple[str, str]]:
    with pytest.raises(Refusal) as caught:
        worker.agent("verify", run="r", **spec)
    assert caught.value.code == "not-verified"
    return {(each["code"], each["path"]) for each in caught.value.params["problems"]}


def test_a_whole_restore_is_verified_and_says_what_was_checked(worker):
    restored(worker, FILES)
    told = worker.agent("verify", run="r", sentinels=["settings.json"], json=[".storage/auth"])
    assert (told["files"], told["bytes"]) == (4, 16)
    assert told["json"] == ["settings.json", ".storage/auth"]
    assert told["checked"] == ["databases", "counts", "folders", "sentinels"]


def test_all_that_is_wrong_is_told_at_once(anybody):
    staging = restored(anybody, FILES)
    (staging / ".storage/auth").write_bytes(b'{"users": 0}')
    (staging / "a/two").unlink()
    (staging / "settings.json").write_bytes(b"{")
    told = problems(anybody, sentinels=["never/was"], json=["settings.json"])
    assert told >= {
        ("sentinel-differs", ".storage/auth"),
        ("sentinel-missing", "never/was"),
        ("count-files", ""),
        ("folder", "a"),
        ("json-broken", "settings.json"),
    }


def test_a_sentinel_that_was_lost_is_missed(anybody):
    staging = restored(anybody, FILES)
    (staging / ".storage/auth").unlink()
    assert ("sentinel-missing", ".storage/auth") in problems(anybody)


def test_a_link_in_place_of_a_sentinel_is_no_sentinel(anybody):
    staging = restored(anybody, FILES)
    (staging / ".storage/auth").unlink()
    os.symlink("/etc/passwd", staging / ".storage/auth")
    assert ("sentinel-missing", ".storage/auth") in problems(anybody)


def make_database(path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE t(x)")
    database.executemany("INSERT INTO t VALUES (?)", [("x" * 500,) for _ in range(200)])
    database.commit()
    database.close()


def test_a_database_that_is_broken_inside_is_found(anybody):
    anybody.do(make_database, anybody.data / "home.db")
    staging = restored(anybody, FILES)
    assert anybody.agent("verify", run="r")["sqlite"] == [{"path": "home.db", "ok": True}]
    with open(staging / "home.db", "r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 4096)
    assert problems(anybody) == {("database-broken", "home.db")}


def test_a_database_is_checked_without_being_touched(anybody):
    path = anybody.data / "home.db"
    anybody.do(make_database, path)
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("INSERT INTO t VALUES ('in the log')")
    database.commit()
    anybody.fill(FILES)
    snapshot = anybody.place / "snapshot"
    os.system(f"cp -a {anybody.data} {snapshot}; rm {snapshot}/home.db-shm")
    database.close()
    os.system(f"chown -R {os.stat(anybody.data).st_uid} {snapshot}")
    anybody.agent("restore", run="r", source=str(snapshot))
    staging = anybody.data / ".aftermath/r/staging"
    before = anybody.seen(staging)
    assert anybody.agent("verify", run="r")["sqlite"] == [{"path": "home.db", "ok": True}]
    assert anybody.seen(staging) == before
    assert "home.db-wal" in before
    assert not (anybody.data / ".aftermath/r/scratch").exists()


def test_a_log_without_its_database_is_corruption(anybody):
    wal = struct.pack(">4I", 0x377F0682, 3007000, 4096, 0) + bytes(100)
    restored(anybody, {**FILES, "home.db-wal": wal, "innocent-wal": b"a brick"})
    assert problems(anybody) == {("wal-alone", "home.db-wal")}


def test_live_files_can_be_verified_against_a_manifest(anybody):
    anybody.fill(FILES)
    manifest = anybody.agent("archive", run="r", name="n", file=str(anybody.place / "a.tar.zst"))["manifest"]
    anybody.agent("verify", where="live", manifest=manifest)
    anybody.fill({"more": b"x"})
    with pytest.raises(Refusal, match="not-verified"):
        anybody.agent("verify", where="live", manifest=manifest)


def test_what_was_never_restored_cannot_be_verified(anybody):
    with pytest.raises(Refusal, match="not-restored"):
        anybody.agent("verify", run="r")
