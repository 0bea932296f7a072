"""Where a restore takes its bytes from: an object of the store, an archive in a file, or a snapshot's directory."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Sequence
from typing import IO, Protocol

from backups.agent.compress import Digested, plain
from backups.agent.gnutar import create
from backups.agent.ground import opened_data
from backups.agent.lanes import ahead
from backups.agent.tree import few, scan
from backups.agent.values import RestoreSpec
from backups.errors import Forbidden, NotFound, Refused
from backups.manifest import LIMIT, Manifest, beside
from backups.storage import Store
from backups.transfer import Download


class Origin(Protocol):
    """
    `manifest` is the one beside it, if any; `stream` gives the tar's bytes and may be asked more than once. `left_out`
    are the sockets, pipes and devices that are not in it, known once it was read.
    """

    manifest: Manifest | None

    @property
    def left_out(self) -> Sequence[str]: ...

    def stream(self) -> Generator[bytes, None, str | None]:
        """The bytes of the tar stream; returns the digest of what was stored, None where nothing was."""

    def check_size(self) -> None:
        """Raises Refused when the archive is not as long as its manifest says: no need to read it, then."""


class Packed:
    """What was left out of it stands in its manifest."""

    manifest: Manifest | None

    @property
    def left_out(self) -> Sequence[str]:
        return self.manifest.left_out if self.manifest else ()


class InStore(Packed):
    def __init__(self, store: Store, key: str, given: Manifest | None) -> None:
        self.store, self.key = store, key
        self.size = store.head(key).size
        self.manifest: Manifest | None = given or self._beside()

    def _beside(self) -> Manifest | None:
        """None where there is none; a key that may not list is told "forbidden" of what is not there."""
        with contextlib.suppress(NotFound, Forbidden):
            return Manifest.from_bytes(self.store.get_bytes(beside(self.key), LIMIT))
        return None

    def stream(self) -> Generator[bytes, None, str | None]:
        with contextlib.closing(Download(self.store, self.key)) as download:
            return (yield from ahead(decompressed(download)))

    def check_size(self) -> None:
        same_size(self.size, self.manifest)


class InFile(Packed):
    def __init__(self, path: str, given: Manifest | None) -> None:
        self.path, self.manifest = path, given
        with self._open() as file:
            self.size = os.fstat(file.fileno()).st_size
        if given is None:
            self.manifest = self._beside()

    def _beside(self) -> Manifest | None:
        with contextlib.suppress(FileNotFoundError), open(beside(self.path), "rb") as file:
            return Manifest.from_bytes(file.read(LIMIT + 1))
        return None

    def _open(self) -> IO[bytes]:
        try:
            return open(self.path, "rb")
        except (FileNotFoundError, IsADirectoryError):
            raise NotFound(f"There is no file {self.path}.", path=self.path) from None

    def stream(self) -> Generator[bytes, None, str | None]:
        with self._open() as file:
            return (yield from ahead(decompressed(file)))

    def check_size(self) -> None:
        same_size(self.size, self.manifest)


class InDirectory:
    def __init__(self, path: str, given: Manifest | None) -> None:
        self.path, self.manifest = path, given
        self.left_out: Sequence[str] = ()

    def stream(self) -> Generator[bytes, None, str | None]:
        with opened_data(self.path) as source:
            self.left_out = found = specials(source)
            with create(source, leave_out=found) as tar:
                yield from tar.chunks()
                tar.end()
        return None

    def check_size(self) -> None:
        """A directory has no length."""


def specials(root: int) -> list[str]:
    """Sockets, pipes and devices: nobody's data, and in no archive of ours either."""
    return few(p for p, entry in scan(root) if not entry.is_symlink() and not entry.is_file(follow_symlinks=False))


def decompressed(source: IO[bytes] | Download) -> Generator[bytes, None, str]:
    """The plain bytes; returns the digest of the stored ones."""
    digested = Digested(source)
    yield from plain(digested)
    digested.rest()
    return digested.digest.hexdigest()


def same_size(size: int, manifest: Manifest | None) -> None:
    if manifest is not None and manifest.archive is not None and manifest.archive.bytes != size:
        code = "truncated" if size < manifest.archive.bytes else "wrong-digest"
        words = f"The archive has {size} bytes instead of {manifest.archive.bytes}."
        raise Refused(words, code=code, wanted=manifest.archive.bytes, found=size)


def origin(spec: RestoreSpec) -> Origin:
    given = [thing for thing in (spec.key, spec.file, spec.source) if thing is not None]
    if spec.key is not None and len(given) == 1 and spec.store is not None:
        return InStore(Store(spec.store.endpoint, spec.store.region, spec.store.bucket), spec.key, spec.manifest)
    if spec.file is not None and len(given) == 1:
        return InFile(spec.file, spec.manifest)
    if spec.source is not None and len(given) == 1:
        return InDirectory(spec.source, spec.manifest)
    raise Refused("The spec must name one of: a key with a store, a file, a source.", code="bad-spec")
