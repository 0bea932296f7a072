"""
The fingerprint of a directory: of every entry its kind, owner, mode, time, attributes and content.

Runs in a pod beside the files, and prints one line that `read` understands; it needs Python alone.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import stat
import sys
from collections.abc import Mapping
from typing import Any

FIELDS = ("kind", "mode", "uid", "gid", "mtime_ns", "size", "content", "xattrs", "links")
OURS = (".aftermath", "lost+found")
Prints = dict[str, list[Any]]


def prints(root: str, leave_out: tuple[str, ...] = OURS) -> Prints:
    """By path below `root`, which is "." itself; `leave_out` names entries right below it."""
    told = {".": look(root)}
    for folder, folders, files in os.walk(root):
        if folder == root:
            folders[:] = [name for name in folders if name not in leave_out]
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            told[shown(os.path.relpath(path, root))] = look(path)
    return told


def look(path: str) -> list[Any]:
    here = os.lstat(path)
    kind = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}.get(
        stat.S_IFMT(here.st_mode), "other"
    )
    content = ""
    if kind == "file":
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()[:24]
    elif kind == "symlink":
        content = shown(os.readlink(path))
    names = os.listxattr(path, follow_symlinks=False) if kind != "other" else []
    xattrs = {name: os.getxattr(path, name, follow_symlinks=False).hex() for name in sorted(names)}
    size, links = (here.st_size, here.st_nlink) if kind == "file" else (0, 1)
    mode = stat.S_IMODE(here.st_mode)
    return [kind, mode, here.st_uid, here.st_gid, here.st_mtime_ns, size, content, xattrs, links]


def shown(name: str) -> str:
    return os.fsencode(name).decode(errors="backslashreplace")


def wrap(told: Mapping[str, Any]) -> str:
    return base64.b64encode(gzip.compress(json.dumps(told).encode(), 3, mtime=0)).decode()


def read(line: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(line)))


if __name__ == "__main__":
    print(wrap({each: prints(each) if os.path.isdir(each) else None for each in sys.argv[1:]}))
