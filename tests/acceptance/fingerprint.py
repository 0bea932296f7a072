"""What is held against what: fingerprints of a volume, and how two of them differ, so that a person can read it."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from typing import Any

from tests.acceptance.scene.contents import GID, UID, Entry
from tests.acceptance.scene.prints import FIELDS, Prints

ALIVE = {".ha_run.lock", "home.db", "home.db-wal", "home.db-shm"}  # what the application writes while it runs
ROOT = "."
MOST = 20  # lines of a difference


def still(prints: Prints, *, leave_out: Iterable[str] = ALIVE) -> Prints:
    """What nobody writes to while the application runs. A directory's time moves with the names in it."""
    out = set(leave_out)
    told = {path: list(print_) for path, print_ in prints.items() if path not in out}
    told[ROOT][FIELDS.index("mtime_ns")] = 0
    return told


def below(prints: Prints) -> Prints:
    """The same without the root itself, whose owner and mode belong to its place."""
    return {path: print_ for path, print_ in still(prints).items() if path != ROOT}


def differences(was: Prints, now: Prints) -> list[str]:
    """One line a path and field, in order; empty where nothing differs."""
    lines = [f"gone: {path}" for path in sorted(was.keys() - now.keys())]
    lines += [f"new: {path}" for path in sorted(now.keys() - was.keys())]
    for path in sorted(was.keys() & now.keys()):
        for field, before, after in zip(FIELDS, was[path], now[path], strict=True):
            if before != after:
                lines.append(f"{path}: {field} was {say(field, before)}, is {say(field, after)}")
    return lines


def same(was: Prints, now: Prints) -> None:
    """Fails with the first differences, and how many there are."""
    lines = differences(was, now)
    assert not lines, "\n".join([f"{len(lines)} differences", *lines[:MOST]])


def say(field: str, value: Any) -> str:
    return oct(value) if field == "mode" else repr(value)


def expected(entries: Iterable[Entry], owner: tuple[int, int] = (UID, GID)) -> dict[str, dict[str, Any]]:
    """By path, what must be so of entries that were written somewhere, by name of a field."""
    told: dict[str, dict[str, Any]] = {}
    for entry in entries:
        told[entry.path] = {
            "kind": "file" if entry.kind == "hardlink" else entry.kind,
            "uid": owner[0],
            "gid": owner[1],
            "mtime_ns": entry.mtime_ns,
            "xattrs": {name: value.hex() for name, value in sorted(entry.xattrs.items())},
        }
        if entry.kind in ("file", "directory"):
            told[entry.path]["mode"] = stat.S_IMODE(entry.mode)
        if entry.kind == "file":
            told[entry.path]["size"] = len(entry.content)
        if entry.kind == "symlink":
            told[entry.path]["content"] = entry.target
    return told


def holds(prints: Prints, wanted: dict[str, dict[str, Any]]) -> None:
    """Every path that is wanted is there, and is as wanted. What is there besides is not looked at."""
    lines = []
    for path, facts in wanted.items():
        if path not in prints:
            lines.append(f"gone: {path}")
            continue
        here = dict(zip(FIELDS, prints[path], strict=True))
        lines += [
            f"{path}: {name} is {here[name]!r} and not {value!r}"
            for name, value in facts.items()
            if here[name] != value
        ]
    assert not lines, "\n".join([f"{len(lines)} differences", *lines[:MOST]])
