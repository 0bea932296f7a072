"""GNU tar as a child process: it dies with us, its words are kept, its exit code is understood."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from types import TracebackType
from typing import IO

from backups.agent.tree import KEPT
from backups.errors import BackupsError, NotFound, Refused
from cluster import children

READ = 1 << 20
F_SETPIPE_SZ = getattr(fcntl, "F_SETPIPE_SZ", 1031)
BLOCKS = f"--blocking-factor={READ // 512}"  # a record as large as the pipe: fewer turns between tar and us
COMMON = ("--numeric-owner", "--acls", "--file=-", BLOCKS)
TIMES = "--pax-option=delete=atime,delete=ctime"  # they say nothing of what was archived, and take room
CREATE = ("--create", "--format=posix", TIMES, *COMMON, "--xattrs", "--xattrs-include=*", "--sparse")
WHOLE = ("--one-file-system", "--sort=name", "--anchored", "--no-wildcards")
LISTED = ("--no-recursion", "--null", "--verbatim-files-from", "--files-from=-")
EXTRACT = (
    "--extract",
    *COMMON,
    "--preserve-permissions",
    "--no-overwrite-dir",
    "--delay-directory-restore",
    "--warning=no-timestamp",
    "--warning=no-unknown-keyword",
    "--anchored",
    "--no-wildcards",
)


@cache
def program() -> str:
    """GNU tar. Another one, busybox' among them, rewrites names in silence."""
    for name in ("gtar", "tar"):
        if (path := shutil.which(name)) is not None:
            told = subprocess.run([path, "--version"], capture_output=True, check=False, timeout=10).stdout
            if b"GNU tar" in told:
                return path
    raise NotFound("GNU tar is not installed here.", code="no-tar")


def in_memory(name: str) -> IO[bytes]:
    """A file without a place, for a pod may have nothing that can be written."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create(name), "w+b")
    return tempfile.TemporaryFile()


class Tar:
    """A running tar at work in the open `directory`. Left as a context it is ended, however far it is."""

    def __init__(
        self, arguments: Sequence[str], directory: int, *, writing: bool, keep: Sequence[int] = (), names: bytes = b""
    ) -> None:
        self.words, listed = in_memory("words"), in_memory("names")
        listed.write(names)
        listed.seek(0)
        command = [program(), f"--directory=/proc/self/fd/{directory}", *arguments]
        self.child = children.start(
            command,
            stdin=subprocess.PIPE if writing else listed,
            stdout=subprocess.DEVNULL if writing else subprocess.PIPE,
            stderr=self.words,
            env={**os.environ, "LC_ALL": "C"},
            keep=(directory, *keep),
        )
        listed.close()
        with contextlib.suppress(OSError):
            fcntl.fcntl(self.pipe, F_SETPIPE_SZ, READ)

    def __enter__(self) -> Tar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        children.stop(self.child)
        self.words.close()

    @property
    def pipe(self) -> int:
        stream = self.child.stdout or self.child.stdin
        assert stream is not None
        return stream.fileno()

    def chunks(self) -> Iterator[bytes]:
        """What it writes."""
        while data := os.read(self.pipe, READ):
            yield data

    def feed(self, data: memoryview) -> None:
        """Give it all of `data`. Raises what it says when it stops taking it."""
        try:
            while data:
                data = data[os.write(self.pipe, data) :]
        except BrokenPipeError:
            raise self.failure(self.child.wait()) from None

    def end(self, *, tolerated: frozenset[int] = frozenset()) -> int:
        """Wait for its end. Raises unless it exits with 0 or a tolerated code."""
        if self.child.stdin is not None and not self.child.stdin.closed:
            self.child.stdin.close()
        code = self.child.wait()
        if code and code not in tolerated:
            raise self.failure(code)
        return code

    def failure(self, code: int) -> BackupsError:
        self.words.seek(0)
        said = self.words.read(4000).decode("utf-8", "backslashreplace").strip()
        first = "; ".join(said.splitlines()[:3]) or f"it ended with {code}"
        if "No space left on device" in said or "Disk quota exceeded" in said:
            return Refused(f"There is no space left: {first}", code="no-space")
        if code == 1:
            return Refused(f"Files changed while they were read: {first}", code="changed-while-read", said=first)
        return Refused(f"tar failed: {first}", code="tar-failed", said=first, exit=code)


def create(directory: int, *, leave_out: Sequence[str] = ()) -> Tar:
    """An archive of what lies below `directory` on its filesystem, but for `leave_out` and what is never kept."""
    excluded = [f"--exclude=./{name}" for name in (*sorted(KEPT), *leave_out)]
    return Tar([*CREATE, *WHOLE, *excluded, "."], directory, writing=False)


def create_listed(directory: int, names: Sequence[str]) -> Tar:
    """An archive of just these."""
    listed = b"".join(os.fsencode(f"./{name}") + b"\0" for name in names)
    return Tar([*CREATE, *LISTED], directory, writing=False, names=listed)


def extract(directory: int, *, as_root: bool, give_away: bool, keep: Sequence[int]) -> Tar:
    """
    Unpack into `directory` what it is fed. `give_away`: set owners, which only root may. An ordinary user's tar fails
    at the extended attributes of a file that he may not write to: only root's sets them.
    """
    owner = ["--same-owner"] if give_away else ["--no-same-owner"]
    attributes = ["--xattrs", "--xattrs-include=user.*"] if as_root else []
    excluded = [f"--exclude={start}{name}" for name in sorted(KEPT) for start in ("", "./")]
    return Tar([*EXTRACT, *owner, *attributes, *excluded], directory, writing=True, keep=keep)
