"""What one look at a bucket's prefix leaves behind: a few kilobytes of totals, and no key names but the sentinels'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

MOST_FOLDERS = 1_000
REST = "*"  # folders beyond the first thousand, together
HERE = "."  # objects directly below the prefix

Setting = Literal["on", "suspended", "off", "unknown"]


class Item(NamedTuple):
    """One object as listed. `version` and `latest` matter on a versioned bucket only; `marker` is a delete marker."""

    key: str
    size: int
    modified: datetime
    etag: str = ""
    version: str = ""
    latest: bool = True
    marker: bool = False


Page = Sequence[Item]


@dataclass(frozen=True)
class Tally:
    objects: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class SentinelSeen:
    """A sentinel in the listing. `bytes`, `etag` and `version` are of the newest copy; None and "" where absent."""

    exists: bool
    bytes: int | None = None
    etag: str = ""
    version: str = ""
    modified: datetime | None = None


@dataclass(frozen=True)
class Bucket:
    """
    How the bucket keeps what is overwritten or deleted. Days are None where no rule says so; `noncurrent_days` is the
    shortest age at which a rule that is enabled removes old versions; `lock` is object lock. What could not be read is
    "unknown", with the reason in `unread`.
    """

    versioning: Setting = "unknown"
    lock: Setting = "unknown"
    lock_mode: str = ""
    lock_days: int | None = None
    lifecycle: Setting = "unknown"
    noncurrent_days: int | None = None
    expire_days: int | None = None
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scan:
    """
    Totals of one listing of a prefix. `complete` is False when the listing broke off: then the totals are a lower
    bound and prove no absence, and `error` says why. `days` is a histogram of LastModified by UTC day, `top` counts
    per first folder below the prefix. Bytes are of the newest versions; older versions are told apart.
    """

    complete: bool
    objects: int = 0
    bytes: int = 0
    newest: datetime | None = None
    oldest: datetime | None = None
    days: Mapping[str, Tally] = field(default_factory=dict)
    top: Mapping[str, Tally] = field(default_factory=dict)
    sentinels: Mapping[str, SentinelSeen] = field(default_factory=dict)
    old_versions: Tally = Tally()
    delete_markers: int = 0
    delete_markers_by_day: Mapping[str, int] = field(default_factory=dict)
    bucket: Bucket = Bucket()
    error: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it: times in ISO 8601."""
        told: dict[str, Any] = _plain(self)
        return told


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


class Totals:
    """
    Running totals of a listing: what it holds does not grow with the number of objects. `prefix` is a folder,
    `sentinels` are paths below it.
    """

    def __init__(self, prefix: str = "", sentinels: Sequence[str] = (), bucket: Bucket | None = None) -> None:
        self.folder = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self.wanted = {self.folder + path.strip("/"): path for path in sentinels}
        self.bucket = bucket or Bucket()
        self.objects = self.bytes = self.old = self.old_bytes = 0
        self.newest: datetime | None = None
        self.oldest: datetime | None = None
        self.days: dict[int, list[int]] = {}
        self.top: dict[str, list[int]] = {}
        self.markers: dict[int, int] = {}
        self.seen: dict[str, SentinelSeen] = {}

    def add(self, item: Item) -> None:
        day = item.modified.toordinal()
        if item.marker:
            self.markers[day] = self.markers.get(day, 0) + 1
        elif not item.latest:
            self.old += 1
            self.old_bytes += item.size
        else:
            self.count(item, day)

    def count(self, item: Item, day: int) -> None:
        self.objects += 1
        self.bytes += item.size
        if self.newest is None or item.modified > self.newest:
            self.newest = item.modified
        if self.oldest is None or item.modified < self.oldest:
            self.oldest = item.modified
        _more(self.days, day, item.size)
        name, slash, _ = item.key[len(self.folder) :].partition("/")
        name = name if slash else HERE
        _more(self.top, name if name in self.top or len(self.top) < MOST_FOLDERS else REST, item.size)
        if item.key in self.wanted:
            self.seen[self.wanted[item.key]] = SentinelSeen(True, item.size, item.etag, item.version, item.modified)

    def scan(self, *, complete: bool, error: str = "") -> Scan:
        return Scan(
            complete=complete,
            error=error,
            objects=self.objects,
            bytes=self.bytes,
            newest=self.newest,
            oldest=self.oldest,
            days={_day(day): Tally(*pair) for day, pair in sorted(self.days.items())},
            top={name: Tally(*pair) for name, pair in sorted(self.top.items())},
            sentinels={path: self.seen.get(path, SentinelSeen(False)) for path in self.wanted.values()},
            old_versions=Tally(self.old, self.old_bytes),
            delete_markers=sum(self.markers.values()),
            delete_markers_by_day={_day(day): count for day, count in sorted(self.markers.items())},
            bucket=self.bucket,
        )


def _more(totals: dict[Any, list[int]], key: Any, size: int) -> None:
    pair = totals.setdefault(key, [0, 0])
    pair[0] += 1
    pair[1] += size


def _day(ordinal: int) -> str:
    return (datetime(1, 1, 1, tzinfo=UTC) + timedelta(days=ordinal - 1)).date().isoformat()
