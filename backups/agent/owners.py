"""
Who owns a file, in two ways that the same acts and tests hold for.

`Real`: the kernel's owner. `Beside`: where an ordinary user runs the practice range and may not give files away, the
owner is an extended attribute of the file, `user.aftermath.owner` = "uid:gid"; tar and `cp -a` carry it along. Links,
pipes and sockets cannot hold such an attribute and count as owned by whoever should own them.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Literal, Protocol

from backups.agent.tree import chmod
from backups.errors import Refused

ATTRIBUTE = "user.aftermath.owner"
Owner = tuple[int, int]


class Owners(Protocol):
    """Paths may be relative to the open directory `dir_fd`. No link is ever followed."""

    kind: Literal["real", "beside"]

    def get(self, path: str, *, dir_fd: int | None = None) -> Owner: ...

    def set(self, path: str, uid: int, gid: int, *, dir_fd: int | None = None) -> None:
        """As chown: setuid and setgid of a program are lost by it."""

    def carries(self, mode: int) -> bool:
        """Whether an entry of this mode has an owner at all."""


class Real:
    kind: Literal["real", "beside"] = "real"

    def get(self, path: str, *, dir_fd: int | None = None) -> Owner:
        seen = os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
        return seen.st_uid, seen.st_gid

    def set(self, path: str, uid: int, gid: int, *, dir_fd: int | None = None) -> None:
        os.chown(path, uid, gid, dir_fd=dir_fd, follow_symlinks=False)

    def carries(self, mode: int) -> bool:
        return True


class Beside:
    kind: Literal["real", "beside"] = "beside"

    def get(self, path: str, *, dir_fd: int | None = None) -> Owner:
        try:
            uid, _, gid = os.getxattr(full(path, dir_fd), ATTRIBUTE, follow_symlinks=False).partition(b":")
            return int(uid), int(gid)
        except (OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            return Real().get(path, dir_fd=dir_fd)

    def set(self, path: str, uid: int, gid: int, *, dir_fd: int | None = None) -> None:
        mode = os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode
        if not self.carries(mode):
            return
        whole, bits = full(path, dir_fd), stat.S_IMODE(mode)
        after = bits if stat.S_ISDIR(mode) else without_privileges(bits)
        opened = bits | 0o600  # an attribute can be written only where the content can
        parent = os.open(os.path.dirname(whole) or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            name = os.path.basename(whole)
            if opened != bits:
                chmod(name, opened, parent)
            attach(whole, f"{uid}:{gid}".encode())
            if opened != after:
                chmod(name, after, parent)
        finally:
            os.close(parent)

    def carries(self, mode: int) -> bool:
        return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def attach(path: str, owner: bytes) -> None:
    try:
        os.setxattr(path, ATTRIBUTE, owner, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOSYS):
            raise Refused(
                "This filesystem keeps no extended attributes, so owners cannot be kept beside the files.",
                code="no-xattrs",
            ) from error
        raise


def without_privileges(bits: int) -> int:
    """The permission bits that the kernel leaves when a file is given away."""
    bits &= ~stat.S_ISUID
    return bits & ~stat.S_ISGID if bits & stat.S_IXGRP else bits


def full(path: str, dir_fd: int | None) -> str:
    return path if dir_fd is None else f"/proc/self/fd/{dir_fd}/{path}"


def choose(kind: Literal["auto", "real", "beside"]) -> Owners:
    if kind == "auto":
        kind = "real" if os.geteuid() == 0 else "beside"
    return Real() if kind == "real" else Beside()
