"""
Who owns a file of a claim. Root really gives files away; anyone else keeps the owner beside the file, in an extended
attribute that the agent reads and writes too. A link cannot have one: it belongs to whom its directory belongs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

Owners = Literal["real", "beside"]

ATTRIBUTE = "user.aftermath.owner"


def how(directory: Path) -> Owners:
    """Whether owners can really be changed below `directory`; found out by trying."""
    probe = directory / f".owner-{os.getpid()}"
    probe.touch()
    try:
        os.chown(probe, 1000, 1000)
    except OSError:
        return "beside"
    finally:
        probe.unlink()
    return "real"


def owner(path: Path, owners: Owners) -> tuple[int, int]:
    """uid and gid of `path` itself, never of what it points to."""
    if owners == "beside":
        place = path.parent if path.is_symlink() else path
        try:
            uid, gid = os.getxattr(place, ATTRIBUTE, follow_symlinks=False).split(b":")
            return int(uid), int(gid)
        except (OSError, ValueError):
            pass  # nobody ever gave it away
    seen = path.lstat()
    return seen.st_uid, seen.st_gid


def give(path: Path, uid: int, gid: int, owners: Owners) -> None:
    if owners == "real":
        os.chown(path, uid, gid, follow_symlinks=False)
    elif not path.is_symlink():
        os.setxattr(path, ATTRIBUTE, f"{uid}:{gid}".encode(), follow_symlinks=False)


def may(path: Path, uid: int, gid: int, want: int, owners: Owners) -> bool:
    """Would the kernel let uid:gid do `want` (the bits of r 4, w 2, x 1) to `path`? For root: always."""
    if uid == 0:
        return True
    has_uid, has_gid = owner(path, owners)
    mode = path.lstat().st_mode
    shift = 6 if uid == has_uid else 3 if gid == has_gid else 0
    return (mode >> shift) & want == want
