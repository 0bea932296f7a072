"""A tar that somebody made by hand days ago, on a machine of their own: the owners are theirs, the times are whole."""

from __future__ import annotations

import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

from tests.acceptance.scene.contents import Entry, entries

THEIRS = (501, 20)
SECOND = 1_000_000_000
TYPES = {"file": tarfile.REGTYPE, "directory": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE}


def tar_of(path: Path, then: int, thumbnails: int) -> list[Entry]:
    """
    Write `path`, as old as what is in it (`then`, in seconds); returns what a restore of it must bring back: a plain
    tar keeps neither attributes nor parts of a second.
    """
    made = [replace(e, xattrs={}, mtime_ns=e.mtime_ns // SECOND * SECOND) for e in entries(then, thumbnails)]
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(described(Entry("lost+found", "directory", 0o700, 0)))
        for entry in made:
            tar.addfile(described(entry), io.BytesIO(entry.content) if entry.kind == "file" else None)
    os.utime(path, (then, then))
    return made


def described(entry: Entry) -> tarfile.TarInfo:
    info = tarfile.TarInfo(f"./{entry.path}")
    info.type, info.mode, info.mtime = TYPES[entry.kind], entry.mode, entry.mtime_ns // SECOND
    info.uid, info.gid = THEIRS
    info.size = len(entry.content)
    info.linkname = f"./{entry.target}" if entry.kind == "hardlink" else entry.target
    return info
