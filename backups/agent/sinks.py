"""Where an archive goes: an object of the store, or a file. It is there whole when it is finished, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Protocol

from backups.agent.lanes import Behind
from backups.agent.values import ArchiveSpec
from backups.errors import Forbidden, NotFound, Refused
from backups.manifest import LIMIT, beside
from backups.storage import Store
from backups.transfer import Upload


class Sink(Protocol):
    key: str
    manifest_key: str

    def write(self, data: bytes, /) -> None: ...
    def finish(self) -> None: ...
    def abort(self) -> None: ...
    def put_manifest(self, data: bytes, /) -> None: ...
    def manifest(self) -> bytes | None: ...


class InStore:
    def __init__(self, store: Store, key: str) -> None:
        self.store, self.key, self.manifest_key = store, key, beside(key)
        self.upload: Upload | None = None
        self.etag = ""

    def write(self, data: bytes, /) -> None:
        if self.upload is None:
            self.upload = Upload(self.store, self.key)
        self.upload.write(data)

    def finish(self) -> None:
        assert self.upload is not None
        self.upload.finish()
        seen = self.store.head(self.key)  # not what finish() answers: some stores name a long object otherwise later
        self.etag = seen.etag
        if seen.size != self.upload.bytes:
            raise Refused(f"{self.key} was replaced while it was written.", code="other-archive", key=self.key)

    def abort(self) -> None:
        if self.upload is not None and not self.upload.over:
            self.upload.abort()

    def put_manifest(self, data: bytes, /) -> None:
        """Only beside the archive that it speaks of: another agent may have replaced that meanwhile."""
        if self.store.head(self.key).etag != self.etag:
            raise Refused(f"{self.key} was replaced while it was written.", code="other-archive", key=self.key)
        self.store.put_bytes(self.manifest_key, data)

    def manifest(self) -> bytes | None:
        """None where there is none; a key that may not list is told "forbidden" of what is not there."""
        try:
            return self.store.get_bytes(self.manifest_key, LIMIT)
        except (NotFound, Forbidden):
            return None


class InFile:
    def __init__(self, path: str) -> None:
        self.key, self.manifest_key = path, beside(path)
        self.partial = f"{path}.{os.getpid()}.partial"
        self.file = open(self.partial, "xb")  # noqa: SIM115 - closed by finish or abort

    def write(self, data: bytes, /) -> None:
        self.file.write(data)

    def finish(self) -> None:
        with self.file:
            self.file.flush()
            os.fsync(self.file.fileno())
        os.replace(self.partial, self.key)

    def abort(self) -> None:
        self.file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.partial)

    def put_manifest(self, data: bytes, /) -> None:
        new = f"{self.manifest_key}.{os.getpid()}.partial"
        with open(new, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.manifest_key)

    def manifest(self) -> bytes | None:
        try:
            with open(self.manifest_key, "rb") as file:
                return file.read(LIMIT + 1)
        except FileNotFoundError:
            return None


class Metered:
    """A sink with the digest and the length of what went into it, fed from a thread of its own."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.digest = hashlib.sha256()
        self.bytes = 0
        self.lane = Behind(self._take)

    def write(self, data: bytes) -> None:
        if data:
            self.lane.put(data)

    def finish(self) -> None:
        self.lane.end()
        self.sink.finish()

    def give_up(self) -> None:
        """Nothing more is written from now on, so that the sink can be taken back."""
        self.lane.give_up()

    def _take(self, data: bytes) -> None:
        self.digest.update(data)
        self.bytes += len(data)
        self.sink.write(data)


def sink(spec: ArchiveSpec) -> Sink:
    if spec.file is not None:
        return InFile(spec.file)
    if spec.store is None or not spec.name:
        raise Refused("The spec names neither a file nor a store and a name.", code="bad-spec")
    store = Store(spec.store.endpoint, spec.store.region, spec.store.bucket)
    return InStore(store, "/".join(part for part in (spec.prefix.strip("/"), f"{spec.name}.tar.zst") if part))
