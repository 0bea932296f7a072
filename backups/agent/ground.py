"""The files that the agent works on: opened once, guarded against a second agent, with a place of its own for a run."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import resource
import stat
from collections.abc import Callable, Iterator
from types import TracebackType

from backups.agent import owners
from backups.agent.speak import Speaker
from backups.agent.tree import DIRECTORY, OURS, Walk, exists, make_directory, remove_tree
from backups.agent.values import Spec
from backups.errors import Busy, NotFound, Refused

STAGING, PREVIOUS, STRAYS, SCRATCH = "staging", "previous", "strays", "scratch"
PURGED = (PREVIOUS, STRAYS, STAGING)  # of a run that swapped
UNPACKED = "unpacked"  # what is unpacked to have only one of its folders become the staging


class Ground:
    """
    The claim's files, `root`, as an open directory; `run_dir` is DATA/.aftermath/RUN. Whoever changes something holds
    the lock, which the kernel gives back when this process *and* the helpers that inherited it are gone.
    """

    def __init__(self, spec: Spec, speaker: Speaker, *, changes: bool) -> None:
        self.spec, self.speaker = spec, speaker
        self.owners = owners.choose(spec.owners)
        self.open: list[int] = []
        self.lock: int | None = None
        raise_limit_of_open_files()
        try:
            self.root = self.keep(open_data(spec.data))
            self._expected()
            if changes:
                self.ours = self.keep(self._our_place())
                self.lock = self.keep(self._lock())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Ground:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        while self.open:
            os.close(self.open.pop())

    @property
    def run(self) -> str:
        if not self.spec.run:
            raise Refused("The spec names no run.", code="bad-spec")
        return self.spec.run

    @property
    def inherited(self) -> tuple[int, ...]:
        """What a helper that writes must inherit, so that the lock lasts as long as it may write."""
        return () if self.lock is None else (self.lock,)

    @property
    def filesystem_id(self) -> str:
        return self.spec.filesystem or filesystem_id(self.root)

    def space(self) -> tuple[int, int]:
        """Bytes in all and bytes free: of the filesystem, or of the part of it that the spec says is the claim's."""
        seen = os.fstatvfs(self.root)
        total, free = seen.f_blocks * seen.f_frsize, seen.f_bavail * seen.f_frsize
        if self.spec.capacity is None:
            return total, free
        used = sum(entry.stat.st_size for entry in Walk(self.root, leave_out=frozenset()))
        return self.spec.capacity, max(0, min(free, self.spec.capacity - used))

    def run_dir(self) -> int:
        return self.keep(make_directory(self.run, self.ours))

    def seen_run_dir(self) -> int | None:
        """The run's place if there is one; for those who only look."""
        try:
            with opened(OURS, self.root) as ours:
                return self.keep(os.open(self.run, DIRECTORY, dir_fd=ours))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EACCES):
                return None
            raise

    def directory(self, name: str, dir_fd: int) -> int:
        return self.keep(make_directory(name, dir_fd))

    def path(self, *parts: str) -> str:
        return os.path.join(self.spec.data, OURS, self.run, *parts)

    def keep(self, fd: int) -> int:
        """Close it with the rest."""
        self.open.append(fd)
        return fd

    def _expected(self) -> None:
        wanted, found = self.spec.expect.filesystem_id, self.filesystem_id
        if wanted and wanted != found:
            raise Refused(
                "These files are on another filesystem than the one that was seen: it may have been formatted.",
                code="other-filesystem",
                wanted=wanted,
                found=found,
            )

    def _our_place(self) -> int:
        if exists(OURS, self.root) and not stat.S_ISDIR(os.stat(OURS, dir_fd=self.root, follow_symlinks=False).st_mode):
            raise Refused(f"{OURS} is there and is not a directory of ours.", code="not-ours")
        fd = make_directory(OURS, self.root)
        if stat.S_IMODE(os.fstat(fd).st_mode) != 0o700:
            os.fchmod(fd, 0o700)
        return fd

    def _lock(self) -> int:
        fd = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self.ours)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise Busy("Another agent is at work on these files.") from None
        return fd


def open_data(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"There is no directory {path}.", code="no-data", path=path) from None


@contextlib.contextmanager
def opened_data(path: str) -> Iterator[int]:
    fd = open_data(path)
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def opened(name: str, dir_fd: int) -> Iterator[int]:
    fd = os.open(name, DIRECTORY, dir_fd=dir_fd)
    try:
        yield fd
    finally:
        os.close(fd)


def filesystem_id(fd: int) -> str:
    """Stable over mounts, another after a format: `statvfs`' f_fsid, as sixteen hexadecimal digits."""
    return f"{os.fstatvfs(fd).f_fsid & 0xFFFFFFFFFFFFFFFF:016x}"


def raise_limit_of_open_files() -> None:
    """One descriptor a level: a deep tree needs many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard > 65_536:
        hard = 65_536
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def clear(name: str, dir_fd: int, speaker: Speaker, doing: str) -> tuple[int, int]:
    """Destroy `name` of ours; how many entries and bytes went."""
    files = freed = 0
    for size in remove_tree(name, dir_fd):
        files, freed = files + 1, freed + size
        speaker.progress(doing, files=files, bytes=freed)
    return files, freed


def _syncfs() -> Callable[[int], int] | None:
    """Python has it from 3.14 on; until then it is asked of the C library."""
    function: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "syncfs", None)
    return function


SYNCFS = _syncfs()


def sync(fd: int) -> None:
    """Everything written to this filesystem is on its disk; others are not waited for."""
    if SYNCFS is None or SYNCFS(fd) != 0:
        os.sync()
