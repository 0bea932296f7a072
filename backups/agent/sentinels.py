"""Sentinels: paths that must be in the volume and in every copy of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

from backups.agent.tree import open_file
from backups.manifest import Sentinel


def look(root: int, paths: Iterable[str]) -> list[Sentinel]:
    """What is at each path below `root`. A link or a directory in its place does not count as being there."""
    return [look_at(root, path) for path in dict.fromkeys(paths)]


def look_at(root: int, path: str) -> Sentinel:
    try:
        fd = open_file(root, path)
    except OSError:
        return Sentinel(path=path, exists=False)
    with os.fdopen(fd, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Sentinel(path=path, exists=True, bytes=file.tell(), sha256=digest)
