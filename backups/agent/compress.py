"""Compressed streams, in bounded memory: what a few bytes could grow to is handed out a piece at a time."""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol

import zstandard

from backups.errors import Refused

READ = 1 << 20
WINDOW = 1 << 27  # the largest that `zstd` itself takes without being told to
MOST_THREADS = 8
Kind = Literal["zstd", "gzip", "none"]
MAGIC = {b"\x28\xb5\x2f\xfd": "zstd", b"\x1f\x8b": "gzip"}


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Digested:
    """A source whose bytes are counted and digested as they are read."""

    def __init__(self, source: Readable) -> None:
        self.source = source
        self.digest = hashlib.sha256()
        self.bytes = 0

    def read(self, size: int = READ, /) -> bytes:
        data = self.source.read(size)
        self.digest.update(data)
        self.bytes += len(data)
        return data

    def rest(self) -> None:
        """Read on to the end, for the digest is of the whole."""
        while self.read(READ):
            pass


class Ahead:
    """A source whose first bytes were looked at."""

    def __init__(self, source: Readable) -> None:
        self.source = source
        self.first = b""
        while len(self.first) < 4 and (more := source.read(4)):
            self.first += more

    @property
    def kind(self) -> Kind:
        for magic, kind in MAGIC.items():
            if self.first.startswith(magic):
                return "zstd" if kind == "zstd" else "gzip"
        return "none"

    def read(self, size: int = READ, /) -> bytes:
        if self.first:
            data, self.first = self.first[:size], self.first[size:]
            return data
        return self.source.read(size)


def plain(source: Readable) -> Iterator[bytes]:
    """The decompressed bytes in pieces of at most 1 MiB. Raises Refused where they cannot be read."""
    ahead = Ahead(source)
    return {"zstd": unzstd, "gzip": ungzip, "none": untouched}[ahead.kind](ahead)


def unzstd(source: Readable) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW)
    reader = decompressor.stream_reader(source, read_size=READ, read_across_frames=True, closefd=False)  # type: ignore[arg-type]
    try:
        while data := reader.read(READ):
            yield data
    except zstandard.ZstdError as error:
        raise Refused(f"The archive cannot be decompressed: {error}", code="bad-archive") from error


def ungzip(source: Readable) -> Iterator[bytes]:
    try:
        data = b""
        while data := data or source.read(READ):
            member = zlib.decompressobj(31)
            while not member.eof:
                if out := member.decompress(data, READ):
                    yield out
                data = member.unconsumed_tail
                if not data and not member.eof and not (data := source.read(READ)):
                    raise Refused("The archive breaks off in the middle.", code="truncated")
            data = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise Refused(f"The archive cannot be decompressed: {error}", code="bad-archive") from error


def untouched(source: Readable) -> Iterator[bytes]:
    while data := source.read(READ):
        yield data


def beginning(first: bytes, size: int) -> bytes | None:
    """The first `size` plain bytes; fewer where they are not there yet, None where they cannot be read."""
    try:
        if first.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(31).decompress(first, size)
        reader = zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(io.BytesIO(first))
        return reader.read(size)
    except (zlib.error, zstandard.ZstdError):
        return None


class Poured:
    """Takes a compressed stream as it comes and gives `out` the plain bytes, a piece of bounded size at a time."""

    def __init__(self, out: Callable[[bytes], object]) -> None:
        self.out = out
        self.first = b""
        self.kind: str | None = None
        self.gzip: Any = None
        self.zstd: Any = None

    def write(self, data: bytes | memoryview) -> int:
        self.out(bytes(data))
        return len(data)

    def update(self, data: memoryview) -> None:
        whole: bytes | memoryview = data
        if self.kind is None:
            self.first += data
            if len(self.first) < 4:
                return
            self.kind = next((kind for magic, kind in MAGIC.items() if self.first.startswith(magic)), "none")
            whole, self.first = self.first, b""
        try:
            {"gzip": self._gzip, "zstd": self._zstd, "none": self.write}[self.kind](whole)
        except (zlib.error, zstandard.ZstdError) as error:
            raise Refused(f"The inner archive cannot be decompressed: {error}", code="bad-archive") from error

    def finish(self) -> None:
        if self.kind is None or (self.gzip is not None and not self.gzip.eof):
            raise Refused("The inner archive breaks off in the middle.", code="truncated")

    def _gzip(self, whole: bytes | memoryview) -> None:
        data = bytes(whole)
        while data:
            if self.gzip is None or self.gzip.eof:
                if self.gzip is not None and not (data := data.lstrip(b"\0")):
                    return
                self.gzip = zlib.decompressobj(31)
            if plain := self.gzip.decompress(data, READ):
                self.out(plain)
            data = self.gzip.unused_data if self.gzip.eof else self.gzip.unconsumed_tail

    def _zstd(self, whole: bytes | memoryview) -> None:
        if self.zstd is None:
            decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW)
            self.zstd = decompressor.stream_writer(self, closefd=False)  # type: ignore[arg-type]
        self.zstd.write(whole)


def compressor(level: int) -> Any:
    """A zstd stream on all the processors that we may use: `compress` and `flush` as zlib's objects have them."""
    threads = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, MOST_THREADS)
    return zstandard.ZstdCompressor(level=level, threads=threads, write_checksum=True).compressobj()
