"""
Who owns a file, in two ways that the same acts and tests hold for.

`Real`: the kernel's owner. `Beside`: where an ordinary user runs the practice range and may not give files away, the
owner is an extended attribute of the file, `user.aftermath.owner` = "uid:gid"; tar and `cp -a` carry it along. Links,
pipes and sockets cannot hold such an attribute and count as owned by whoever should own them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
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
        attach(path, ATTRIBUTE, f"{uid}:{gid}".encode(), dir_fd=dir_fd)
        bits = stat.S_IMODE(mode)
        if stat.S_ISREG(mode) and without_privileges(bits) != bits:
            with parent_of(path, dir_fd) as (parent, name):
                chmod(name, without_privileges(bits), parent)

    def carries(self, mode: int) -> bool:
        return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def attach(path: str, key: str, value: bytes, *, dir_fd: int | None = None) -> None:
    """
    Set an extended attribute, following no link. An ordinary user may do so only where he may write: what is closed to
    him is opened for that moment.
    """
    try:
        os.setxattr(full(path, dir_fd), key, value, follow_symlinks=False)
    except PermissionError:
        with parent_of(path, dir_fd) as (parent, name):
            bits = stat.S_IMODE(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
            chmod(name, bits | 0o600, parent)
            try:
                os.setxattr(full(name, parent), key, value, follow_symlinks=False)
            finally:
                chmod(name, bits, parent)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOSYS):
            raise Refused(
                "This filesystem keeps no extended attributes, so owners cannot be kept beside the files.",
                code="no-xattrs",
            ) from error
        raise


@contextlib.contextmanager
def parent_of(path: str, dir_fd: int | None) -> Iterator[tuple[int, str]]:
    """The directory that holds an entry, open, and the entry's name in it."""
    whole = full(path, dir_fd)
    parent = os.open(os.path.dirname(whole) or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield parent, os.path.basename(whole)
    finally:
        os.close(parent)


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
