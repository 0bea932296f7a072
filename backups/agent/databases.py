"""SQLite files: those that are open are copied by SQLite itself, and a copy is asked whether it is whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from backups.agent.tree import open_file
from backups.manifest import Database, shown

MAGIC = b"SQLite format 3\0"
WAL_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
BESIDE = ("-wal", "-journal", "-shm")
NAMED = (".db", ".db3", ".sqlite", ".sqlite3")
PATIENCE = 30.0  # seconds for a copy to get its turn


def starts_with(root: int, path: str, size: int = 16) -> bytes:
    """The first bytes of a regular file below `root`, b"" if there is none."""
    try:
        fd = open_file(root, path)
    except OSError:
        return b""
    with os.fdopen(fd, "rb") as file:
        return file.read(size)


def is_database(root: int, path: str) -> bool:
    return starts_with(root, path) == MAGIC


def base_of(path: str) -> str | None:
    """The database that a `-wal` or `-journal` belongs to, by its name."""
    for ending in ("-wal", "-journal"):
        if path.endswith(ending):
            return path.removesuffix(ending)
    return None


def copy_open(data: str, root: int, path: str, scratch: Path) -> Database:
    """
    Copy an open database into `scratch` under the same path, with its mode, times and attributes. What cannot be had
    in time is said to be crash-consistent, and no copy is left.
    """
    copy = scratch / path
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        backup(os.path.join(data, path), copy)
        shutil.copystat(os.path.join(data, path), copy, follow_symlinks=False)
    except (sqlite3.Error, OSError) as error:
        with contextlib.suppress(OSError):
            copy.unlink()
        return Database(path=shown(path), how="crash-consistent", why=shown(str(error))[:200])
    return Database(path=shown(path), how="backup")


def backup(source: str, target: Path) -> None:
    """One call for all pages: smaller steps begin again at every write and never end under a busy writer."""
    end = time.monotonic() + PATIENCE

    def in_time(status: int, remaining: int, total: int) -> None:
        if time.monotonic() > end:
            raise sqlite3.OperationalError("it was locked all the time")

    with contextlib.closing(connect(source, "mode=ro")) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new, pages=-1, progress=in_time, sleep=0.1)


def connect(path: str, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(os.fsencode(path))}?{how}", uri=True, timeout=5)


def is_whole(data: str, root: int, path: str, scratch: Path, tick: Callable[[], None]) -> bool:
    """
    SQLite's own integrity check. A database with a `-wal` or `-journal` is checked on a copy, for opening it would
    change both.
    """
    with opened_copy(data, root, path, scratch) as (place, how):
        try:
            with contextlib.closing(connect(place, how)) as database:
                database.execute("PRAGMA trusted_schema=OFF")
                database.set_progress_handler(lambda: tick(), 100_000)
                rows = database.execute("PRAGMA integrity_check(1)").fetchall()
        except sqlite3.Error:
            return False
    return rows == [("ok",)]


@contextlib.contextmanager
def opened_copy(data: str, root: int, path: str, scratch: Path) -> Iterator[tuple[str, str]]:
    pending = [ending for ending in ("-wal", "-journal") if starts_with(root, path + ending, 1)]
    if not pending:
        yield os.path.join(data, path), "mode=ro&immutable=1"
        return
    scratch.mkdir(exist_ok=True)
    copy = scratch / "database"
    try:
        for ending in ("", *pending):
            with os.fdopen(open_file(root, path + ending), "rb") as source, open(f"{copy}{ending}", "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        yield str(copy), "mode=rw"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
