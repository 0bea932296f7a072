"""What an application of the practice world is: its files, and how it fares with the files that it finds."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cluster.api import ClaimRef, WorkloadRef
from cluster.range import owners
from cluster.range.owners import Owners
from cluster.range.volumes import Item, walk

HOUR = 3600
DAY = 24 * HOUR
MiB = 1024 * 1024


@dataclass(frozen=True)
class Copies:
    """How the application's claim is copied to the object store: by a workload of its own."""

    name: str
    kind: Literal["Deployment", "CronJob"]
    verb: Literal["sync", "copy"]
    to: str  # bucket/prefix
    every: float  # seconds


@dataclass(frozen=True)
class Health:
    """`ready`, with `onboarding` if it started as new; or why it ends with code 1."""

    ready: bool
    onboarding: bool = False
    why: str = ""


@dataclass(frozen=True)
class Application:
    """
    It runs as uid:gid and ends at once when it may not write its files, `first` before all others, or when one of
    `needs` is missing. If it has `fresh` files, it starts as new instead and writes these. One that `asks` for
    capabilities is started as root with these, and gives itself another owner afterwards. `security` is that of its
    pods; with `in_git` its workload is kept as Git says, once GitOps is switched on.
    """

    name: str
    title: str
    namespace: str
    claim: str
    mount: str
    uid: int
    gid: int
    image: str
    command: tuple[str, ...]
    capacity: int
    sentinels: tuple[str, ...]
    needs: tuple[str, ...]
    items: Callable[[bool], Iterable[Item]]
    first: str = ""
    fresh: Callable[[], Iterable[Item]] | None = None
    copies: Copies | None = None
    hello: str = "ready"
    before: str = ""  # the image that it ran before
    asks: tuple[str, ...] = ()
    security: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    in_git: bool = False

    @property
    def claim_ref(self) -> ClaimRef:
        return ClaimRef(self.namespace, self.claim)

    @property
    def ref(self) -> WorkloadRef:
        return WorkloadRef(self.namespace, "Deployment", self.name)

    def forbidden(self, security: Mapping[str, Mapping[str, Any]]) -> str:
        """Why the security context of its pods keeps it from its files, or nothing."""
        pod, own = security.get("", {}), security.get(self.name, {})
        both = {**pod, **own}
        capabilities = both.get("capabilities", {})
        dropped, added = capabilities.get("drop", ()), capabilities.get("add", ())
        missing = [name for name in self.asks if name not in added and ("ALL" in dropped or name in dropped)]
        another = both.get("runAsUser", 0) != 0 or both.get("runAsNonRoot", False)
        if self.asks and (missing or another or both.get("allowPrivilegeEscalation") is False):
            return f"[Errno 13] Permission denied: '{self.mount}/{self.first}'"
        return ""

    def health(self, root: Path, kind: Owners) -> Health:
        try:
            if (bad := self.closed(root, kind)) is not None:
                return Health(False, why=f"[Errno 13] Permission denied: '{self.inside(root, bad)}'")
            missing = [path for path in self.needs if not os.path.lexists(root / path)]
        except FileNotFoundError as e:  # it goes while we look: the next look tells
            return Health(False, why=f"[Errno 2] No such file or directory: '{e.filename}'")
        if missing and self.fresh:
            return Health(True, onboarding=True)
        if missing:
            return Health(False, why=f"[Errno 2] No such file or directory: '{self.mount}/{missing[0]}'")
        return Health(True)

    def past(self, small: bool, ago: float) -> Iterator[Item]:
        """
        Its files as they were `ago` seconds before the world was made: what changed since is there in an older
        version, but every fifth of it was not there yet, unless the application needs it.
        """
        newer = 0
        for item in self.items(small):
            if item.age >= ago or item.data is None:
                yield item
                continue
            newer += 1
            if newer % 5 or item.path in (*self.needs, *self.sentinels):
                yield replace(item, age=ago + item.age / 10)

    def closed(self, root: Path, kind: Owners) -> Path | None:
        """The first path that the application may not write, or None."""
        first = root / self.first
        ahead = [first] if self.first and os.path.lexists(first) else []
        for path in (*ahead, root, *walk(root)):
            if path.is_symlink():
                continue
            want = 7 if path.is_dir() else 6
            if not owners.may(path, self.uid, self.gid, want, kind):
                return path
        return None

    def inside(self, root: Path, path: Path) -> str:
        """A path as the application calls it."""
        return self.mount if path == root else f"{self.mount}/{path.relative_to(root)}"


# --- Content, made by rule and always the same ------------------------------------------------------------------------


def noise(name: str, size: int) -> bytes:
    """Bytes that do not compress, the same for a name each time."""
    return random.Random(name).randbytes(size)  # noqa: S311


def pick(name: str, among: tuple[str, ...]) -> str:
    return random.Random(name).choice(among)  # noqa: S311


def as_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"


def database(
    name: str, schema: str, rows: Mapping[str, Iterable[tuple[Any, ...]]], *, wal: int = 0
) -> dict[str, bytes]:
    """
    The files of a SQLite database: `rows` are what each statement of inserting is given. With `wal`, that many last
    rows of each are only in the write-ahead log, as they are while a program holds the database open.
    """
    with tempfile.TemporaryDirectory(prefix="aftermath-") as folder:
        path = Path(folder) / name
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute(f"PRAGMA journal_mode={'WAL' if wal else 'DELETE'}")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.executescript(schema)
            insert(connection, {statement: list(values)[: -wal or None] for statement, values in rows.items()})
            if wal:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                insert(connection, {statement: list(values)[-wal:] for statement, values in rows.items()})
            return {file.name: file.read_bytes() for file in Path(folder).iterdir() if not file.name.endswith("-shm")}
        finally:
            connection.close()


def insert(connection: sqlite3.Connection, rows: Mapping[str, list[tuple[Any, ...]]]) -> None:
    connection.execute("BEGIN")
    for statement, values in rows.items():
        connection.executemany(statement, values)
    connection.execute("COMMIT")
