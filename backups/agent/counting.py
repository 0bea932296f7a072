"""Counting a tree: the same numbers whether the files are walked or an archive of them is read."""

from __future__ import annotations

import os
import stat
from collections import Counter
from datetime import UTC, datetime

from backups.agent.values import Counts
from backups.manifest import Folder, Owned, shown

MOST_NAMES = 1_000
REST, HERE = "*", "."


class Tally:
    """
    Files are all entries but directories; bytes are of regular files, hard-linked ones once. The root itself is not
    counted. `top` is by first folder; `owners` counts directories too. A file of several names counts in the folder of
    the first that comes: `counted` are its bytes by that folder, `possible` by each that has a name of it.
    """

    def __init__(self) -> None:
        self.files = self.directories = self.bytes = self.special = 0
        self.top: dict[str, list[int]] = {}
        self.owners: dict[tuple[int, int], int] = {}
        self.newest: float | None = None
        self.oldest: float | None = None
        self.linked: dict[tuple[int, int], frozenset[str]] = {}
        self.together: dict[frozenset[str], frozenset[str]] = {}  # each once, for there may be millions of such files
        self.counted: Counter[str] = Counter()
        self.possible: Counter[str] = Counter()

    def directory(self, owner: tuple[int, int]) -> None:
        self.directories += 1
        self.owners[owner] = self.owners.get(owner, 0) + 1

    def file(self, path: str, size: int, owner: tuple[int, int], changed: float | None) -> str:
        """`changed` is None for what is no regular file. The name by which its folder is counted."""
        self.files += 1
        self.bytes += size
        self.owners[owner] = self.owners.get(owner, 0) + 1
        first, slash, _ = path.partition("/")
        name = first if slash else HERE
        if name not in self.top:
            name = shown(first) if slash else HERE
            name = name if len(self.top) < MOST_NAMES or name in self.top else REST
        pair = self.top.setdefault(name, [0, 0])
        pair[0] += 1
        pair[1] += size
        if changed is not None:
            if self.newest is None or changed > self.newest:
                self.newest = changed
            if self.oldest is None or changed < self.oldest:
                self.oldest = changed
        return name

    def entry(self, path: str, seen: os.stat_result, owner: tuple[int, int]) -> None:
        """Count an entry that was walked over."""
        if stat.S_ISDIR(seen.st_mode):
            self.directory(owner)
            return
        regular = stat.S_ISREG(seen.st_mode)
        if not regular and not stat.S_ISLNK(seen.st_mode):
            self.special += 1
        size = seen.st_size if regular else 0
        changed = seen.st_mtime if regular else None
        if not regular or seen.st_nlink == 1:
            self.file(path, size, owner, changed)
            return
        inode = (seen.st_dev, seen.st_ino)
        folders = self.linked.get(inode, frozenset())
        name = self.file(path, 0 if folders else size, owner, changed)
        self.counted[name] += 0 if folders else size
        self.possible[name] += 0 if name in folders else size
        if name not in folders:
            all_of_it = folders | {name}
            self.linked[inode] = self.together.setdefault(all_of_it, all_of_it)

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
