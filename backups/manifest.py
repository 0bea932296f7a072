"""
What is written beside an archive, last: no manifest, no recovery point. It is read back as if by an enemy's hand.

A manifest is JSON of at most 1 MiB. Counts are of what is in the archive: `files` is every entry that is not a
directory, `bytes` the sizes of regular files, each hard-linked file once. Times are ISO 8601 with a zone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from backups.errors import Refused

Raw = bytes  # a field of the same name stands in its way below
LIMIT = 1 << 20
FORMAT = "aftermath.archive/1"
MOST_LEFT_OUT = 100  # that are named

Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 62))]
Name = Annotated[str, msgspec.Meta(max_length=1024)]
Path = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Id = Annotated[int, msgspec.Meta(ge=0, lt=(1 << 32) - 1)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

SURROGATE = re.compile("[\ud800-\udfff]")


def shown(name: str) -> str:
    """A file name as any text may hold it: bytes that are not UTF-8 as backslash escapes."""
    return (
        name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") if SURROGATE.search(name) else name
    )


def left_out(paths: Sequence[str]) -> list[str]:
    """The first of the paths that are in no archive, as a manifest names them."""
    return [shown(path)[:1024] for path in paths[:MOST_LEFT_OUT]]


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything here is a value, and refuses keys that it does not know."""

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told


class Folder(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    files: Count
    bytes: Count


class Owned(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many entries, directories too, belong to uid:gid."""

    uid: Id
    gid: Id
    files: Count


class Sentinel(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A path that must be in every copy. `bytes` and `sha256` are None where it is absent or no regular file."""

    path: Path
    exists: bool
    bytes: Count | None = None
    sha256: Digest | None = None


class Database(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A SQLite file that was open: copied by its own backup call, or only as a crash would have left it, and why."""

    path: Path
    how: Literal["backup", "crash-consistent"]
    why: Name = ""


class Stored(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The archive itself. `sha256` is of the compressed bytes as stored."""

    key: Path
    bytes: Count
    sha256: Digest
    compression: Literal["zstd", "gzip", "none"] = "zstd"


class Manifest(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    `source`: of a snapshot, of files that nobody wrote to (quiet), or of live ones. `stored`: what of `bytes` the
    archive really holds; a sparse file's holes are not in it. `inner` and `strip`: where the archive is wrapped, the
    entry of it that is the archive and the folder that is the root; everything that is counted is of that. `repeated`:
    entries that come again later in the archive; they are counted each time. `left_out`: sockets, pipes and
    devices, the first hundred.
    """

    format: Literal["aftermath.archive/1"] = "aftermath.archive/1"
    run: Name = ""
    name: Name = ""
    taken_at: Moment
    finished_at: Moment
    claim_uid: Name = ""
    volume_handle: Name = ""
    filesystem_id: Name = ""
    source: Literal["snapshot", "quiet", "live", "unknown"] = "unknown"
    crash_consistent: bool = True
    owners: Literal["real", "beside"] = "real"
    archive: Stored | None = None
    inner: Name = ""
    strip: Name = ""
    repeated: Count = 0
    files: Count
    directories: Count
    bytes: Count
    stored: Count | None = None
    top: Annotated[dict[Name, Folder], msgspec.Meta(max_length=1_001)] = {}
    owner_histogram: Annotated[list[Owned], msgspec.Meta(max_length=100)] = []
    newest: Moment | None = None
    oldest: Moment | None = None
    sentinels: Annotated[list[Sentinel], msgspec.Meta(max_length=200)] = []
    sqlite: Annotated[list[Database], msgspec.Meta(max_length=1_000)] = []
    left_out: Annotated[list[Name], msgspec.Meta(max_length=MOST_LEFT_OUT)] = []
    links_leaving: Count = 0

    @classmethod
    def from_bytes(cls, data: Raw) -> Manifest:
        """Raises Refused (`bad-manifest`) for anything that is not a manifest of ours, whole and sane."""
        if len(data) > LIMIT:
            raise Refused(f"The manifest is over {LIMIT} bytes.", code="bad-manifest")
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(f"The manifest cannot be read: {error}", code="bad-manifest") from error

    def to_bytes(self) -> Raw:
        return msgspec.json.format(msgspec.json.encode(self), indent=1)


def beside(key: str) -> str:
    """The name of the manifest of an archive: `a/b.tar.zst` has `a/b.manifest.json`."""
    for ending in (".tar.zst", ".tar.gz", ".tgz", ".tar"):
        if key.endswith(ending):
            return key.removesuffix(ending) + ".manifest.json"
    return key + ".manifest.json"
