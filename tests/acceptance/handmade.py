"""A tar that somebody made by hand days ago, on a machine of their own: the owners are theirs, the times are whole."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import zstandard

from tests.acceptance.scene.contents import Entry, entries

THEIRS = (501, 20)
ENDINGS = {"tar": "", "gz": ".gz", "zst": ".zst", "Home Assistant": " in a backup.tar"}
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


def packed(tar: Path, kind: str) -> Path:
    """The same files as people keep them: as they are, pressed, or in a Home Assistant backup, a tar inside a tar."""
    made = tar.with_name(tar.name + ENDINGS[kind])
    if kind == "tar":
        return tar
    if kind == "gz":
        made.write_bytes(gzip.compress(tar.read_bytes(), 1))
    elif kind == "zst":
        made.write_bytes(zstandard.compress(tar.read_bytes()))
    elif kind == "Home Assistant":
        inner = io.BytesIO()
        with tarfile.open(tar) as files, tarfile.open(fileobj=inner, mode="w:gz", compresslevel=1) as below:
            below.addfile(described(Entry("data", "directory", 0o755, 0)))
            for info in files:
                if info.name.removeprefix("./") != "lost+found":
                    below.addfile(under("data", info), files.extractfile(info) if info.isreg() else None)
        about = json.dumps({"slug": "5a1", "protected": False, "compressed": True}).encode()
        with tarfile.open(made, "w") as outer:
            for name, content in (("./backup.json", about), ("./homeassistant.tar.gz", inner.getvalue())):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                outer.addfile(info, io.BytesIO(content))
    then = tar.stat().st_mtime
    os.utime(made, (then, then))
    return made


def under(folder: str, info: tarfile.TarInfo) -> tarfile.TarInfo:
    target = f"{folder}/{info.linkname.removeprefix('./')}" if info.islnk() else info.linkname
    return info.replace(name=f"{folder}/{info.name.removeprefix('./')}", linkname=target, deep=False)


def described(entry: Entry) -> tarfile.TarInfo:
    info = tarfile.TarInfo(f"./{entry.path}")
    info.type, info.mode, info.mtime = TYPES[entry.kind], entry.mode, entry.mtime_ns // SECOND
    info.uid, info.gid = THEIRS
    info.size = len(entry.content)
    info.linkname = f"./{entry.target}" if entry.kind == "hardlink" else entry.target
    return info
