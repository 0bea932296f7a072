from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.agent.trees import OTHERS, Refusal, Worker

HOME = {
    ".storage/auth": b'{"users": []}',
    ".storage/core.config": b"{}",
    "configuration.yaml": {"data": b"default_config:\n", "mode": 0o640, "owner": (0, 24)},
    "www/empty": None,
    "www/picture": {"data": b"\x89PNG", "mtime": 1_600_000_000_123_456_789, "owner": OTHERS},
    "www/again": {"hard": "www/picture"},
    "current": "www/picture",
    "clock": "/etc/localtime",
    "dangling": "www/nowhere",
    "new\nline": b"a name with a newline",
    "caf\u00e9/\u65e5\u672c": b"names of many scripts",
    "bad\udcff\udcfe": b"a name that is no UTF-8",
    "-rf": b"a name that looks like an option",
    "*": b"a name that looks like a pattern",
    "disk.img": {"data": b"begin", "hole": 5_000_000},
    "tagged": {"data": b"x", "xattrs": {"kind": b"\0\xff\n=1"}},
    "tool": {"data": b"#!", "mode": 0o4755, "owner": OTHERS},
    "shared": {"data": None, "mode": 0o2775, "owner": OTHERS, "xattrs": {"team": b"us"}},
    "readonly": {"data": b"x", "mode": 0o444, "owner": OTHERS},
    "closed": {"data": None, "mode": 0o555, "owner": OTHERS},
}


def copy_and_bring_back(worker: Worker, **spec: object) -> dict[str, object]:
    archive = str(worker.place / "copy.tar.zst")
    worker.agent("archive", run="r", name="copy", file=archive, **spec)
    worker.agent("restore", run="r", file=archive)
    worker.agent("verify", run="r")
    return worker.seen(worker.data / ".aftermath/r/staging")


def test_every_kind_of_file_comes_back_as_it_was(worker):
    worker.fill(HOME)
    assert copy_and_bring_back(worker) == worker.seen()


def test_a_snapshot_directory_is_as_good_as_an_archive(worker):
    worker.fill(HOME)
    snapshot = worker.place / "snapshot"
    worker.do(os.mkdir, snapshot)
    worker.fill(HOME, snapshot)
    worker.agent("restore", run="r", source=str(snapshot))
    worker.agent("verify", run="r")
    assert worker.seen(worker.data / ".aftermath/r/staging") == worker.seen(snapshot)


NAMES = st.one_of(
    st.sampled_from(["a", "b", "c", "-x", "\n", "...", " ", "\udc80", "\u00e9", "x" * 200]),
    st.binary(min_size=1, max_size=12)
    .map(lambda raw: os.fsdecode(raw.replace(b"/", b"_").replace(b"\0", b"0")))
    .filter(lambda name: name not in (".", "..")),
)
OWNER = st.sampled_from([(0, 0), (1000, 1000), (65_534, 7), (4_000_000_000, 3)])
TIME = st.integers(0, 2**33).map(lambda seconds: seconds * 10**9 + 123_456_789)
FILE = st.fixed_dictionaries(
    {
        "data": st.binary(max_size=2_000),
        "mode": st.sampled_from([0o600, 0o644, 0o755, 0o4755, 0o2711, 0o400, 0o1644]),
        "owner": OWNER,
        "mtime": TIME,
        "xattrs": st.dictionaries(st.sampled_from(["a", "b.c"]), st.binary(max_size=20), max_size=2),
    }
)
FOLDER = st.fixed_dictionaries(
    {"data": st.none(), "mode": st.sampled_from([0o700, 0o755, 0o1777, 0o2750, 0o500]), "owner": OWNER, "mtime": TIME}
)
HOLE = st.fixed_dictionaries({"data": st.binary(max_size=10), "hole": st.integers(10, 3_000_000), "owner": OWNER})
LINK = st.sampled_from(["a", "b/c", "/etc/passwd", "/", "nowhere/at/all", "./a"])


@st.composite
def trees(draw: st.DrawFn) -> dict[str, object]:
    files: dict[str, object] = {}
    folders = [""]
    for _ in range(draw(st.integers(1, 12))):
        path = os.path.join(draw(st.sampled_from(folders)), draw(NAMES))
        if path in files or len(os.fsencode(path)) > 900:
            continue
        files[path] = draw(st.one_of(FILE, FOLDER, HOLE, LINK))
        if isinstance(files[path], dict) and files[path].get("data") is None:
            folders.append(path)
        plain = [name for name, what in files.items() if isinstance(what, dict) and what.get("data") is not None]
        if plain and draw(st.integers(0, 5)) == 0:
            other = os.path.join(draw(st.sampled_from(folders)), draw(NAMES))
            if other not in files:
                files[other] = {"hard": draw(st.sampled_from(plain))}
    return files


@pytest.mark.parametrize("kind", ["real", "beside"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@example(files={"a": {"data": None, "mode": 0o500, "owner": (1, 2)}, "a/b": {"data": b"1", "mode": 0o400}})
@example(files={"\udcbd": b"1", "\u00e9": {"hard": "\udcbd"}, "\udc80/a": {"hard": "\udcbd"}})
@given(files=trees())
def test_any_tree_comes_back_and_takes_the_place_of_another_and_goes_again(kind, files):
    if kind == "real" and os.geteuid() != 0:
        pytest.skip("only root may give files away: run the tests as root")
    worker = Worker(kind)
    try:
        worker.fill(files)
        before = worker.seen()
        assert copy_and_bring_back(worker) == before
        worker.fill({"made later": b"by the application"})
        other = worker.seen()
        worker.agent("swap", run="r")
        assert worker.seen() == before
        worker.agent("unswap", run="r")
        assert worker.seen() == other
    finally:
        worker.close()


def test_the_manifest_tells_what_is_in_the_archive(worker):
    worker.fill(HOME)
    told = worker.agent(
        "archive", run="r", name="n", file=str(worker.place / "n.tar.zst"), sentinels=[".storage/auth", "no"]
    )
    manifest, inspected = told["manifest"], worker.agent("inspect")
    for what in ("files", "directories", "bytes", "top", "filesystem_id", "newest", "oldest"):
        assert manifest[what] == inspected[what], what
    there, missing = manifest["sentinels"]
    assert there["exists"]
    assert there["bytes"] == 13
    assert not missing["exists"]
    assert manifest["archive"]["bytes"] == (worker.place / "n.tar.zst").stat().st_size


def test_an_archive_that_is_there_is_not_made_again(anybody):
    anybody.fill(HOME)
    spec = {"run": "r", "name": "n", "file": str(anybody.place / "n.tar.zst")}
    first = anybody.agent("archive", **spec)
    anybody.fill({"more": b"x"})
    second = anybody.agent("archive", **spec)
    assert second["again"]
    assert second["manifest"] == first["manifest"]
    with pytest.raises(Refusal, match="other-archive"):
        anybody.agent("archive", **{**spec, "run": "another"})


def test_a_snapshot_with_a_pipe_and_a_socket_is_restored_without_them(anybody):
    snapshot = anybody.place / "snapshot"
    anybody.do(os.mkdir, snapshot)
    anybody.fill({"kept": b"1", "below/kept": b"2"}, snapshot)
    for name in ("pipe", "below/pipe\n"):
        anybody.do(os.mkfifo, snapshot / name)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(snapshot / "socket"))
    anybody.agent("restore", run="r", source=str(snapshot))
    anybody.agent("verify", run="r")
    assert {"kept", "below", "below/kept"} == names_below(anybody.data / ".aftermath/r/staging")


def test_too_many_of_them_to_name_are_refused_in_a_volume_and_in_a_snapshot(anybody, monkeypatch):
    monkeypatch.setattr("backups.agent.tree.MOST_SPECIAL", 1)
    for name in ("one", "two"):
        anybody.do(os.mkfifo, anybody.data / name)
    with pytest.raises(Refusal, match="special-file"):
        anybody.agent("archive", run="r", name="copy", file=str(anybody.place / "copy.tar.zst"))
    with pytest.raises(Refusal, match="special-file"):
        anybody.agent("restore", run="r", source=str(anybody.data))


def names_below(root):
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_sockets_and_pipes_are_left_out_and_named(anybody):
    anybody.fill(HOME)
    os.mkfifo(anybody.data / "pipe\n")
    archive = str(anybody.place / "n.tar.zst")
    told = anybody.agent("archive", run="r", name="n", file=archive)
    assert told["manifest"]["left_out"] == ["pipe\n"]
    restored = anybody.agent("restore", run="r", file=archive)
    assert (restored["files"], restored["manifest"]["left_out"]) == (told["manifest"]["files"], ["pipe\n"])


def test_those_of_a_snapshot_are_named_when_it_is_copied(anybody):
    anybody.fill(HOME)
    snapshot = anybody.place / "snapshot"
    shutil.copytree(anybody.data, snapshot, symlinks=True)
    for n in range(150):
        anybody.do(os.mkfifo, snapshot / f"pipe-{n:03}")
    restored = anybody.agent("restore", run="r", source=str(snapshot))
    assert len(restored["manifest"]["left_out"]) == 100
    assert set(restored["manifest"]["left_out"]) < {f"pipe-{n:03}" for n in range(150)}


def test_what_earlier_runs_left_is_in_no_archive(anybody):
    anybody.fill({**HOME, ".aftermath/old/previous/secret": b"x", "lost+found/#12": b"y"})
    archive = str(anybody.place / "n.tar.zst")
    told = anybody.agent("archive", run="r", name="n", file=archive)
    anybody.agent("restore", run="r", file=archive)
    staged = os.listdir(anybody.data / ".aftermath/r/staging")
    assert ".aftermath" not in staged
    assert "lost+found" not in staged
    assert "secret" not in str(told)


def write_for_ever(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE states(n INTEGER)")
    database.executemany("INSERT INTO states VALUES (?)", [(n,) for n in range(1000)])
    database.commit()
    return database


def test_an_open_database_is_copied_whole_and_without_its_log(anybody):
    anybody.fill(HOME)
    database = write_for_ever(anybody.data / "home.db")
    archive = str(anybody.place / "n.tar.zst")
    told = anybody.agent("archive", run="r", name="n", file=archive)
    assert told["manifest"]["sqlite"] == [{"path": "home.db", "how": "backup", "why": ""}]
    anybody.agent("restore", run="r", file=archive)
    checked = anybody.agent("verify", run="r")
    assert checked["sqlite"] == [{"path": "home.db", "ok": True}]
    database.close()
    staging = anybody.data / ".aftermath/r/staging"
    assert not (staging / "home.db-wal").exists()
    copy = sqlite3.connect(staging / "home.db")
    assert copy.execute("SELECT count(*) FROM states").fetchone() == (1000,)
    copy.close()


def test_a_database_that_cannot_be_copied_in_time_is_said_to_be_as_a_crash_left_it(anybody, monkeypatch):
    anybody.fill(HOME)
    database = write_for_ever(anybody.data / "home.db")
    monkeypatch.setattr("backups.agent.databases.sqlite3.connect", refuse)
    told = anybody.agent("archive", run="r", name="n", file=str(anybody.place / "n.tar.zst"))
    database.close()
    assert told["manifest"]["sqlite"][0]["how"] == "crash-consistent"
    assert told["manifest"]["crash_consistent"]


def refuse(*_: object, **__: object) -> None:
    raise sqlite3.OperationalError("locked")


def test_a_file_that_changes_while_it_is_read_fails_an_archive_of_live_files_and_leaves_none(anybody, monkeypatch):
    anybody.fill(HOME)
    tar = anybody.place / "gtar"
    says = "echo './x: file changed as we read it' >&2; exit 1"
    tar.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec tar "$@"\ntar "$@"; {says}\n')
    tar.chmod(0o755)
    monkeypatch.setattr("backups.agent.gnutar.program", lambda: str(tar))
    archive = anybody.place / "n.tar.zst"
    with pytest.raises(Refusal, match="changed-while-read"):
        anybody.agent("archive", run="r", name="n", file=str(archive), from_="quiet")
    assert sorted(os.listdir(anybody.place)) == ["data", "gtar"]
    anybody.agent("archive", run="r", name="n", file=str(archive), from_="snapshot")
    assert archive.exists()
