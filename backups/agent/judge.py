"""
Which entries of an archive may be unpacked. Nothing here trusts the archive, nor the manifest further than as a limit.

Refused: absolute names, `..`, devices and pipes, links whose target lies outside, entries below or in place of a link,
hard links through links, and more files or bytes than promised (5 % over). A link to an absolute path is let be, since
applications make such links to places in their own image; but nothing is ever unpacked through a link.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from math import inf
from typing import Literal

from backups.agent.counting import Tally
from backups.agent.owners import ATTRIBUTE
from backups.agent.tarstream import Member, Taker
from backups.agent.tree import KEPT
from backups.errors import Refused
from backups.manifest import Manifest, shown

OVER = 1.05
XATTR = f"SCHILY.xattr.{ATTRIBUTE}"
MOST_STEPS = 40  # links after links, as the kernel counts them


@dataclass(frozen=True)
class Limits:
    """At most so many entries and bytes, and so many of these really in the archive. None: nobody promised anything."""

    files: int | None = None
    directories: int | None = None
    bytes: int | None = None
    stored: int | None = None

    @classmethod
    def of(cls, manifest: Manifest | None) -> Limits:
        if manifest is None:
            return cls()
        return cls(int(manifest.files * OVER), int(manifest.directories * OVER), int(manifest.bytes * OVER))


@dataclass(frozen=True)
class RootSeen:
    uid: int
    gid: int
    mode: int
    changed: float


class Judge:
    """`admit` each entry in its order, then `finish`. `tally` counts what was admitted; `root` is the entry `./`."""

    def __init__(self, limits: Limits, leaving: Literal["refuse", "keep"] = "refuse") -> None:
        self.leaving = leaving
        self.tally = Tally()
        self.links: dict[str, str] = {}
        self.directories: set[str] = {""}
        self.implied: set[str] = set()  # of these: no entry of their own so far
        self.most_files = inf if limits.files is None else limits.files
        self.most_directories = inf if limits.directories is None else limits.directories
        self.most_bytes = inf if limits.bytes is None else limits.bytes
        self.most_stored = self.most_bytes if limits.stored is None else limits.stored
        self.path, self.kept, self.twice = "", False, False
        self.clear = ""  # a directory known not to lie below a link
        self.left_out = self.links_leaving = self.stored = 0
        self.root: RootSeen | None = None

    def admit(self, member: Member) -> Taker | None:
        """Raises Refused. Returns what wants the file's bytes: nothing, here. `path` is the entry's plain path."""
        self.path = path = inside(member.path)
        if not path:
            self._root(member)
            return None
        parent = path.rpartition("/")[0]
        usual = parent and parent == self.clear and member.kind == "file"  # one more file where one was just let in
        if not usual or path in self.links or path in self.directories:
            self._kind(member, path)
            self._way(member, path, parent)
            self.kept = path.partition("/")[0] in KEPT
        self.stored += member.stored
        if self.kept:
            self.left_out += 1
        else:
            self._count(member, path)
        tally = self.tally
        if tally.files > self.most_files or tally.bytes > self.most_bytes or self.stored > self.most_stored:
            self._too_much()
        return None

    def finish(self) -> None:
        """Judge what can be judged only now: where links lead through one another. Call it once."""
        self.tally.directories += len(self.implied)
        for path in self.links:
            if leads_outside(path, self.links):
                self._leaving(path)
        if not self.tally.files and not self.tally.directories:
            raise Refused("The archive is empty.", code="empty-archive")

    def _root(self, member: Member) -> None:
        if member.kind != "directory":
            raise Refused("The archive would replace its own root.", code="through-link", path=".")
        self.root = RootSeen(*owner_of(member), member.mode, member.changed)

    def _kind(self, member: Member, path: str) -> None:
        if member.kind not in ("file", "directory", "symlink", "hardlink"):
            raise Refused(f"{shown(path)} is a {member.kind}.", code="device", path=shown(path), kind=member.kind)

    def _way(self, member: Member, path: str, parent: str) -> None:
        """The way to the entry, and to what a hard link names, must pass through directories only."""
        if parent != self.clear:
            self._no_link_above(path)
            self._directories(parent)
            self.clear = parent
        if path in self.links:
            raise Refused(f"{shown(path)} would take the place of a link.", code="through-link", path=shown(path))
        if member.kind == "directory":
            self.twice = path in self.directories and path not in self.implied
            self.implied.discard(path)
            self.directories.add(path)
        elif path in self.directories:
            raise Refused(f"{shown(path)} would take the place of a directory.", code="through-link", path=shown(path))
        if member.kind == "symlink":
            self._symlink(member.link, path, parent)
        elif member.kind == "hardlink":
            self._hardlink(member.link, path)

    def _no_link_above(self, path: str) -> None:
        at = path.find("/")
        while at != -1:
            if path[:at] in self.links:
                raise Refused(f"{shown(path)} would be unpacked through a link.", code="through-link", path=shown(path))
            at = path.find("/", at + 1)

    def _directories(self, parent: str) -> None:
        while parent and parent not in self.directories:
            self.directories.add(parent)
            if parent.partition("/")[0] not in KEPT:
                self.implied.add(parent)
            parent = parent.rpartition("/")[0]
        self._most_directories()

    def _most_directories(self) -> None:
        if self.tally.directories + len(self.implied) > self.most_directories:
            words = "The archive holds more directories than promised."
            raise Refused(words, code="too-many-files", at_most=self.most_directories)

    def _symlink(self, target: str, path: str, parent: str) -> None:
        if not target:
            raise Refused(f"The link {shown(path)} leads nowhere.", code="bad-archive", path=shown(path))
        self.links[path] = target
        self.clear = "\0"
        if not target.startswith("/") and not stays(parent, target):
            self._leaving(path)

    def _leaving(self, path: str) -> None:
        self.links_leaving += 1
        if self.leaving == "refuse":
            words = f"The link {shown(path)} leads out of the archive, to {shown(self.links[path])}."
            raise Refused(words, code="link-leaves", path=shown(path), target=shown(self.links[path]))

    def _hardlink(self, target: str, path: str) -> None:
        try:
            found = inside(target)
        except Refused:
            words = f"The hard link {shown(path)} leads out of the archive, to {shown(target)}."
            raise Refused(words, code="link-leaves", path=shown(path), target=shown(target)) from None
        if not found or found.partition("/")[0] in KEPT:
            raise Refused(f"{shown(path)} is linked to what is left out.", code="link-leaves", path=shown(path))
        self._no_link_above(found)
        if found in self.links:  # a second name of a link is a link
            self._symlink(self.links[found], path, path.rpartition("/")[0])

    def _count(self, member: Member, path: str) -> None:
        if member.kind == "directory":
            if not self.twice:
                self.tally.directory(owner_of(member))
                self._most_directories()
        else:
            regular = member.kind == "file"
            self.tally.file(path, member.size if regular else 0, owner_of(member), member.changed if regular else None)

    def _too_much(self) -> None:
        if self.tally.files > self.most_files:
            raise Refused("The archive holds more files than promised.", code="too-many-files", at_most=self.most_files)
        at_most = min(self.most_bytes, self.most_stored)
        raise Refused("The archive holds more bytes than promised.", code="too-many-bytes", at_most=at_most)


class Stranger(Judge):
    """
    Of an archive that is not ours, to which files may have been added later: an entry that comes again takes the place
    of the one before. `repeated`, after `finish`, is how many do.
    """

    def __init__(self, limits: Limits, leaving: Literal["refuse", "keep"] = "refuse") -> None:
        super().__init__(limits, leaving)
        self.names = array("q")
        self.repeated = 0

    def admit(self, member: Member) -> Taker | None:
        taker = super().admit(member)
        if member.kind != "directory" and not self.kept:
            self.names.append(hash(self.path))
        return taker

    def finish(self) -> None:
        super().finish()
        self.repeated = len(self.names) - len(set(self.names))


def owner_of(member: Member) -> tuple[int, int]:
    """The owner kept beside the file where there is one, else the header's."""
    if (kept := member.attributes.get(XATTR)) is not None:
        uid, _, gid = kept.partition(b":")
        if uid.isdigit() and gid.isdigit() and len(uid) < 11 and len(gid) < 11:
            return int(uid), int(gid)
    return member.uid, member.gid


def inside(name: str) -> str:
    """A relative path, made plain; "" is the root. Raises Refused."""
    if name.startswith("/"):
        raise Refused(f"{shown(name)} is an absolute name.", code="absolute-path", path=shown(name))
    if name.startswith("./") and "//" not in name and "/." not in name[1:]:
        return name[2:].rstrip("/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused(f"{shown(name)} goes up by `..`.", code="parent-path", path=shown(name))
    return "/".join(parts)


def stays(parent: str, target: str) -> bool:
    """Whether a relative link target stays inside, taken by its letters."""
    depth = len(parent.split("/")) if parent else 0
    for part in target.split("/"):
        if part == "..":
            depth -= 1
            if depth < 0:
                return False
        elif part not in ("", "."):
            depth += 1
    return True


def leads_outside(path: str, links: dict[str, str]) -> bool:
    """Follow a link through the other links, as the kernel would. An absolute target ends it: that is not ours."""
    here: list[str] = path.split("/")[:-1]
    todo: list[str] = list(reversed(links[path].split("/")))
    steps = 0
    while todo:
        part = todo.pop()
        if part == ".." and not here:
            return True
        if part == "..":
            here.pop()
        elif part not in ("", "."):
            here.append(part)
            target = links.get("/".join(here))
            if target is not None:
                steps += 1
                if steps > MOST_STEPS:
                    return False
                if target.startswith("/"):
                    return False
                here.pop()
                todo.extend(reversed(target.split("/")))
    return False
