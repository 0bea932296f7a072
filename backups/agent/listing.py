"""Entries whose owner or mode is not as wanted, and the files that list them, one JSON object a line."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import stat
from array import array
from collections.abc import Iterator
from typing import IO, Any

from backups.agent.owners import Owners, full
from backups.agent.tree import open_new
from backups.agent.values import Listed
from backups.manifest import shown

LIST, UNDO = "owners.wanted.jsonl", "owners.undo.jsonl"
CAPABILITY = "security.capability"
FIRST = 100


def differing(name: str, dir_fd: int, owners: Owners, uid: int, gid: int, modes: bool) -> dict[str, Any] | None:
    """What an entry is, if that is not what it should be: owner, and with `modes` at least u+rwX."""
    try:
        seen = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
        owner = owners.get(name, dir_fd=dir_fd) if owners.carries(seen.st_mode) else (uid, gid)
    except FileNotFoundError:
        return None
    bits = stat.S_IMODE(seen.st_mode)
    if owner == (uid, gid) and not (modes and needed(seen.st_mode) & ~bits):
        return None
    found = {"path": ".", "uid": owner[0], "gid": owner[1], "mode": bits, "type": stat.S_IFMT(seen.st_mode)}
    if stat.S_ISREG(seen.st_mode) and bits & 0o111:
        with contextlib.suppress(OSError):
            caps = os.getxattr(full(name, dir_fd), CAPABILITY, follow_symlinks=False)
            found["capability"] = base64.b64encode(caps).decode()
    return found


def needed(mode: int) -> int:
    """The bits that the owner must have, as `chmod u+rwX` gives them; none for links and the like."""
    if stat.S_ISDIR(mode):
        return 0o700
    if not stat.S_ISREG(mode):
        return 0
    return 0o700 if mode & 0o111 else 0o600


class Kept:
    """Counts what is added, remembers the first hundred, and writes all of it to a file of ours if there is one."""

    def __init__(self, run_dir: int | None, name: str = LIST) -> None:
        self.run_dir, self.name = run_dir, name
        self.count = 0
        self.first: list[Listed] = []
        self.file: IO[bytes] | None = None if run_dir is None else open_new(f"{name}.new", run_dir)

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.file is None or self.run_dir is None:
            return
        with self.file:
            self.file.flush()
            os.fsync(self.file.fileno())
        if kind is None:
            os.replace(f"{self.name}.new", self.name, src_dir_fd=self.run_dir, dst_dir_fd=self.run_dir)
            os.fsync(self.run_dir)

    def carry_on(self, old: IO[bytes]) -> None:
        """Begin with the lines of an earlier file."""
        if self.file is not None:
            while data := old.read(1 << 20):
                self.file.write(data)

    def add(self, found: dict[str, Any], path: str = ".") -> None:
        found["path"] = path
        self.count += 1
        if len(self.first) < FIRST:
            self.first.append(Listed(path=shown(path), uid=found["uid"], gid=found["gid"], mode=found["mode"]))
        if self.file is not None:
            self.file.write(json.dumps(found).encode() + b"\n")


def open_list(run_dir: int, name: str) -> IO[bytes] | None:
    try:
        return os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=run_dir), "rb")
    except FileNotFoundError:
        return None


def backwards(file: IO[bytes], start: int = 0) -> Iterator[dict[str, Any]]:
    """
    The lines of a list from the byte `start` on, last first: what was written first is the oldest truth and is applied
    last. Files come before the directory that holds them, which may be closed to us then.
    """
    starts, at = array("Q"), start
    file.seek(start)
    for line in file:
        starts.append(at)
        at += len(line)
    for start in reversed(starts):
        file.seek(start)
        yield json.loads(file.readline())
