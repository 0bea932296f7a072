"""
What is in a file that somebody brought: read once from its beginning to its end, as strictly as a restore reads it.

Whether a folder of it is the volume's root is not guessed. Where the file has everything in one folder, or the
sentinels stand somewhere below, the folders are offered and a person chooses.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backups.agent.compress import Ahead, Digested, Kind, plain
from backups.agent.guessing import Guess
from backups.agent.judge import XATTR, Limits, Stranger
from backups.agent.layers import Layout, Reader
from backups.agent.tarstream import Member, Taker
from backups.manifest import Sentinel, shown
from backups.storage import Store
from backups.transfer import Download

MOST_FILES, MOST_DIRECTORIES = 5_000_000, 1_000_000
LEAST_ROOM, GROWTH = 64 << 30, 100  # bytes, and times its own size: beyond both it is made to burst
MOST_ROOTS = 20


class Witness(Stranger):
    """Judges, and remembers what a manifest says of an archive: digests of sentinels, and where they stand."""

    def __init__(self, limits: Limits, sentinels: Sequence[str]) -> None:
        super().__init__(limits)
        self.digests: dict[str, tuple[int, Any]] = {}
        self.beside = False
        self.wanted: dict[str, list[str]] = {}
        for path in sentinels:
            self.wanted.setdefault(path.rpartition("/")[2], []).append(path)
        self.stand: dict[str, set[str]] = {}
        self.common: str | None = None

    def admit(self, member: Member) -> Taker | None:
        super().admit(member)
        path = self.path
        if self.kept or not path:
            return None
        self.beside = self.beside or XATTR in member.attributes
        parent, _, name = path.rpartition("/")
        if member.kind != "directory" and self.common != "":
            self.common = parent if self.common is None else together(self.common, parent)
        for sentinel in self.wanted.get(name, ()):
            self._note(path, sentinel)
        if member.kind != "file" or path not in self.wanted.get(name, ()) or member.sparse:
            return None
        digest = hashlib.sha256()
        self.digests[path] = (member.size, digest)
        return digest

    def _note(self, path: str, sentinel: str) -> None:
        if path == sentinel or path.endswith(f"/{sentinel}"):
            root = path[: -len(sentinel)].rstrip("/")
            if root in self.stand or len(self.stand) < MOST_ROOTS:
                self.stand.setdefault(root, set()).add(sentinel)

    def sentinel(self, path: str) -> Sentinel:
        if path in self.digests:
            size, digest = self.digests[path]
            return Sentinel(path=path, exists=True, bytes=size, sha256=digest.hexdigest())
        return Sentinel(path=path, exists=path in self.stand.get("", ()))


@dataclass(frozen=True)
class Inside:
    """What was read. `roots` are the folders that may be meant as the root, the likeliest first; one: no question."""

    layout: Layout
    witness: Witness
    sha256: str
    compression: Kind
    roots: tuple[str, ...]
    outside: int


def look(store: Store, key: str, sentinels: Sequence[str], *, root: str | None, tick: Callable[[int], None]) -> Inside:
    """
    Read an object whole. `root`: the folder that was chosen, None where nobody was asked. `tick` hears how many of its
    bytes were read. Raises Refused for what no restore would take.
    """
    with contextlib.closing(Download(store, key)) as download:
        limits = bounds(download.size)
        digested = Digested(download)
        ahead = Ahead(digested)
        kind = ahead.kind
        reader, witness = opened(root, lambda: Witness(limits, sentinels))
        for chunk in plain(ahead):
            reader.feed(chunk)
            tick(digested.bytes)
        digested.rest()
    reader.finish()
    guessed = isinstance(reader, Guess)
    seen = reader.judge if isinstance(reader, Guess) else witness
    assert isinstance(seen, Witness)
    if not guessed:
        seen.finish()
    layout = reader.layout
    roots = tuple(folders(seen, len(sentinels))) if guessed and not layout.inner else (layout.strip,)
    return Inside(layout, seen, digested.digest.hexdigest(), kind, roots, reader.outside)


def bounds(size: int) -> Limits:
    return Limits(MOST_FILES, MOST_DIRECTORIES, stored=max(LEAST_ROOM, GROWTH * size))


def opened(root: str | None, make: Callable[[], Witness]) -> tuple[Guess | Reader, Witness]:
    witness = make()
    return (Guess(make) if root is None else Reader(Layout("", root), witness.admit)), witness


def folders(seen: Witness, sentinels: int) -> Iterator[str]:
    """Which folders may be meant: where most sentinels stand first, then the whole, then what holds everything."""
    best = sorted(seen.stand, key=lambda root: (-len(seen.stand[root]), root.count("/"), root))
    whole = len(seen.stand.get("", ()))
    above = [root for root in best if len(seen.stand[root]) > whole]
    chain = list(parents(seen.common or ""))
    named = dict.fromkeys([*above, "", *chain])
    if sentinels and whole == sentinels:
        named = dict.fromkeys([""])  # all that must be in it is where it must be
    yield from (root for root in named if nameable(root))


def parents(path: str) -> Iterator[str]:
    """`a`, `a/b`, `a/b/c` of `a/b/c`."""
    at = path.find("/")
    while at != -1:
        yield path[:at]
        at = path.find("/", at + 1)
    if path:
        yield path


def together(one: str, other: str) -> str:
    """The folder that holds both."""
    while one and other != one and not other.startswith(f"{one}/"):
        one = one.rpartition("/")[0]
    return one


def nameable(root: str) -> bool:
    """Whether it can be written down: names that are not UTF-8 cannot be chosen."""
    return shown(root) == root and len(root) <= 1000
