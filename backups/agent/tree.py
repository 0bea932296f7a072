"""
Going through files by descriptors, never by paths: a link that is put in the way meanwhile is not followed.

Paths are relative, with `/`, as Python decodes them (bytes that are not UTF-8 as lone surrogates).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Generator, Iterable, Iterator
from typing import IO, NamedTuple

from backups.errors import Refused

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
OURS = ".aftermath"
MOST_SPECIAL = 5_000  # sockets, pipes and devices that are left out by name
KEPT = frozenset({OURS, "lost+found"})  # never archived, never restored, never swapped


class Entry(NamedTuple):
    """`stat` is of the entry itself, never of what a link points to; `dir_fd` is open only until the next entry."""

    path: str
    name: str
    dir_fd: int
    stat: os.stat_result


class Walk:
    """
    Every entry below a directory on the same filesystem, a directory before what it holds, in the order of
    their names' bytes, which is tar's: where a file has several names, both count it at the same one.
    After it: `unreadable` directories, and `elsewhere`, directories where another filesystem is mounted.
    """

    def __init__(self, root: int, *, leave_out: frozenset[str] = KEPT) -> None:
        self.root, self.leave_out = root, leave_out
        self.device = os.fstat(root).st_dev
        self.unreadable = self.elsewhere = 0

    def __iter__(self) -> Generator[Entry, None, None]:
        stack = [(os.dup(self.root), "", iter(self._names(self.root, self.leave_out)))]
        try:
            while stack:
                fd, prefix, names = stack[-1]
                if (name := next(names, None)) is None:
                    os.close(stack.pop()[0])
                    continue
                with contextlib.suppress(FileNotFoundError):
                    entry = Entry(prefix + name, name, fd, os.stat(name, dir_fd=fd, follow_symlinks=False))
                    yield entry
                    if stat.S_ISDIR(entry.stat.st_mode) and (below := self._open(entry)) is not None:
                        stack.append((below, entry.path + "/", iter(self._names(below))))
        finally:
            for fd, _, _ in stack:
                os.close(fd)

    def _open(self, entry: Entry) -> int | None:
        if entry.stat.st_dev != self.device:
            self.elsewhere += 1
            return None
        try:
            return os.open(entry.name, DIRECTORY, dir_fd=entry.dir_fd)
        except PermissionError:
            self.unreadable += 1
        except NotADirectoryError:
            pass
        return None

    @staticmethod
    def _names(fd: int, leave_out: frozenset[str] = frozenset()) -> list[str]:
        return sorted((name for name in os.listdir(fd) if name not in leave_out), key=os.fsencode)


def scan(root: int) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything but directories, below `root`, with its path."""
    todo = [""]
    base = f"/proc/self/fd/{root}/"
    while todo:
        prefix = todo.pop()
        try:
            entries = os.scandir(base + prefix)
        except OSError:
            continue  # tar will say so, and fail
        with entries:
            for entry in entries:
                if not prefix and entry.name in KEPT:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    todo.append(f"{prefix}{entry.name}/")
                else:
                    yield prefix + entry.name, entry


def few(special: Iterable[str]) -> list[str]:
    """Sockets, pipes and devices, to be left out by name. Raises Refused for more than tar takes in a command."""
    found = list(special)
    if len(found) > MOST_SPECIAL:
        raise Refused(f"There are over {MOST_SPECIAL} sockets, pipes or devices.", code="special-file")
    return found


class Doors:
    """Opens the directory of a path below `root`, part by part, following no link; keeps the last one open."""

    def __init__(self, root: int) -> None:
        self.root, self.path, self.fd = root, "", os.dup(root)

    def __enter__(self) -> Doors:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def of(self, path: str) -> tuple[int, str]:
        """The open directory and the name in it. Raises OSError where a part is missing or is a link."""
        parent, _, name = path.rpartition("/")
        if parent != self.path:
            fd = open_below(self.root, parent)
            os.close(self.fd)
            self.fd, self.path = fd, parent
        return self.fd, name


def open_below(root: int, path: str) -> int:
    """The directory `path` below `root`; the caller closes it. No part of it may be a link."""
    fd = os.dup(root)
    for part in path.split("/") if path else ():
        try:
            below = os.open(part, DIRECTORY, dir_fd=fd)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise NotADirectoryError(path) from error
            raise
        finally:
            os.close(fd)
        fd = below
    return fd


def open_file(root: int, path: str) -> int:
    """A regular file below `root` for reading, by no link; the caller closes it. Raises OSError."""
    with Doors(root) as doors:
        parent, name = doors.of(path)
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise FileNotFoundError(path)
    return fd


def exists(name: str, dir_fd: int) -> bool:
    try:
        os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def chmod(name: str, mode: int, dir_fd: int) -> None:
    """Change permission bits of the entry itself, never of what a link that took its place points to."""
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        if not stat.S_ISLNK(os.fstat(fd).st_mode):
            os.chmod(f"/proc/self/fd/{fd}", mode)
    finally:
        os.close(fd)


def make_directory(name: str, dir_fd: int, mode: int = 0o700) -> int:
    """Open a directory of ours, made if it is not there."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=dir_fd)
    return os.open(name, DIRECTORY, dir_fd=dir_fd)


def write_whole(name: str, data: bytes, dir_fd: int) -> None:
    """Put a small file of ours in place durably: whole or not at all, also after a power cut."""
    new = f"{name}.new"
    with open_new(new, dir_fd) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, name, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
    os.fsync(dir_fd)


def open_new(name: str, dir_fd: int) -> IO[bytes]:
    """A file of ours to be written from its beginning."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(name, flags, 0o600, dir_fd=dir_fd), "wb")


def read_ours(name: str, dir_fd: int) -> bytes | None:
    """A small file of ours, None if it is not there."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        return file.read()


def remove_tree(name: str, dir_fd: int) -> Iterator[int]:
    """
    Destroy `name` and all below it, yielding the size of each thing that is gone (0 for directories). Follows no link.
    Stops with OSError at what it may not remove; started again it goes on.
    """
    try:
        below = _enter(name, dir_fd)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        yield _unlink(name, dir_fd)
        return
    stack = [(name, dir_fd, below, iter(os.listdir(below)))]
    try:
        while stack:
            name, above, fd, names = stack[-1]
            if (child := next(names, None)) is None:
                stack.pop()
                os.close(fd)
                os.rmdir(name, dir_fd=above)
                yield 0
                continue
            try:
                inner = _enter(child, fd)
            except NotADirectoryError:
                yield _unlink(child, fd)
            else:
                stack.append((child, fd, inner, iter(os.listdir(inner))))
    finally:
        for _, _, fd, _ in stack:
            os.close(fd)


def _enter(name: str, dir_fd: int) -> int:
    """Open a directory to empty it; an ordinary user's own directory is first made one that can be emptied."""
    mode = os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_mode
    if not stat.S_ISDIR(mode):
        raise NotADirectoryError(name)
    if mode & 0o700 != 0o700:
        chmod(name, stat.S_IMODE(mode) | 0o700, dir_fd)
    return os.open(name, DIRECTORY, dir_fd=dir_fd)


def _unlink(name: str, dir_fd: int) -> int:
    seen = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    os.unlink(name, dir_fd=dir_fd)
    return seen.st_size if stat.S_ISREG(seen.st_mode) and seen.st_nlink == 1 else 0
