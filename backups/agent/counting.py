"""Counting a tree: the same numbers whether the files are walked or an archive of them is read."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime

from backups.agent.values import Counts
from backups.manifest import Folder, Owned, shown

MOST_NAMES = 1_000
REST, HERE = "*", "."


class Tally:
    """
    Files are all entries but directories; bytes are of regular files, hard-linked ones once. The root itself is not
    counted. `top` is by first folder; `owners` counts directories too.
    """

    def __init__(self) -> None:
        self.files = self.directories = self.bytes = self.special = 0
        self.top: dict[str, list[int]] = {}
        self.owners: dict[tuple[int, int], int] = {}
        self.newest: float | None = None
        self.oldest: float | None = None
        self.linked: set[tuple[int, int]] = set()

    def directory(self, owner: tuple[int, int]) -> None:
        self.directories += 1
        self.owners[owner] = self.owners.get(owner, 0) + 1

    def file(self, path: str, size: int, owner: tuple[int, int], changed: float | None) -> None:
        """`changed` is None for what is no regular file."""
        self.files += 1
        self.bytes += size
        self.owners[owner] = self.owners.get(owner, 0) + 1
        name, slash, _ = path.partition("/")
        pair = self.top.get(name if slash else HERE)
        if pair is None:
            name = shown(name) if slash else HERE
            pair = self.top.setdefault(name if len(self.top) < MOST_NAMES else REST, [0, 0])
        pair[0] += 1
        pair[1] += size
        if changed is not None:
            if self.newest is None or changed > self.newest:
                self.newest = changed
            if self.oldest is None or changed < self.oldest:
                self.oldest = changed

    def entry(self, path: str, seen: os.stat_result, owner: tuple[int, int]) -> None:
        """Count an entry that was walked over."""
        if stat.S_ISDIR(seen.st_mode):
            return self.directory(owner)
        regular = stat.S_ISREG(seen.st_mode)
        if not regular and not stat.S_ISLNK(seen.st_mode):
            self.special += 1
        size = seen.st_size if regular else 0
        if regular and seen.st_nlink > 1:
            inode = (seen.st_dev, seen.st_ino)
            size = 0 if inode in self.linked else size
            self.linked.add(inode)
        return self.file(path, size, owner, seen.st_mtime if regular else None)

    def counts(self) -> Counts:
        return Counts(files=self.files, directories=self.directories, bytes=self.bytes)

    def folders(self) -> dict[str, Folder]:
        return {name: Folder(files=files, bytes=size) for name, (files, size) in sorted(self.top.items())}

    def histogram(self) -> list[Owned]:
        most = sorted(self.owners.items(), key=lambda pair: (-pair[1], pair[0]))[:100]
        return [Owned(uid=uid, gid=gid, files=count) for (uid, gid), count in most]


def moment(seconds: float | None) -> datetime | None:
    """A file's time; one that no calendar holds is left out."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
